// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_stats.c - weft stats: prints the ledgers and metrics of a running agent.
 */
#include <string.h>

#include "agent/report.h"
#include "cli/ask/ask.h"
#include "cli/say.h"

static void print_text(const json_t *report, bool is_verbose)
{
	wf_report_print(report, is_verbose, stdout);
	if (!wf_report_is_closed(report))
		puts("\nA small difference while traffic flows is normal: some frames have passed\n"
		     "one counter and not yet the next.");
	if (!is_verbose)
		puts("\nCounters that are 0 are not shown; 'weft stats -v' shows and explains all.");
}

static void print_json(const json_t *report, bool is_verbose)
{
	wf_ask_print(report, JSON_INDENT(2));
}

static void print_string(const json_t *text, bool is_verbose)
{
	fputs(json_is_string(text) ? json_string_value(text) : "", stdout);
}

/* Indices of the command's own options. */
enum { FORMAT = 0, VERBOSE };

static const struct wf_option own[] = {
	[FORMAT] = {"format", 0, "text|json|prometheus",
		    "format of the output: text, json or prometheus (default text)"},
	[VERBOSE] = {"verbose", 'v', NULL, "also print counters that are 0, and explain each"},
	{.name = NULL},
};

static const struct format {
	const char *name;
	const char *command; /* member "command" of the request to the agent */
	void (*print)(const json_t *response, bool is_verbose);
} formats[] = {
	{"text", "stats", print_text},
	{"json", "stats", print_json},
	{"prometheus", "prometheus", print_string},
};

/* Return the requested format; NULL if there is none of that name. */
static const struct format *find_format(const struct wf_options *options)
{
	const char *name = options->own[FORMAT];

	if (!name)
		name = options->json ? "json" : "text";
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

static int run_stats(struct wf_options *options)
{
	const struct format *format = find_format(options);
	json_t *request;
	json_t *response;
	int status;

	if (options->args_count > 0) {
		wf_say_error("stats: unexpected argument '%s'", options->args[0]);
		return WF_EXIT_USAGE;
	}
	if (!format) {
		wf_say_error("stats: --format: unknown format '%s'; use text, json or prometheus",
			     options->own[FORMAT]);
		return WF_EXIT_USAGE;
	}
	request = json_pack("{ss}", "command", format->command);
	status = wf_ask(options, request, &response);
	json_decref(request);
	if (status)
		return status;
	format->print(response, options->own[VERBOSE] != NULL);
	json_decref(response);
	return WF_EXIT_DONE;
}

WF_CMD(stats) = {
	.name = "stats",
	.position = 50,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_AGENT | WF_OPTIONS_JSON,
	.own = own,
	.usage = "[-i IFACE] [-v] [--json | --format FORMAT]",
	.summary = "show the losses and counters of a running agent",
	.details =
		"-i is needed only if several agents run. The exit status is 3 if no agent runs.\n"
		"\n"
		"  weft stats --json | jq '.metrics.payload_delivered_bytes.value'\n"
		"  weft stats --format prometheus > /var/lib/node_exporter/weft.prom\n",
	.run = run_stats,
};
