// SPDX-License-Identifier: BSD-2-Clause
/*
 * ask.c - sends the request of a command to a running agent.
 */
#include "cli/ask.h"

#include <errno.h>

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

int wf_ask(const struct wf_options *options, const json_t *request, json_t **ret_answer)
{
	const char *command = json_string_value(json_object_get(request, "command"));
	struct wf_control_error error;
	int err;

	if (!command) {
		wf_say_error("request: out of memory");
		return WF_EXIT_FAILED;
	}
	err = wf_control_send(options->config.control_dir, options->ifname, request, ret_answer,
			      &error);
	if (!err)
		return WF_EXIT_DONE;
	wf_say_error("%s: %s", command, error.text);
	return status_of(err);
}
