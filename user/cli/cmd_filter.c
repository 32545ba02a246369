// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_filter.c - weft filter: replaces the filter of a running agent.
 */
#include "agent/filter.h"
#include "cli/ask.h"
#include "cli/session.h"

static int send(const struct wf_options *options)
{
	json_t *request = wf_filter_request_new(&options->config);
	json_t *answer;
	int status = wf_ask(options, request, &answer);

	json_decref(request);
	if (status)
		return status;
	if (options->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		wf_filter_explain(&options->config, true, stdout);
	}
	json_decref(answer);
	return WF_EXIT_DONE;
}

static int run_filter(struct wf_options *options)
{
	const struct wf_session session = {.options = options};

	if (wf_session_set_filter(&session))
		return WF_EXIT_USAGE;
	if (options->explain) {
		wf_filter_explain(&options->config, true, stdout);
		return WF_EXIT_DONE;
	}
	return send(options);
}

WF_CMD(filter) = {
	.name = "filter",
	.position = 80,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_CONFIG | WF_OPTIONS_JSON | WF_OPTIONS_EXPLAIN,
	.usage = "[-i IFACE] [--config FILE] [--set filter.KEY=VALUE] [FILTER]",
	.summary = "replace the whole filter of a running agent",
	.details =
		"Parts that are not given are removed from the filter. --config reads the filter\n"
		"from a configuration file, for example after a change. On an error the\n"
		"old filter stays in use.\n"
		"\n"
		"  weft filter --set filter.ports=80,443 --set filter.deny=10.9.0.0/16\n"
		"  weft filter 'host 10.0.0.1'\n"
		"  weft filter                            (everything is wanted)\n",
	.run = run_filter,
};
