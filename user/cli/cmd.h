/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd.h - the description of a command.
 *
 * A command is one file cmd_NAME.c, which registers it with WF_CMD(), and its manual page.
 */
#ifndef WF_CLI_CMD_H
#define WF_CLI_CMD_H

#include "cli/options.h"

/** Exit statuses of weft: a stable contract. */
enum wf_exit {
	WF_EXIT_DONE = 0,
	WF_EXIT_FAILED = 1, /* run-time failure: disk full, no memory, no answer from the agent */
	WF_EXIT_USAGE = 2,  /* wrong usage or configuration */
	/* file missing, damaged or of unknown format; interface or agent missing */
	WF_EXIT_INPUT = 3,
	WF_EXIT_NOT_ALLOWED = 4, /* not permitted, or not supported here */
};

/**
 * struct wf_cmd - a command
 * @position: rank in the list of commands, ascending
 * @groups: WF_OPTIONS_ bits of the options shared with other commands
 * @own: options of this command only, ended by a NULL name; NULL: no such options
 * @usage: the arguments after "weft NAME"
 * @summary: one line for the list of commands
 * @details: paragraphs and examples, printed after the options
 * @run: returns an enum wf_exit
 */
struct wf_cmd {
	const char *name;
	int position;
	unsigned groups;
	const struct wf_option *own;
	const char *usage;
	const char *summary;
	const char *details;
	int (*run)(struct wf_options *options);
};

/* Define a command and register it: the linker collects the pointers in one section. */
#define WF_CMD(cmd_name)                                                             \
	static const struct wf_cmd cmd_##cmd_name;                                   \
	static const struct wf_cmd *const cmd_##cmd_name##_entry                     \
		__attribute__((used, retain, section("wf_cmds"))) = &cmd_##cmd_name; \
	static const struct wf_cmd cmd_##cmd_name

/*
 * Return the command called @name. If there is none, report this on stderr, with a similar name if
 * there is one, and return NULL.
 */
const struct wf_cmd *wf_cmd_find(const char *name);

/*
 * Return the command after @last in the list of commands, or the first one if @last is NULL; NULL
 * after the last one.
 */
const struct wf_cmd *wf_cmd_next(const struct wf_cmd *last);

/* Return the set of all options of @cmd. */
struct wf_option_set wf_cmd_options(const struct wf_cmd *cmd);

/* Print the help of @cmd, or of weft as a whole if @cmd is NULL. */
void wf_cmd_print_help(const struct wf_cmd *cmd, FILE *out);

#endif
