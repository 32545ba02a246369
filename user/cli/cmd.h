/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd.h - what a command is.
 *
 * A command is one file cmd_NAME.c, which registers it with WF_CMD(), and its manual page.
 */
#ifndef WF_CLI_CMD_H
#define WF_CLI_CMD_H

#include "cli/options.h"

/** Exit statuses of weft; a contract. */
enum wf_exit {
	WF_EXIT_DONE = 0,
	WF_EXIT_FAILED = 1, /* while running: no space, no memory, an agent that does not answer */
	WF_EXIT_USAGE = 2,  /* wrong usage or configuration */
	WF_EXIT_INPUT = 3,  /* missing, damaged or unknown file, no such interface or agent */
	WF_EXIT_NOT_ALLOWED = 4, /* not permitted, or not supported here */
};

/**
 * struct wf_cmd - a command
 * @position: in the list of commands, ascending
 * @groups:   WF_OPTIONS_ bits of the options that it shares with other commands
 * @own:      its own options, ended by a name that is NULL; NULL: none
 * @usage:    the arguments after "weft NAME"
 * @summary:  one line, for the list of commands
 * @details:  paragraphs after the options; examples
 * @run:      returns an enum wf_exit
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

/* Defines a command and registers it: the linker gathers the pointers in one section. */
#define WF_CMD(cmd_name)                                                             \
	static const struct wf_cmd cmd_##cmd_name;                                   \
	static const struct wf_cmd *const cmd_##cmd_name##_entry                     \
		__attribute__((used, retain, section("wf_cmds"))) = &cmd_##cmd_name; \
	static const struct wf_cmd cmd_##cmd_name

/* NULL: there is none; reported on stderr, with the most similar name. */
const struct wf_cmd *wf_cmd_find(const char *name);

/* The command after @last in the list of commands, the first after NULL. Return: NULL: no more. */
const struct wf_cmd *wf_cmd_next(const struct wf_cmd *last);

/* All options of @cmd. */
struct wf_option_set wf_cmd_options(const struct wf_cmd *cmd);

/* Writes the help of @cmd, or of weft as a whole if it is NULL. */
void wf_cmd_print_help(const struct wf_cmd *cmd, FILE *out);

#endif
