// SPDX-License-Identifier: BSD-2-Clause
/*
 * options.c - parses a command line with getopt_long(), from a table of all options of a command.
 *
 * All options are parsed before any of them changes the configuration, because --config is applied
 * first, wherever it is given.
 */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/config_check.h"
#include "config/config_print.h"
#include "config/config_yaml.h"
#include "config/suggest.h"
#include "config/wrap.h"
#include "cli/say.h"

/* The effect of an option. */
enum action {
	SET_KEY = 0, /* sets the key of the row */
	SET_PAIR,    /* sets the key in the argument, "KEY=VALUE" */
	LOAD_CONFIG,
	NAME_INTERFACE,
	SET_OWN,
	EXPLAIN,
	JSON,
	QUIET,
	VERBOSE,
	HELP,
};

struct shared_option {
	unsigned group; /* enum wf_option_group bit; 0: every command has the option */
	enum action action;
	struct wf_option option;
};

/*
 * Options shared by several commands. In help texts, the rows before SHARED_LATER are printed
 * before the other options of the command, the rows from SHARED_LATER on after them.
 */
static const struct shared_option shared[] = {
	{WF_OPTIONS_INTERFACE,
	 NAME_INTERFACE,
	 {"interface", 'i', "IFACE", "interface to check, or interface of the agent"}},
	{WF_OPTIONS_EXPLAIN,
	 EXPLAIN,
	 {"explain-filter", 0, NULL,
	  "only show where each part of the filter is checked: in the kernel or in user space"}},
	{WF_OPTIONS_CONFIG,
	 LOAD_CONFIG,
	 {"config", 0, "FILE", "read this configuration file; other options override its values"}},
	{WF_OPTIONS_CONFIG,
	 SET_PAIR,
	 {"set", 0, "KEY=VALUE",
	  "set a configuration key (see weft.conf(5)); separate list entries by commas"}},
	{WF_OPTIONS_AGENT,
	 LOAD_CONFIG,
	 {"config", 0, "FILE", "find the agent by the control.dir in this configuration file"}},
	{WF_OPTIONS_AGENT,
	 SET_PAIR,
	 {"set", 0, "KEY=VALUE", "set control.dir, to find the agent; another key is an error"}},
	{WF_OPTIONS_JSON, JSON, {"json", 0, NULL, "print the result as JSON"}},
	{WF_OPTIONS_MESSAGES,
	 QUIET,
	 {"quiet", 'q', NULL, "print only warnings and errors, without progress and summary"}},
	{WF_OPTIONS_MESSAGES,
	 VERBOSE,
	 {"verbose", 'v', NULL,
	  "also print details for debugging, such as the verifier's log of a rejected program"}},
	{0, HELP, {"help", 'h', NULL, "print this help"}},
};

enum {
	SHARED_LATER = 1,
	SHARED_COUNT = sizeof(shared) / sizeof(shared[0]),
	ROWS_MAX = WF_CONFIG_KEYS + WF_OPTIONS_OWN_MAX + SHARED_COUNT,
};

/* One option of the command, from any of the tables. */
struct row {
	struct wf_option option;
	enum action action;
	const struct wf_config_key *key; /* SET_KEY: the key to set */
	size_t own;			 /* SET_OWN: index in set->own and options->own */
};

struct parse {
	const struct wf_option_set *set;
	struct wf_options *options;
	struct row rows[ROWS_MAX];
	int rows_count;
	struct option longs[ROWS_MAX + 1];
	char shorts[2 * ROWS_MAX + 2];
};

/* ---- the rows of a command ---- */

static struct row *add_row(struct parse *parse, enum action action, const struct wf_option *option)
{
	struct row *row = &parse->rows[parse->rows_count++];

	*row = (struct row){.option = *option, .action = action};
	return row;
}

static void add_shared(struct parse *parse, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		if (!shared[i].group || (shared[i].group & parse->set->groups))
			add_row(parse, shared[i].action, &shared[i].option);
}

static void add_settings(struct parse *parse)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		const struct wf_config_flag *flag = &key->flag;
		unsigned group = flag->is_run_only ? WF_OPTIONS_RUN_SETTINGS : WF_OPTIONS_SETTINGS;
		struct wf_option option = {.name = flag->name,
					   .letter = flag->letter,
					   .argument = flag->argument,
					   .help = key->help};

		if (flag->name && (parse->set->groups & group))
			add_row(parse, SET_KEY, &option)->key = key;
	}
}

