/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - one table of options for all subcommands, and what was given of them.
 *
 * Most options are another spelling of a configuration key, so that their checks
 * and messages are those of agent/config.h.
 */
#ifndef WF_CLI_OPTIONS_H
#define WF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "agent/config.h"

/** Which subcommands take an option. */
enum wf_option_use {
	WF_USE_RUN = 1u << 0,
	WF_USE_REPLAY = 1u << 1,
	WF_USE_DEMO = 1u << 2,
	WF_USE_DOCTOR = 1u << 3,
	WF_USE_STATS = 1u << 4,
	WF_USE_CONFIG = 1u << 5,
	WF_USE_HELP = 1u << 6,
	WF_USE_FLOWS = 1u << 7,
	WF_USE_FLOW = 1u << 8,
	WF_USE_FILTER = 1u << 9,
};

/** struct wf_options - a parsed command line */
struct wf_options {
	struct wf_config config; /* owned */
	const char *ifname;	 /* -i of commands that look at one interface; NULL: not given */
	const char *sort;	 /* of lists; NULL: not given, as the next ones */
	const char *count;
	const char *from;
	const char *format;
	bool follow;
	bool explain;
	bool remove_stale;
	bool json;
	bool quiet;
	bool verbose;
	bool help;
	int args_count;
	char **args; /* what is no option, in order; lent by main()'s argv */
};

/**
 * wf_options_parse() - read the options of one subcommand
 * @use:  which
 * @name: "run", for messages
 * @argv: argv[0] is the subcommand; reordered
 *
 * Order: defaults, --config, then all others as they come. Return: 0; -EINVAL, told on
 * stderr; -ENOMEM. @ret_options needs wf_options_fini() in every case.
 */
int wf_options_parse(enum wf_option_use use, const char *name, int argc, char **argv,
		     struct wf_options *ret_options);
void wf_options_fini(struct wf_options *options);

/* Writes one line for each option that @use takes. */
void wf_options_help(enum wf_option_use use, FILE *out);

/* The arguments from @first on, joined by spaces; owned by the caller. NULL: no memory. */
char *wf_options_join(const struct wf_options *options, int first);

#endif
