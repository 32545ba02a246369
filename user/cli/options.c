// SPDX-License-Identifier: BSD-2-Clause
/*
 * options.c - the table of options, read with getopt_long().
 *
 * --config comes first whatever its place, so the rest is kept until all is seen.
 */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "agent/suggest.h"
#include "cli/say.h"

enum option_id {
	ID_KEY = 0, /* sets a configuration key */
	ID_CONFIG,
	ID_SET,
	ID_IFACE,
	ID_SORT,
	ID_COUNT,
	ID_FROM,
	ID_FORMAT,
	ID_FOLLOW,
	ID_EXPLAIN,
	ID_REMOVE_STALE,
	ID_JSON,
	ID_QUIET,
	ID_VERBOSE,
	ID_HELP,
};

struct option_row {
	const char *name;
	char letter; /* 0: none */
	unsigned uses;
	enum option_id id;
	const char *arg;   /* NULL: takes none */
	const char *key;   /* of ID_KEY */
	const char *value; /* of ID_KEY without argument */
	const char *help;
};

#define USE_FLOWS (WF_USE_RUN | WF_USE_REPLAY)
#define USE_ASK	  (WF_USE_STATS | WF_USE_FLOWS | WF_USE_FLOW | WF_USE_FILTER)
#define USE_ALL	  (~0u)

static const struct option_row rows[] = {
	{"interface", 'i', WF_USE_RUN, ID_KEY, "IFACE[,...]", "capture.interfaces", NULL,
	 "capture from these interfaces"},
	{"interface", 'i', WF_USE_DOCTOR | USE_ASK, ID_IFACE, "IFACE", NULL, NULL,
	 "the interface to look at"},
	{"mode", 0, WF_USE_RUN, ID_KEY, "auto|tap|host", "capture.mode", NULL,
	 "take segments (tap) or clone them (host)"},
	{"workers", 0, USE_FLOWS, ID_KEY, "N", "capture.workers", NULL,
	 "worker threads; 0: one a CPU"},
	{"generic", 0, WF_USE_RUN, ID_KEY, NULL, "capture.generic", "true",
	 "use generic XDP even where native would work"},
	{"pin", 0, WF_USE_RUN, ID_KEY, "DIR", "capture.pin_dir", NULL,
	 "pin maps and programs in DIR"},
	{"streams", 0, USE_FLOWS, ID_KEY, "DIR", "sinks.streams", NULL,
	 "write each direction's bytes to a file in DIR"},
	{"pad-gaps", 0, USE_FLOWS, ID_KEY, NULL, "sinks.pad_gaps", "true",
	 "fill gaps in these files with zero bytes"},
	{"events", 0, USE_FLOWS, ID_KEY, "FILE|-", "sinks.events", NULL,
	 "write events as JSON lines"},
	{"overlap", 0, USE_FLOWS, ID_KEY, "POLICY", "reassembly.overlap", NULL,
	 "which copy of overlapping bytes to keep (linux)"},
	{"deliver", 0, USE_FLOWS, ID_KEY, "arrival|acked", "reassembly.deliver", NULL,
	 "as soon as in order, or once acknowledged"},
	{"checksum", 0, USE_FLOWS, ID_KEY, "verify|auto|ignore", "reassembly.checksum", NULL,
	 "what to do about wrong checksums (auto)"},
	{"max-memory", 0, USE_FLOWS, ID_KEY, "SIZE", "memory.max_total_memory_mb", NULL,
	 "everything weft may hold, as 512M or 2G (512M)"},
	{"depth", 0, USE_FLOWS, ID_KEY, "BYTES", "reassembly.depth_bytes", NULL,
	 "deliver at most so much of each direction"},
	{"sort", 0, WF_USE_FLOWS, ID_SORT, "ORDER", NULL, NULL,
	 "bytes, packets, kept, last or age (bytes)"},
	{"count", 0, WF_USE_FLOWS, ID_COUNT, "N", NULL, NULL, "how many at most (100)"},
	{"follow", 'f', WF_USE_FLOWS, ID_FOLLOW, NULL, NULL, NULL, "again each second"},
	{"from", 0, WF_USE_FLOW, ID_FROM, "src|dst", NULL, NULL,
	 "only what this side sends (both)"},
	{"format", 0, WF_USE_STATS, ID_FORMAT, "text|json|prometheus", NULL, NULL,
	 "how to print the result (text)"},
	{"explain-filter", 0, USE_FLOWS | WF_USE_FILTER, ID_EXPLAIN, NULL, NULL, NULL,
	 "only tell which part of the filter is checked where"},
	{"remove-stale", 0, WF_USE_DOCTOR, ID_REMOVE_STALE, NULL, NULL, NULL,
	 "first remove the tc filters that a killed weft left on IFACE"},
	{"config", 0, USE_FLOWS | USE_ASK, ID_CONFIG, "FILE", NULL, NULL,
	 "read this configuration first"},
	{"set", 0, USE_FLOWS | USE_ASK, ID_SET, "KEY=VALUE", NULL, NULL,
	 "set any key of weft.conf(5)"},
	{"json", 0, USE_FLOWS | USE_ASK | WF_USE_DOCTOR, ID_JSON, NULL, NULL, NULL,
	 "print the result as JSON"},
	{"quiet", 'q', USE_FLOWS, ID_QUIET, NULL, NULL, NULL,
	 "no progress, no notes, no summary: warnings and errors only"},
	{"verbose", 'v', USE_FLOWS, ID_VERBOSE, NULL, NULL, NULL,
	 "also print details for debugging, such as the verifier's log of a rejected program"},
	{"help", 'h', USE_ALL, ID_HELP, NULL, NULL, NULL, "this help"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), ASSIGNMENTS_MAX = 256 };

