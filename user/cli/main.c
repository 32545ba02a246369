// SPDX-License-Identifier: BSD-2-Clause
/*
 * main.c - finds the command and runs it.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/say.h"

static int run(const struct wf_cmd *cmd, int argc, char **argv)
{
	struct wf_option_set set = wf_cmd_options(cmd);
	struct wf_options options;
	int status = WF_EXIT_USAGE;
	int err;

	err = wf_options_parse(&set, argc, argv, &options);
	if (!err && options.help) {
		wf_cmd_print_help(cmd, stdout);
		status = WF_EXIT_DONE;
	} else if (!err) {
		wf_say_init(options.quiet, options.verbose);
		status = cmd->run(&options);
	}
	wf_options_fini(&options);
	return status;
}

int main(int argc, char **argv)
{
	const struct wf_cmd *cmd;
	int status;

	wf_say_init(false, false);
	if (argc < 2) {
		wf_cmd_print_help(NULL, stderr);
		return WF_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		argv[1] = "version";
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		wf_cmd_print_help(NULL, stdout);
		return WF_EXIT_DONE;
	}
	cmd = wf_cmd_find(argv[1]);
	if (!cmd)
		return WF_EXIT_USAGE;

	status = run(cmd, argc - 1, argv + 1);
	/* Errors of buffered writes, such as a full disk, are reported only now. */
	if (fflush(stdout) || ferror(stdout)) {
		wf_say_error("can't write to standard output: %m");
		return status ? status : WF_EXIT_FAILED;
	}
	return status;
}
