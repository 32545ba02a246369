// SPDX-License-Identifier: BSD-2-Clause
/*
 * edit.c - writes a value to a temporary file, and runs an editor on the file.
 */
#include "cli/ask/edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/say.h"

/* The shell ends with this or a higher status if it cannot run the editor. */
enum { CAN_NOT_RUN = 126 };

static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

/* Write @value to @fd and close it. Return: 0; negative errno. */
static int write_value(const json_t *value, int fd)
{
	FILE *out = fdopen(fd, "w");
	bool is_written;

	if (!out) {
		int err = -errno;

		close(fd);
		return err;
	}
	is_written = !json_dumpf(value, out, JSON_INDENT(2)) && fputc('\n', out) != EOF;
	return fclose(out) || !is_written ? -EIO : 0;
}

/*
 * Write @value to a new file. @path: a template of mkstemp(3), replaced by the name of the file.
 * Return: 0; negative errno, and then the file does not exist.
 */
static int write_file(const json_t *value, char *path)
{
	int fd = mkstemp(path);
	int err;

	if (fd < 0)
		return -errno;
	err = write_value(value, fd);
	if (err)
		remove(path);
	return err;
}

/* Run the editor, which may be a command with arguments, on @path. Return: 0; -EIO. */
static int run_editor(const char *path)
{
	const char *editor = variable("VISUAL", variable("EDITOR", "vi"));
	char script[512];
	int status = -1;
	pid_t child;

	snprintf(script, sizeof(script), "%s \"$1\"", editor);
	child = fork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", script, "sh", path, (char *)NULL);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (child > 0 && WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) < CAN_NOT_RUN)
		wf_say_error("policy: the editor '%s' ended with status %d: the edit was given up, "
			     "nothing was changed",
			     editor, WEXITSTATUS(status));
	else
		wf_say_error("policy: the editor '%s' failed, nothing was changed; set EDITOR to "
			     "another one",
			     editor);
	return -EIO;
}

int wf_edit(const json_t *value, char ret_path[WF_EDIT_PATH_BYTES], bool *ret_is_changed)
{
	json_t *edited;
	int err;

	snprintf(ret_path, WF_EDIT_PATH_BYTES, "%.200s/weft-policy-XXXXXX",
		 variable("TMPDIR", "/tmp"));
	err = write_file(value, ret_path);
	if (err) {
		wf_say_error("policy: %s: %s", ret_path, strerror(-err));
		return err;
	}
	err = run_editor(ret_path);
	if (err) {
		remove(ret_path);
		return err;
	}
	/*
	 * A text that is no longer JSON counts as a change; the caller reports the error when it
	 * reads the file.
	 */
	edited = json_load_file(ret_path, JSON_REJECT_DUPLICATES, NULL);
	*ret_is_changed = !json_equal(edited, value);
	json_decref(edited);
	return 0;
}
