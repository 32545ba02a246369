// SPDX-License-Identifier: BSD-2-Clause
/*
 * ask.c - sends the request of a command to a running agent.
 */
#include "cli/ask/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/control/control.h"
#include "cli/say.h"

static int status_of(int err)
{
	switch (err) {
	case -ENOENT:
		return WF_EXIT_INPUT;
	case -ENOTUNIQ:
	case -EINVAL:
		return WF_EXIT_USAGE;
	case -EACCES:
	case -EPERM:
		return WF_EXIT_NOT_ALLOWED;
	default:
		return WF_EXIT_FAILED;
	}
}

int wf_ask_quietly(const struct wf_options *options, const json_t *request, int stop_fd,
		   json_t **ret_answer, struct wf_control_error *ret_error)
{
	int err;

	if (!json_object_get(request, "command")) {
		ret_error->err = -ENOMEM;
		snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
		return WF_EXIT_FAILED;
	}
	err = wf_control_send(options->config.control_dir, options->ifname, request, stop_fd,
			      ret_answer, ret_error);
	ret_error->err = err;
	return err ? status_of(err) : WF_EXIT_DONE;
}

/* Return @text without the name of the command, if it begins with that. */
static const char *skip_command(const struct wf_options *options, const char *text)
{
	size_t length = strlen(options->command);

	return strncmp(text, options->command, length) || strncmp(text + length, ": ", 2)
		       ? text
		       : text + length + 2;
}

int wf_ask(const struct wf_options *options, const json_t *request, json_t **ret_answer)
{
	return wf_ask_about(options, request, NULL, ret_answer);
}

int wf_ask_about(const struct wf_options *options, const json_t *request, const char *what,
		 json_t **ret_answer)
{
	struct wf_control_error error;
	int status = wf_ask_quietly(options, request, -1, ret_answer, &error);
	bool names_it = what && error.err == -EINVAL;

	if (status)
		wf_say_error("%s: %s%s%s", options->command, names_it ? what : "",
			     names_it ? ": " : "", skip_command(options, error.text));
	return status;
}

int wf_ask_find(const struct wf_options *options, char *ret_path)
{
	struct wf_control_error error;
	int err = wf_control_find(options->config.control_dir, options->ifname, ret_path, &error);

	if (!err)
		return WF_EXIT_DONE;
	wf_say_error("%s: %s", options->command, error.text);
	return status_of(err);
}

void wf_ask_print(const json_t *value, size_t flags)
{
	json_dumpf(value, stdout, flags | JSON_ENCODE_ANY);
	putchar('\n');
}
