// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_flows.c - weft flows: lists the connections of a running agent.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <weft/limits.h>

#include "agent/view/flows.h"
#include "cli/ask/ask.h"
#include "cli/say.h"

/* Indices of the command's own options. */
enum { SORT = 0, COUNT, FOLLOW, ALL };

static const struct wf_option own[] = {
	[SORT] = {"sort", 0, "ORDER",
		  "order of the list: bytes, packets, kept, last or age (default bytes)"},
	[COUNT] = {"count", 0, "N", "maximum number of connections in the list (default 100)"},
	[FOLLOW] = {"follow", 'f', NULL, "print the list again every second"},
	[ALL] = {"all", 'a', NULL, "also list connections that have ended"},
	{.name = NULL},
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signo)
{
	interrupted = 1;
}

static void print(const struct wf_options *options, const json_t *flows)
{
	if (options->json) {
		wf_ask_print(flows, options->own[FOLLOW] ? JSON_COMPACT : JSON_INDENT(2));
	} else {
		if (options->own[FOLLOW] && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		wf_flows_print(flows, stdout);
	}
	fflush(stdout);
}

static json_t *request_new(const struct wf_options *options)
{
	char *filter = wf_options_join(options, 0);
	json_t *request = json_pack("{ssssss}", "command", "flows", "sort",
				    options->own[SORT] ? options->own[SORT] : "bytes", "filter",
				    filter ? filter : "");

	if (options->own[COUNT])
		json_object_set_new(request, "count", json_integer(atoll(options->own[COUNT])));
	if (options->own[ALL])
		json_object_set_new(request, "all", json_true());
	free(filter);
	return request;
}

/* Print the list once or, with --follow, again after each second until interrupted. */
static int show(const struct wf_options *options, const json_t *request)
{
	const struct timespec second = {.tv_sec = 1};

	do {
		json_t *flows;
		int status = wf_ask(options, request, &flows);

		if (status)
			return status;
		print(options, flows);
		json_decref(flows);
		if (options->own[FOLLOW] && !interrupted)
			nanosleep(&second, NULL);
	} while (options->own[FOLLOW] && !interrupted && !ferror(stdout));
	return WF_EXIT_DONE;
}

static bool is_count(const char *text)
{
	return strspn(text, "0123456789") == strlen(text) && strlen(text) < 9 && atoi(text) > 0 &&
	       atoi(text) <= WEFT_FLOW_VIEWS_MAX;
}

static int run_flows(struct wf_options *options)
{
	struct sigaction action = {.sa_handler = on_interrupt};
	json_t *request;
	int status;

	if (options->own[COUNT] && !is_count(options->own[COUNT])) {
		wf_say_error("flows: --count: '%s' is not a number from 1 to 1000",
			     options->own[COUNT]);
		return WF_EXIT_USAGE;
	}
	request = request_new(options);
	if (options->own[FOLLOW])
		sigaction(SIGINT, &action, NULL);
	status = show(options, request);
	json_decref(request);
	return status;
}

WF_CMD(flows) = {
	.name = "flows",
	.position = 60,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_AGENT | WF_OPTIONS_JSON,
	.own = own,
	.usage =
		"[-i IFACE] [--sort ORDER] [--count N] [--all] [--follow]\n                  [--json] [FILTER]",
	.summary = "list the connections of a running agent",
	.details =
		"FILTER uses the syntax of tcpdump and may name addresses and ports. ORDER is\n"
		"bytes, packets, kept (bytes that bypassed the worker in the kernel), last\n"
		"(time of the last segment) or age. Packets, bytes, bypassed bytes and verdicts\n"
		"come from the kernel, all other values from the worker. After the end of a\n"
		"connection the worker has no values of it, and '-' is shown. M, G and T are\n"
		"powers of 1000; JSON has exact numbers.\n"
		"\n"
		"  weft flows --sort kept --count 10\n"
		"  weft flows --json host 10.0.0.1 and port 443 | jq '.flows[].toclient.bytes'\n",
	.run = run_flows,
};
