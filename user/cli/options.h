/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the options of all commands: the parser and the parsed values.
 *
 * An option comes from one of three tables: weft/options.def (options that set a configuration
 * key), options.c (options shared by several commands), or the command's own table.
 */
#ifndef WF_CLI_OPTIONS_H
#define WF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "config/config_table.h"

/** Groups of options that a command may have; every command has --help. */
enum wf_option_group {
	WF_OPTIONS_SETTINGS = 1u << 0,	   /* options that set configuration keys */
	WF_OPTIONS_RUN_SETTINGS = 1u << 1, /* configuration options that only live capture has */
	WF_OPTIONS_CONFIG = 1u << 2,	   /* --config and --set */
	WF_OPTIONS_INTERFACE = 1u << 3,	   /* -i, which names one interface */
	WF_OPTIONS_EXPLAIN = 1u << 4,
	WF_OPTIONS_JSON = 1u << 5,
	WF_OPTIONS_MESSAGES = 1u << 6, /* --quiet and --verbose */
	WF_OPTIONS_AGENT = 1u << 7,    /* --config and --set, of which only control.dir is used */
};

/** struct wf_option - an option of one command */
struct wf_option {
	const char *name;
	char letter;	      /* 0: no short form */
	const char *argument; /* name of the argument in help texts; NULL: no argument */
	const char *help;
};

enum { WF_OPTIONS_OWN_MAX = 20, WF_OPTIONS_GIVEN_MAX = 256 };

/** struct wf_option_set - all options of a command; @own ends with a name that is NULL */
struct wf_option_set {
	const char *command; /* name of the command in messages */
	unsigned groups;
	const struct wf_option *own; /* NULL: no own options */
};

/** struct wf_given - an option that sets a configuration key; all pointers are borrowed */
struct wf_given {
	const char *flag;		 /* name of the option, without "--" */
	const struct wf_config_key *key; /* NULL: @text is "KEY=VALUE" */
	const char *text;
};

/** struct wf_options - a parsed command line */
struct wf_options {
	const char *command;	 /* name of the command in messages; borrowed */
	struct wf_config config; /* owned */
	const char *ifname;	 /* NULL: not given */
	/*
	 * Values of the command's own options by index: the argument; "" for an option without
	 * argument; NULL if the option was not given.
	 */
	const char *own[WF_OPTIONS_OWN_MAX];
	bool explain;
	bool json;
	bool quiet;
	bool verbose;
	bool help;
	const char *config_path; /* argument of --config; NULL: not given */
	struct wf_given given[WF_OPTIONS_GIVEN_MAX];
	int given_count;
	int args_count;
	char **args; /* arguments that are not options, in order; borrowed from main() */
};

/**
 * wf_options_parse() - parse the command line of a command
 * @argv: argv[0] is the name of the command; the arguments are reordered
 *
 * This function applies values in this order: defaults, --config, then the other options as given.
 *
 * Return: 0 on success; -EINVAL or an error of the --config file, reported on stderr; -ENOMEM. The
 * caller must call wf_options_fini() on @ret_options in every case.
 */
int wf_options_parse(const struct wf_option_set *set, int argc, char **argv,
		     struct wf_options *ret_options);
void wf_options_fini(struct wf_options *options);

/*
 * Set the values of --config and of the other options in @config, as wf_options_parse() did; the
 * file is read again. Return: 0; -EINVAL or an error of the file, with the reason in @ret_error;
 * -ENOMEM.
 */
int wf_options_load(const struct wf_options *options, struct wf_config *config,
		    struct wf_config_error *ret_error);

/* Print the help of each option of @set. */
void wf_options_help(const struct wf_option_set *set, FILE *out);

/*
 * Return the arguments from index @first on, joined by spaces and owned by the caller; NULL if
 * there is no memory.
 */
char *wf_options_join(const struct wf_options *options, int first);

#endif