/* An option as given, applied once --config is known. */
struct assignment {
	const struct option_row *row;
	const char *text;
};

struct parse {
	const char *cmd;
	struct wf_options *options;
	const char *config_path;
	struct assignment assignments[ASSIGNMENTS_MAX];
	int assignments_count;
	struct option longs[ROWS + 1];
	char shorts[2 * ROWS + 2];
};

/* getopt's tables for @use. val is the row's number + 256, out of the way of letters. */
static void fill_getopt(struct parse *parse, unsigned use)
{
	size_t longs = 0;
	size_t shorts = 0;

	parse->shorts[shorts++] = ':'; /* tell a missing argument from an unknown option */
	for (int i = 0; i < ROWS; i++) {
		if (!(rows[i].uses & use))
			continue;
		parse->longs[longs++] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].arg ? required_argument : no_argument,
			.val = 256 + i,
		};
		if (rows[i].letter)
			parse->shorts[shorts++] = rows[i].letter;
		if (rows[i].letter && rows[i].arg)
			parse->shorts[shorts++] = ':';
	}
}

static const struct option_row *row_of(int val, unsigned use)
{
	if (val >= 256)
		return &rows[val - 256];
	for (int i = 0; i < ROWS; i++)
		if (rows[i].letter == val && (rows[i].uses & use))
			return &rows[i];
	return NULL;
}

static int refuse_unknown(const struct parse *parse, unsigned use, const char *given)
{
	struct wf_suggest suggest;
	char wanted[64];
	char hint[96];

	if (optopt >= 256) {
		wf_say_error("%s: option '--%s' takes no value", parse->cmd,
			     rows[optopt - 256].name);
		return -EINVAL;
	}
	if (optopt) {
		wf_say_error("%s: unknown option '-%c'; see 'weft %s --help'", parse->cmd, optopt,
			     parse->cmd);
		return -EINVAL;
	}
	snprintf(wanted, sizeof(wanted), "%.*s", (int)strcspn(given, "="), given);
	wf_suggest_init(&suggest, wanted);
	for (int i = 0; i < ROWS; i++) {
		static char dashed[ROWS][32];

		snprintf(dashed[i], sizeof(dashed[i]), "--%s", rows[i].name);
		if (rows[i].uses & use)
			wf_suggest_offer(&suggest, dashed[i]);
	}
	wf_say_error("%s: unknown option '%s'%s (see 'weft %s --help')", parse->cmd, wanted,
		     wf_suggest_text(&suggest, hint, sizeof(hint)), parse->cmd);
	return -EINVAL;
}

