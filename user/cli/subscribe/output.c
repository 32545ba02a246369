// SPDX-License-Identifier: BSD-2-Clause
/*
 * output.c - opens the file or the duplicate of standard output to which streams are printed.
 */
#include "cli/subscribe/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/say.h"

/* Open @path. Return: the descriptor; -1 with errno, which is EEXIST if the file is not empty. */
static int open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return fd;
	close(fd);
	errno = EEXIST;
	return -1;
}

/*
 * For standard output, use a duplicate of the descriptor: main() checks stdout at the end, and
 * would otherwise report a closed pipe a second time.
 */
FILE *wf_output_open(const char *path)
{
	bool is_stdout = !strcmp(path, "-");
	int fd = is_stdout ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) : open_file(path);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (out)
		return out;
	if (errno == EEXIST)
		wf_say_error(
			"subscribe: %s is not empty, and is not overwritten; give another name",
			path);
	else
		wf_say_error("subscribe: %s can't be written: %m",
			     is_stdout ? "standard output" : path);
	if (fd >= 0)
		close(fd);
	return NULL;
}
