// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_help.c - help texts, all made from the tables of commands and options.
 */
#include "cli/cmd.h"
#include "cli/say.h"

static void print_overview(FILE *out)
{
	fputs("usage: weft COMMAND [options] ...\n"
	      "\n"
	      "weft takes TCP segments from network interfaces or capture files and rebuilds\n"
	      "the byte streams of every connection.\n"
	      "\n"
	      "commands:\n",
	      out);
	for (int i = 0; wf_cmds[i]; i++)
		fprintf(out, "  %-9s %s\n", wf_cmds[i]->name, wf_cmds[i]->summary);
	fputs("\n"
	      "'weft COMMAND --help' tells more; 'weft --version' the version.\n"
	      "exit status: 0 done, 1 failed while running, 2 wrong usage or configuration,\n"
	      "3 input unusable, 4 not permitted or not supported here.\n",
	      out);
}

void wf_cmd_help_print(const struct wf_cmd *cmd, FILE *out)
{
	if (!cmd) {
		print_overview(out);
		return;
	}
	fprintf(out, "usage: weft %s %s\n\n%s\n\noptions:\n", cmd->name, cmd->usage, cmd->summary);
	wf_options_help(cmd->use, out);
	if (*cmd->details)
		fprintf(out, "\n%s", cmd->details);
}

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
	wf_cmd_help_print(cmd, stdout);
	return WF_EXIT_DONE;
}

const struct wf_cmd wf_cmd_help = {
	.name = "help",
	.use = WF_USE_HELP,
	.usage = "[COMMAND]",
	.summary = "this list, or the help of one command",
	.details = "",
	.run = run_help,
};
