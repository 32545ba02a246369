// SPDX-License-Identifier: BSD-2-Clause
/*
 * main.c - finds the subcommand and runs it.
 */
#include <string.h>

#include "agent/suggest.h"
#include "cli/cmd.h"
#include "cli/say.h"

const struct wf_cmd *const wf_cmds[] = {
	&wf_cmd_run,  &wf_cmd_replay, &wf_cmd_demo,   &wf_cmd_doctor, &wf_cmd_stats, &wf_cmd_flows,
	&wf_cmd_flow, &wf_cmd_filter, &wf_cmd_config, &wf_cmd_help,   NULL,
};

const struct wf_cmd *wf_cmd_find(const char *name)
{
	struct wf_suggest suggest;
	char hint[96];

	wf_suggest_init(&suggest, name);
	for (int i = 0; wf_cmds[i]; i++) {
		if (!strcmp(wf_cmds[i]->name, name))
			return wf_cmds[i];
		wf_suggest_offer(&suggest, wf_cmds[i]->name);
	}
	wf_say_error("unknown command '%s'%s (see 'weft help')", name,
		     wf_suggest_text(&suggest, hint, sizeof(hint)));
	return NULL;
}

static int run(const struct wf_cmd *cmd, int argc, char **argv)
{
	struct wf_options options;
	int status = WF_EXIT_USAGE;
	int err;

	err = wf_options_parse(cmd->use, cmd->name, argc, argv, &options);
	if (!err && options.help) {
		wf_cmd_help_print(cmd, stdout);
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
		wf_cmd_help_print(NULL, stderr);
		return WF_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("weft %s\n", weft_version());
		return WF_EXIT_DONE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		wf_cmd_help_print(NULL, stdout);
		return WF_EXIT_DONE;
	}
	cmd = wf_cmd_find(argv[1]);
	if (!cmd)
		return WF_EXIT_USAGE;

	status = run(cmd, argc - 1, argv + 1);
	/* A full disk behind standard output shows only here. */
	if (fflush(stdout) || ferror(stdout)) {
		wf_say_error("standard output: %m");
		return status ? status : WF_EXIT_FAILED;
	}
	return status;
}
