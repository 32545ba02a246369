// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_health.c - weft health: prints whether a running agent works, and why not.
 */
#include "agent/view/health.h"
#include "cli/ask/ask.h"
#include "cli/say.h"

static int run_health(struct wf_options *options)
{
	json_t *request;
	json_t *health;
	int status;

	if (options->args_count > 0) {
		wf_say_error("health: unexpected argument '%s'", options->args[0]);
		return WF_EXIT_USAGE;
	}
	request = json_pack("{ss}", "command", "health");
	status = wf_ask(options, request, &health);
	json_decref(request);
	if (status)
		return status;
	if (options->json)
		wf_ask_print(health, JSON_INDENT(2));
	else
		wf_health_print(health, stdout);
	status = wf_health_is_bad(health) ? WF_EXIT_FAILED : WF_EXIT_DONE;
	json_decref(health);
	return status;
}

WF_CMD(health) = {
	.name = "health",
	.position = 55,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_AGENT | WF_OPTIONS_JSON,
	.usage = "[-i IFACE] [--json]",
	.summary = "show whether a running agent works, and why not",
	.details =
		"The first line is ok, degraded (the agent captures, but loses something or soon\n"
		"will) or unhealthy (a part does not work); each reason follows, with a remedy.\n"
		"The exit status is 0 if the agent is ok or degraded, 1 if it is unhealthy or\n"
		"does not answer, 3 if no agent runs.\n"
		"\n"
		"  weft health || systemctl restart weft\n"
		"  weft health --json | jq -r '.reasons[].what'\n",
	.run = run_health,
};
