/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the options of all commands: one parser, and the values that were given.
 *
 * An option comes from one of three tables: weft/options.def for those that set a configuration
 * key, options.c for those of several commands, and the command itself.
 */
#ifndef WF_CLI_OPTIONS_H
#define WF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "config/config_table.h"

/** Groups of options that a command has; every command has --help. */
enum wf_option_group {
	WF_OPTIONS_SETTINGS = 1u << 0,	   /* the options of configuration keys */
	WF_OPTIONS_RUN_SETTINGS = 1u << 1, /* those of live capture only */
	WF_OPTIONS_CONFIG = 1u << 2,	   /* --config and --set */
	WF_OPTIONS_INTERFACE = 1u << 3,	   /* -i, which names one interface */
	WF_OPTIONS_EXPLAIN = 1u << 4,
	WF_OPTIONS_JSON = 1u << 5,
	WF_OPTIONS_MESSAGES = 1u << 6, /* --quiet and --verbose */
};

/** struct wf_option - an option of one command */
struct wf_option {
	const char *name;
	char letter;	      /* 0: no short form */
	const char *argument; /* NULL: none */
	const char *help;
};

enum { WF_OPTIONS_OWN_MAX = 8 };

/** struct wf_option_set - all options of a command; @own ends with a name that is NULL */
struct wf_option_set {
	const char *command; /* for messages */
	unsigned groups;
	const struct wf_option *own; /* NULL: none */
};

/** struct wf_options - a parsed command line */
struct wf_options {
	struct wf_config config; /* owned */
	const char *ifname;	 /* NULL: not given */
	/* Values of the command's own options by index: the argument, or "" if it has none. */
	const char *own[WF_OPTIONS_OWN_MAX]; /* NULL: not given */
	bool explain;
	bool remove_stale;
	bool json;
	bool quiet;
	bool verbose;
	bool help;
	int args_count;
	char **args; /* the arguments that are not options, in order; borrowed from main() */
};

/**
 * wf_options_parse() - read the options of a command
 * @argv: argv[0] is the name of the command; reordered
 *
 * Order: defaults, --config, then all other options in the order of the command line. Return: 0;
 * -EINVAL and errors of the file of --config, reported on stderr; -ENOMEM. @ret_options needs
 * wf_options_fini() in every case.
 */
int wf_options_parse(const struct wf_option_set *set, int argc, char **argv,
		     struct wf_options *ret_options);
void wf_options_fini(struct wf_options *options);

/* Writes the help of each option of @set. */
void wf_options_help(const struct wf_option_set *set, FILE *out);

/* The arguments from @first on, joined by spaces; owned by the caller. NULL: no memory. */
char *wf_options_join(const struct wf_options *options, int first);

#endif