static void add_own(struct parse *parse)
{
	const struct wf_option *own = parse->set->own;

	for (size_t i = 0; own && own[i].name && i < WF_OPTIONS_OWN_MAX; i++)
		add_row(parse, SET_OWN, &own[i])->own = i;
}

static void add_rows(struct parse *parse)
{
	add_shared(parse, 0, SHARED_LATER);
	add_settings(parse);
	add_own(parse);
	add_shared(parse, SHARED_LATER, SHARED_COUNT);
}

/* ---- reading ---- */

enum { ROW_BASE = 256 }; /* getopt value of row 0, above all letters */

static void fill_getopt(struct parse *parse)
{
	size_t shorts = 0;

	parse->shorts[shorts++] = ':'; /* getopt reports a missing argument as ':', not '?' */
	for (int i = 0; i < parse->rows_count; i++) {
		const struct wf_option *option = &parse->rows[i].option;

		parse->longs[i] = (struct option){
			.name = option->name,
			.has_arg = option->argument ? required_argument : no_argument,
			.val = ROW_BASE + i,
		};
		if (option->letter)
			parse->shorts[shorts++] = option->letter;
		if (option->letter && option->argument)
			parse->shorts[shorts++] = ':';
	}
}

static const struct row *row_of(const struct parse *parse, int val)
{
	if (val >= ROW_BASE)
		return &parse->rows[val - ROW_BASE];
	for (int i = 0; i < parse->rows_count; i++)
		if (parse->rows[i].option.letter == val)
			return &parse->rows[i];
	return NULL;
}

static int refuse_unknown(const struct parse *parse, const char *given)
{
	const char *command = parse->set->command;
	static char dashed[ROWS_MAX][32];
	struct wf_suggest suggest;
	char wanted[64];
	char hint[96];

	if (optopt >= ROW_BASE) {
		wf_say_error("%s: option '--%s' takes no value", command,
			     row_of(parse, optopt)->option.name);
		return -EINVAL;
	}
	if (optopt) {
		wf_say_error("%s: unknown option '-%c'; see 'weft %s --help'", command, optopt,
			     command);
		return -EINVAL;
	}
	snprintf(wanted, sizeof(wanted), "%.*s", (int)strcspn(given, "="), given);
	wf_suggest_init(&suggest, wanted);
	for (int i = 0; i < parse->rows_count; i++) {
		snprintf(dashed[i], sizeof(dashed[i]), "--%s", parse->rows[i].option.name);
		wf_suggest_offer(&suggest, dashed[i]);
	}
	wf_say_error("%s: unknown option '%s'%s; see 'weft %s --help'", command, wanted,
		     wf_suggest_text(&suggest, hint, sizeof(hint)), command);
	return -EINVAL;
}

static int add_given(struct parse *parse, const struct row *row, const char *text)
{
	struct wf_options *options = parse->options;

	if (options->given_count == WF_OPTIONS_GIVEN_MAX) {
		wf_say_error("%s: more than %d options", parse->set->command, WF_OPTIONS_GIVEN_MAX);
		return -EINVAL;
	}
	options->given[options->given_count++] = (struct wf_given){
		.flag = row->option.name, .key = row->key, .text = text ? text : "true"};
	return 0;
}

static int take(struct parse *parse, const struct row *row, const char *arg)
{
	struct wf_options *options = parse->options;

	switch (row->action) {
	case SET_KEY:
	case SET_PAIR:
		return add_given(parse, row, arg);
	case LOAD_CONFIG:
		options->config_path = arg;
		break;
	case NAME_INTERFACE:
		options->ifname = arg;
		break;
	case SET_OWN:
		options->own[row->own] = arg ? arg : "";
		break;
	case EXPLAIN:
		options->explain = true;
		break;
	case JSON:
		options->json = true;
		break;
	case QUIET:
		options->quiet = true;
		break;
	case VERBOSE:
		options->verbose = true;
		break;
	case HELP:
		options->help = true;
		break;
	}
	return 0;
}

static int read_all(struct parse *parse, int argc, char **argv)
{
	int val;
	int err;

	opterr = 0;
	optind = 0; /* reset getopt, in case it was used before */
	while ((val = getopt_long(argc, argv, parse->shorts, parse->longs, NULL)) != -1) {
		if (val == '?')
			return refuse_unknown(parse, argv[optind - 1]);
		if (val == ':') {
			wf_say_error("%s: option '%s' needs a value: %s", parse->set->command,
				     argv[optind - 1], row_of(parse, optopt)->option.argument);
			return -EINVAL;
		}
		err = take(parse, row_of(parse, val), optarg);
		if (err)
			return err;
	}
	parse->options->args = argv + optind;
	parse->options->args_count = argc - optind;
	return 0;
}

