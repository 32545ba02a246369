// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_flow.c - weft flow: sets the verdict of the kernel on one connection.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/ask/ask.h"
#include "cli/say.h"

/* Index of the command's own option. */
enum { FROM = 0 };

static const struct wf_option own[] = {
	[FROM] = {"from", 0, "src|dst",
		  "apply to segments sent by SRC (src) or by DST (dst) only; default: both"},
	{.name = NULL},
};

static const char *verdict_of(const char *word)
{
	static const char *const words[][2] = {
		{"shunt", "shunt"}, {"unshunt", "steer"}, {"steer", "steer"}, {"pass", "pass"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i][0], word))
			return words[i][1];
	return NULL;
}

/* Return the port in @text; -1 if @text is not a port. */
static int port_of(const char *text)
{
	int port = strlen(text) < 6 && *text ? atoi(text) : -1;

	return strspn(text, "0123456789") == strlen(text) && port <= 65535 ? port : -1;
}

static int run_flow(struct wf_options *options)
{
	char **args = options->args;
	const char *verdict = options->args_count ? verdict_of(args[0]) : NULL;
	json_t *request;
	json_t *answer;
	int status;

	if (options->args_count != 5 || !verdict) {
		wf_say_error("flow: expected shunt, unshunt or pass, then SRC SPORT DST DPORT");
		return WF_EXIT_USAGE;
	}
	for (int i = 2; i <= 4; i += 2) {
		if (port_of(args[i]) >= 0)
			continue;
		wf_say_error("flow: '%s' is not a port, 0 to 65535; expected SRC SPORT DST DPORT",
			     args[i]);
		return WF_EXIT_USAGE;
	}
	request = json_pack("{ssssssss sisssi}", "command", "flow", "verdict", verdict, "from",
			    options->own[FROM] ? options->own[FROM] : "both", "src_ip", args[1],
			    "src_port", port_of(args[2]), "dest_ip", args[3], "dest_port",
			    port_of(args[4]));
	status = wf_ask(options, request, &answer);
	json_decref(request);
	if (status)
		return status;
	if (options->json)
		wf_ask_print(answer, JSON_INDENT(2));
	json_decref(answer);
	return WF_EXIT_DONE;
}

WF_CMD(flow) = {
	.name = "flow",
	.position = 70,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_AGENT | WF_OPTIONS_JSON,
	.own = own,
	.usage =
		"[-i IFACE] [--from src|dst]\n                 shunt|unshunt|pass SRC SPORT DST DPORT",
	.summary = "stop or resume the capture of one connection's data",
	.details =
		"shunt: data bypasses the worker and is only counted in the kernel; FIN and RST\n"
		"still reach the worker. pass: all segments bypass the worker, also FIN and\n"
		"RST. unshunt (or steer): data is delivered again; the bytes that bypassed the\n"
		"worker are reported as one gap.\n"
		"\n"
		"  weft flow shunt 10.0.0.1 51234 10.0.0.2 443\n"
		"  weft flow --from dst unshunt 10.0.0.1 51234 10.0.0.2 443\n",
	.run = run_flow,
};
