// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_endpoints.c - weft endpoints: lists the hosts that a running agent has seen, or removes one.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/report.h"
#include "cli/ask/ask.h"
#include "cli/say.h"

/* Indexes of the command's own options. */
enum { SORT = 0, COUNT };

enum { HOSTS_MAX = 1000, NUMBER_BYTES = 28 };

static const struct wf_option own[] = {
	[SORT] = {"sort", 0, "ORDER",
		  "order of the list: last (seen last first), first, bytes, connections, open or "
		  "address (default last)"},
	[COUNT] = {"count", 0, "N", "maximum number of hosts in the list (default 100)"},
	{.name = NULL},
};

static json_int_t int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}

static void print_json(const json_t *answer)
{
	wf_ask_print(answer, JSON_INDENT(2));
}

/* Print a count in a column of @chars characters after a blank; "-" if it is not known. */
static void print_count(const json_t *host, const char *key, int chars)
{
	char number[WF_REPORT_SHORT_BYTES] = "-";
	const json_t *value = json_object_get(host, key);

	if (json_is_integer(value))
		wf_report_fit(json_integer_value(value), chars, number);
	printf(" %*s", chars, number);
}

/* Print a host as a line; a long IPv6 address has a line of its own. */
static void print_host(const json_t *host)
{
	const char *address = text_of(host, "address");

	printf(strlen(address) > 21 ? "%s\n%21s" : "%-21s", address, "");
	print_count(host, "connections_open", 6);
	print_count(host, "connections_total", 7);
	print_count(host, "connections_as_client", 7);
	print_count(host, "half_open", 6);
	print_count(host, "bytes_sent", 8);
	print_count(host, "bytes_received", 8);
	printf("  %.8s\n", text_of(host, "last_seen") + strlen("2026-01-31T"));
}

static void print_hosts(const json_t *answer)
{
	const json_t *hosts = json_object_get(answer, "endpoints");
	const json_t *host;
	char numbers[2][NUMBER_BYTES];
	size_t i;

	if (json_array_size(hosts))
		puts("                      open   total  client   half     sent received  last (UTC)");
	json_array_foreach(hosts, i, host) print_host(host);
	printf("%s of %s hosts\n", wf_report_number((int64_t)json_array_size(hosts), numbers[0]),
	       wf_report_number(int_of(answer, "total"), numbers[1]));
	if (int_of(answer, "evicted"))
		printf("%s hosts were removed, because at most %s are kept (endpoints.max_entries)\n",
		       wf_report_number(int_of(answer, "evicted"), numbers[0]),
		       wf_report_number(int_of(answer, "limit"), numbers[1]));
}

/* Send @request, release it, and print the answer. Return: an enum wf_exit. */
static int ask_and_print(const struct wf_options *options, json_t *request,
			 void (*print)(const json_t *answer))
{
	json_t *answer;
	int status = wf_ask(options, request, &answer);

	json_decref(request);
	if (status)
		return status;
	if (options->json)
		print_json(answer);
	else if (print)
		print(answer);
	json_decref(answer);
	return WF_EXIT_DONE;
}

static bool is_count(const char *text)
{
	return strspn(text, "0123456789") == strlen(text) && strlen(text) < 9 && atoi(text) > 0 &&
	       atoi(text) <= HOSTS_MAX;
}

static int list(const struct wf_options *options)
{
	json_t *request;

	if (options->own[COUNT] && !is_count(options->own[COUNT])) {
		wf_say_error("endpoints: --count: '%s' is not a number from 1 to %d",
			     options->own[COUNT], HOSTS_MAX);
		return WF_EXIT_USAGE;
	}
	request = json_pack("{ss}", "command", "endpoints");
	if (options->args_count)
		json_object_set_new(request, "prefix", json_string(options->args[0]));
	if (options->own[SORT])
		json_object_set_new(request, "sort", json_string(options->own[SORT]));
	if (options->own[COUNT])
		json_object_set_new(request, "count", json_integer(atoi(options->own[COUNT])));
	return ask_and_print(options, request, print_hosts);
}

static int run_endpoints(struct wf_options *options)
{
	bool removes = options->args_count && !strcmp(options->args[0], "remove");

	if (removes && (options->args_count != 2 || options->own[SORT] || options->own[COUNT])) {
		wf_say_error("endpoints: expected: weft endpoints remove ADDRESS");
		return WF_EXIT_USAGE;
	}
	if (!removes && options->args_count > 1) {
		wf_say_error("endpoints: expected one address or prefix, or remove ADDRESS");
		return WF_EXIT_USAGE;
	}
	if (!removes)
		return list(options);
	return ask_and_print(
		options,
		json_pack("{ssss}", "command", "endpoint_remove", "address", options->args[1]),
		NULL);
}

WF_CMD(endpoints) = {
	.name = "endpoints",
	.position = 65,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_AGENT | WF_OPTIONS_JSON,
	.own = own,
	.usage = "[-i IFACE] [--sort ORDER] [--count N] [--json] [PREFIX]\n"
		 "       weft endpoints [-i IFACE] remove ADDRESS",
	.summary = "list the hosts that a running agent has seen",
	.details =
		"PREFIX is an address or a prefix such as 10.0.0.0/8. A host is listed from its\n"
		"first connection until it was idle for endpoints.ttl_sec. Its columns: current\n"
		"connections, all connections, those that it opened, handshakes that it began\n"
		"and that are not complete, and the bytes of its connections that have ended.\n"
		"\n"
		"  weft endpoints --sort bytes --count 10\n"
		"  weft endpoints --json 10.0.0.0/8 | jq -r '.endpoints[].address'\n"
		"  weft endpoints remove 10.0.0.7\n",
	.run = run_endpoints,
};
