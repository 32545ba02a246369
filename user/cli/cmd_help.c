// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_help.c - weft help: prints the list of commands, or the help of one.
 */
#include "cli/cmd.h"
#include "cli/say.h"

static int run_help(struct wf_options *options)
{
	const struct wf_cmd *cmd = NULL;

	if (options->args_count > 1) {
		wf_say_error("help: expected one command, found %d", options->args_count);
		return WF_EXIT_USAGE;
	}
	if (options->args_count == 1) {
		cmd = wf_cmd_find(options->args[0]);
		if (!cmd)
			return WF_EXIT_USAGE;
	}
	wf_cmd_print_help(cmd, stdout);
	return WF_EXIT_DONE;
}

WF_CMD(help) = {
	.name = "help",
	.position = 100,
	.usage = "[COMMAND]",
	.summary = "print the list of commands, or the help of one command",
	.details = "",
	.run = run_help,
};
