// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd.c - the commands that are built into the program, and their help.
 */
#include "cli/cmd.h"

#include <string.h>

#include "config/suggest.h"
#include "cli/say.h"

/*
 * Bounds of the section in which WF_CMD() registers commands. The linker defines both symbols; the
 * order of the commands in the section is not defined.
 */
extern const struct wf_cmd *const __start_wf_cmds[];
extern const struct wf_cmd *const __stop_wf_cmds[];

/* Return true if @a is listed before @b: commands are ordered by position, then by name. */
static bool is_before(const struct wf_cmd *a, const struct wf_cmd *b)
{
	return a->position != b->position ? a->position < b->position
					  : strcmp(a->name, b->name) < 0;
}

const struct wf_cmd *wf_cmd_next(const struct wf_cmd *last)
{
	const struct wf_cmd *next = NULL;

	for (const struct wf_cmd *const *cmd = __start_wf_cmds; cmd < __stop_wf_cmds; cmd++)
		if ((!last || is_before(last, *cmd)) && (!next || is_before(*cmd, next)))
			next = *cmd;
	return next;
}

const struct wf_cmd *wf_cmd_find(const char *name)
{
	struct wf_suggest suggest;
	char hint[96];

	wf_suggest_init(&suggest, name);
	for (const struct wf_cmd *cmd = wf_cmd_next(NULL); cmd; cmd = wf_cmd_next(cmd)) {
		if (!strcmp(cmd->name, name))
			return cmd;
		wf_suggest_offer(&suggest, cmd->name);
	}
	wf_say_error("unknown command '%s'%s; see 'weft help'", name,
		     wf_suggest_text(&suggest, hint, sizeof(hint)));
	return NULL;
}

struct wf_option_set wf_cmd_options(const struct wf_cmd *cmd)
{
	return (struct wf_option_set){.command = cmd->name, .groups = cmd->groups, .own = cmd->own};
}

static void print_overview(FILE *out)
{
	fputs("usage: weft COMMAND [options] ...\n"
	      "\n"
	      "weft takes TCP segments from network interfaces or capture files and rebuilds\n"
	      "the byte streams of every connection.\n"
	      "\n"
	      "commands:\n",
	      out);
	for (const struct wf_cmd *cmd = wf_cmd_next(NULL); cmd; cmd = wf_cmd_next(cmd))
		fprintf(out, "  %-9s %s\n", cmd->name, cmd->summary);
	fputs("\n"
	      "'weft COMMAND --help' describes a command; 'weft --version' prints the version.\n"
	      "exit status: 0 done, 1 failed while running, 2 wrong usage or configuration,\n"
	      "3 input unusable, 4 not permitted or not supported here.\n",
	      out);
}

void wf_cmd_print_help(const struct wf_cmd *cmd, FILE *out)
{
	struct wf_option_set options;

	if (!cmd) {
		print_overview(out);
		return;
	}
	options = wf_cmd_options(cmd);
	fprintf(out, "usage: weft %s %s\n\n%s\n\noptions:\n", cmd->name, cmd->usage, cmd->summary);
	wf_options_help(&options, out);
	if (*cmd->details)
		fprintf(out, "\n%s", cmd->details);
}
