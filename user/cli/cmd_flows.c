// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_flows.c - weft flows: the connections of a running agent; weft flow: what the kernel
 * is to do with one of them.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/control.h"
#include "agent/flows.h"
#include "cli/cmd.h"
#include "cli/say.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signo)
{
	interrupted = 1;
}

static void print(const struct wf_options *options, const json_t *flows)
{
	if (options->json) {
		json_dumpf(flows, stdout, options->follow ? JSON_COMPACT : JSON_INDENT(2));
		putchar('\n');
	} else {
		if (options->follow && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		wf_flows_print(flows, stdout);
	}
	fflush(stdout);
}

static json_t *request_new(const struct wf_options *options)
{
	char *filter = wf_options_join(options, 0);
	json_t *request =
		json_pack("{ssssss}", "command", "flows", "sort",
			  options->sort ? options->sort : "bytes", "filter", filter ? filter : "");

	if (options->count)
		json_object_set_new(request, "count", json_integer(atoll(options->count)));
	free(filter);
	return request;
}

/* Once, or each second until interrupted. */
static int show(const struct wf_options *options, const json_t *request)
{
	const struct timespec second = {.tv_sec = 1};

	do {
		struct wf_control_error error;
		json_t *flows;
		int err = wf_control_send(options->config.control_dir, options->ifname, request,
					  &flows, &error);

		if (err) {
			wf_say_error("flows: %s", error.text);
			return wf_cmd_status_of_control(err);
		}
		print(options, flows);
		json_decref(flows);
		if (options->follow && !interrupted)
			nanosleep(&second, NULL);
	} while (options->follow && !interrupted && !ferror(stdout));
	return WF_EXIT_DONE;
}

static bool is_count(const char *text)
{
	return strspn(text, "0123456789") == strlen(text) && strlen(text) < 9 && atoi(text) > 0;
}

static int run_flows(struct wf_options *options)
{
	struct sigaction action = {.sa_handler = on_interrupt};
	json_t *request;
	int status;

	if (options->count && !is_count(options->count)) {
		wf_say_error("flows: --count: '%s' is not a number from 1 to 1000", options->count);
		return WF_EXIT_USAGE;
	}
	request = request_new(options);
	if (options->follow)
		sigaction(SIGINT, &action, NULL);
	status = request ? show(options, request) : WF_EXIT_FAILED;
	json_decref(request);
	return status;
}

const struct wf_cmd wf_cmd_flows = {
	.name = "flows",
	.use = WF_USE_FLOWS,
	.usage = "[-i IFACE] [--sort ORDER] [--count N] [--follow] [--json] [FILTER]",
	.summary =
		"list the connections of a running agent, as the kernel and the workers see them",
	.details =
		"FILTER is tcpdump's syntax, of addresses and ports. ORDER is bytes, packets, kept\n"
		"(in the kernel), last (seen) or age. Packets, bytes and verdicts are the kernel's,\n"
		"the rest the worker's.\n"
		"\n"
		"  weft flows --sort kept --count 10\n"
		"  weft flows --json host 10.0.0.1 and port 443 | jq '.flows[].toclient.bytes'\n",
	.run = run_flows,
};

/* ---- weft flow ---- */

static const char *verdict_of(const char *word)
{
	static const char *const words[][2] = {
		{"shunt", "shunt"}, {"unshunt", "steer"}, {"steer", "steer"}, {"pass", "pass"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i][0], word))
			return words[i][1];
	return NULL;
}

/* Return: the port; -1: it is none. */
static int port_of(const char *text)
{
	int port = strlen(text) < 6 && *text ? atoi(text) : -1;

	return strspn(text, "0123456789") == strlen(text) && port <= 65535 ? port : -1;
}

static int run_flow(struct wf_options *options)
{
	char **args = options->args;
	struct wf_control_error error;
	const char *verdict = options->args_count ? verdict_of(args[0]) : NULL;
	json_t *request;
	json_t *answer;
	int err;

	if (options->args_count != 5 || !verdict || port_of(args[2]) < 0 || port_of(args[4]) < 0) {
		wf_say_error("flow: expected shunt, unshunt or pass, then SRC SPORT DST DPORT");
		return WF_EXIT_USAGE;
	}
	request = json_pack("{ssssssss sisssi}", "command", "flow", "verdict", verdict, "from",
			    options->from ? options->from : "both", "src_ip", args[1], "src_port",
			    port_of(args[2]), "dest_ip", args[3], "dest_port", port_of(args[4]));
	err = wf_control_send(options->config.control_dir, options->ifname, request, &answer,
			      &error);
	json_decref(request);
	if (err) {
		wf_say_error("flow: %s", error.text);
		return wf_cmd_status_of_control(err);
	}
	if (options->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(answer);
	return WF_EXIT_DONE;
}

const struct wf_cmd wf_cmd_flow = {
	.name = "flow",
	.use = WF_USE_FLOW,
	.usage = "[-i IFACE] [--from src|dst] shunt|unshunt|pass SRC SPORT DST DPORT",
	.summary = "have the kernel keep a connection's data back, or hand it over again",
	.details =
		"shunt: data is counted in the kernel only; the end of the connection is still\n"
		"seen. pass: nothing reaches the worker, not even the end. unshunt (or steer): data\n"
		"is handed over again; what was kept back is one gap.\n"
		"\n"
		"  weft flow shunt 10.0.0.1 51234 10.0.0.2 443\n"
		"  weft flow --from dst unshunt 10.0.0.1 51234 10.0.0.2 443\n",
	.run = run_flow,
};
