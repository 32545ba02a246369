// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_stats.c - weft stats: the ledgers and metrics of a running agent.
 */
#include "agent/control.h"
#include "agent/report.h"
#include "cli/cmd.h"
#include "cli/say.h"

static int run_stats(struct wf_options *options)
{
	struct wf_control_error error;
	json_t *report;
	int err;

	if (options->args_count > 0) {
		wf_say_error("stats: unexpected '%s'", options->args[0]);
		return WF_EXIT_USAGE;
	}
	err = wf_control_ask(options->config.control_dir, options->ifname, "stats", &report,
			     &error);
	if (err) {
		wf_say_error("stats: %s", error.text);
		return wf_cmd_status_of_control(err);
	}
	if (options->json) {
		json_dumpf(report, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		wf_report_print(report, stdout);
		if (!wf_report_is_closed(report))
			puts("\nWhile traffic flows, frames on their way make a small difference; "
			     "it closes when quiet.");
	}
	json_decref(report);
	return WF_EXIT_DONE;
}

const struct wf_cmd wf_cmd_stats = {
	.name = "stats",
	.use = WF_USE_STATS,
	.usage = "[-i IFACE] [--json]",
	.summary = "show what a running agent counted: every frame and byte has one outcome",
	.details = "Without -i, the only running agent is asked. Exit status 3 if there is none.\n"
		   "\n"
		   "  weft stats --json | jq '.metrics.payload_delivered_bytes.value'\n",
	.run = run_stats,
};
