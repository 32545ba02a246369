/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd.h - what a subcommand is: one row of the table in main.c, one cmd_<name>.c.
 */
#ifndef WF_CLI_CMD_H
#define WF_CLI_CMD_H

#include "cli/options.h"

/** Exit statuses of weft; a contract. */
enum wf_exit {
	WF_EXIT_DONE = 0,
	WF_EXIT_FAILED = 1, /* while running: no space, memory, an agent that does not answer */
	WF_EXIT_USAGE = 2,  /* wrong usage or configuration */
	WF_EXIT_INPUT = 3,  /* missing, damaged or unknown file, no such interface or agent */
	WF_EXIT_NOT_ALLOWED = 4, /* not permitted, or not supported here */
};

/**
 * struct wf_cmd - a subcommand
 * @use:     bit of its own in wf_option.uses
 * @usage:   what follows "weft NAME"
 * @summary: one line, for the list of commands
 * @details: paragraphs after the options; examples
 * @run:     returns an enum wf_exit
 */
struct wf_cmd {
	const char *name;
	unsigned use;
	const char *usage;
	const char *summary;
	const char *details;
	int (*run)(struct wf_options *options);
};

extern const struct wf_cmd wf_cmd_run;
extern const struct wf_cmd wf_cmd_replay;
extern const struct wf_cmd wf_cmd_demo;
extern const struct wf_cmd wf_cmd_doctor;
extern const struct wf_cmd wf_cmd_stats;
extern const struct wf_cmd wf_cmd_flows;
extern const struct wf_cmd wf_cmd_flow;
extern const struct wf_cmd wf_cmd_filter;
extern const struct wf_cmd wf_cmd_config;
extern const struct wf_cmd wf_cmd_help;

/* All subcommands, ended by NULL. */
extern const struct wf_cmd *const wf_cmds[];

/* NULL: there is none; told on stderr, with a likely one. */
const struct wf_cmd *wf_cmd_find(const char *name);

/* What an error of agent/control.h's client means as an exit status. */
int wf_cmd_status_of_control(int err);

/* Writes the help of @cmd, or of weft as a whole if it is NULL. */
void wf_cmd_help_print(const struct wf_cmd *cmd, FILE *out);

#endif