static int take(struct parse *parse, const struct option_row *row, const char *arg)
{
	switch (row->id) {
	case ID_CONFIG:
		parse->config_path = arg;
		return 0;
	case ID_IFACE:
		parse->options->ifname = arg;
		return 0;
	case ID_SORT:
		parse->options->sort = arg;
		return 0;
	case ID_COUNT:
		parse->options->count = arg;
		return 0;
	case ID_FROM:
		parse->options->from = arg;
		return 0;
	case ID_FORMAT:
		parse->options->format = arg;
		return 0;
	case ID_EXPLAIN:
		parse->options->explain = true;
		return 0;
	case ID_REMOVE_STALE:
		parse->options->remove_stale = true;
		return 0;
	case ID_FOLLOW:
		parse->options->follow = true;
		return 0;
	case ID_JSON:
		parse->options->json = true;
		return 0;
	case ID_QUIET:
		parse->options->quiet = true;
		return 0;
	case ID_VERBOSE:
		parse->options->verbose = true;
		return 0;
	case ID_HELP:
		parse->options->help = true;
		return 0;
	case ID_KEY:
	case ID_SET:
		break;
	}
	if (parse->assignments_count == ASSIGNMENTS_MAX) {
		wf_say_error("%s: more than %d options", parse->cmd, ASSIGNMENTS_MAX);
		return -EINVAL;
	}
	parse->assignments[parse->assignments_count++] =
		(struct assignment){.row = row, .text = arg ? arg : row->value};
	return 0;
}

static int read_all(struct parse *parse, unsigned use, int argc, char **argv)
{
	int val;
	int err;

	opterr = 0;
	optind = 0; /* also forgets an earlier parse */
	while ((val = getopt_long(argc, argv, parse->shorts, parse->longs, NULL)) != -1) {
		if (val == '?')
			return refuse_unknown(parse, use, argv[optind - 1]);
		if (val == ':') {
			wf_say_error("%s: option '%s' needs a value: %s", parse->cmd,
				     argv[optind - 1], row_of(optopt, use)->arg);
			return -EINVAL;
		}
		err = take(parse, row_of(val, use), optarg);
		if (err)
			return err;
	}
	parse->options->args = argv + optind;
	parse->options->args_count = argc - optind;
	return 0;
}

static int apply(struct parse *parse)
{
	struct wf_config *config = &parse->options->config;
	struct wf_config_error error = {"out of memory"};
	int err = 0;

	if (parse->config_path)
		err = wf_config_load(config, parse->config_path, &error);

	for (int i = 0; i < parse->assignments_count && !err; i++) {
		const struct assignment *given = &parse->assignments[i];
		char place[32];

		if (given->row->id == ID_SET) {
			err = wf_config_set_pair(config, "--set", given->text, &error);
			continue;
		}
		snprintf(place, sizeof(place), "--%s", given->row->name);
		err = wf_config_set(config, place, given->row->key, given->text, &error);
	}
	if (!err)
		err = wf_config_check(config, &error);
	if (err)
		wf_say_error("%s", error.text);
	return err;
}

int wf_options_parse(enum wf_option_use use, const char *name, int argc, char **argv,
		     struct wf_options *ret_options)
{
	struct parse parse = {.cmd = name, .options = ret_options};
	int err;

	*ret_options = (struct wf_options){0};
	err = wf_config_init(&ret_options->config);
	if (err) {
		wf_say_error("%s: out of memory", name);
		return err;
	}
	fill_getopt(&parse, use);
	err = read_all(&parse, use, argc, argv);
	if (err || ret_options->help)
		return err;
	return apply(&parse);
}

void wf_options_fini(struct wf_options *options)
{
	wf_config_fini(&options->config);
}

void wf_options_help(enum wf_option_use use, FILE *out)
{
	for (int i = 0; i < ROWS; i++) {
		char left[64];

		if (!(rows[i].uses & use))
			continue;
		snprintf(left, sizeof(left), "%s%c%s--%s %s", rows[i].letter ? "-" : "  ",
			 rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? ", " : " ",
			 rows[i].name, rows[i].arg ? rows[i].arg : "");
		fprintf(out, "  %-34s %s\n", left, rows[i].help);
	}
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