/*
 * Reject a key that this command does not use, because the user would expect that the running agent
 * uses it.
 */
static int check_agent_keys(const struct parse *parse)
{
	static const char used[] = "control.dir=";
	const struct wf_options *options = parse->options;

	for (int i = 0; i < options->given_count && parse->set->groups & WF_OPTIONS_AGENT; i++) {
		if (!strncmp(options->given[i].text, used, strlen(used)))
			continue;
		wf_say_error("%s: --set %s: only control.dir can be set here, to find the agent, "
			     "which uses its own configuration",
			     parse->set->command, options->given[i].text);
		return -EINVAL;
	}
	return 0;
}

int wf_options_load(const struct wf_options *options, struct wf_config *config,
		    struct wf_config_error *ret_error)
{
	int err = 0;

	if (options->config_path)
		err = wf_config_load(config, options->config_path, ret_error);
	for (int i = 0; i < options->given_count && !err; i++) {
		const struct wf_given *given = &options->given[i];
		char place[32];

		snprintf(place, sizeof(place), "--%s", given->flag);
		err = given->key ? wf_config_set(config, place, given->key->name, given->text,
						 ret_error)
				 : wf_config_set_pair(config, place, given->text, ret_error);
	}
	return err ? err : wf_config_check(config, ret_error);
}

static int load(struct wf_options *options)
{
	struct wf_config_error error = {"out of memory"};
	int err = wf_options_load(options, &options->config, &error);

	if (err)
		wf_say_error("%s", error.text);
	return err;
}

int wf_options_parse(const struct wf_option_set *set, int argc, char **argv,
		     struct wf_options *ret_options)
{
	struct parse parse = {.set = set, .options = ret_options};
	int err;

	*ret_options = (struct wf_options){.command = set->command};
	err = wf_config_init(&ret_options->config);
	if (err) {
		wf_say_error("%s: out of memory", set->command);
		return err;
	}
	add_rows(&parse);
	fill_getopt(&parse);
	err = read_all(&parse, argc, argv);
	if (err || ret_options->help)
		return err;
	err = check_agent_keys(&parse);
	return err ? err : load(ret_options);
}

void wf_options_fini(struct wf_options *options)
{
	wf_config_fini(&options->config);
}

/* ---- help ---- */

enum { HELP_COLUMN = 37 };

/* Return the help of @row, owned by the caller. If its key has a range, the default is added. */
static char *help_text(const struct row *row, const struct wf_config *defaults)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	fputs(row->option.help, out);
	if (row->key && wf_config_has_range(row->key)) {
		fputs(" (default ", out);
		wf_config_print_plain(defaults, row->key, out);
		fprintf(out, "%s%s)", row->key->unit ? " " : "",
			row->key->unit ? row->key->unit : "");
	}
	fclose(out);
	return text;
}

static void print_help(const struct row *row, const struct wf_config *defaults, FILE *out)
{
	const struct wf_option *option = &row->option;
	char *text = help_text(row, defaults);
	char left[64];

	snprintf(left, sizeof(left), "%s%c%s--%s %s", option->letter ? "-" : "  ",
		 option->letter ? option->letter : ' ', option->letter ? ", " : " ", option->name,
		 option->argument ? option->argument : "");
	wf_print_wrapped(text ? text : option->help, fprintf(out, "  %-34s ", left), HELP_COLUMN,
			 out);
	free(text);
}

void wf_options_help(const struct wf_option_set *set, FILE *out)
{
	struct parse parse = {.set = set};
	struct wf_config defaults;

	if (wf_config_init(&defaults))
		return;
	add_rows(&parse);
	for (int i = 0; i < parse.rows_count; i++)
		print_help(&parse.rows[i], &defaults, out);
	wf_config_fini(&defaults);
}

char *wf_options_join(const struct wf_options *options, int first)
{
	size_t bytes = 1;
	char *text;
	char *end;

	for (int i = first; i < options->args_count; i++)
		bytes += strlen(options->args[i]) + 1;
	text = malloc(bytes);
	if (!text)
		return NULL;
	end = text;
	*end = '\0';
	for (int i = first; i < options->args_count; i++) {
		if (i > first)
			*end++ = ' ';
		end = stpcpy(end, options->args[i]);
	}
	return text;
}
