// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_run.c - weft run: captures from interfaces.
 */
#include <net/if.h>

#include <weft/probe.h>

#include "cli/privileges.h"
#include "cli/say.h"
#include "cli/session.h"
#include "sink/sink.h"

static int check_interfaces(const struct wf_config *config)
{
	if (config->interfaces_count == 0) {
		wf_say_error(
			"run: no interface given; use -i IFACE, or set capture.interfaces in the "
			"configuration");
		return WF_EXIT_USAGE;
	}
	for (size_t i = 0; i < config->interfaces_count; i++) {
		unsigned int index = if_nametoindex(config->interfaces[i]);

		if (!index && config->wait_for_interface != WEFT_ON) {
			wf_say_error("run: %s: no such interface (see 'ip link')",
				     config->interfaces[i]);
			return WF_EXIT_INPUT;
		}
		for (size_t j = 0; j < i; j++) {
			if (index && if_nametoindex(config->interfaces[j]) == index) {
				wf_say_error("run: %s: the interface is given twice",
					     config->interfaces[i]);
				return WF_EXIT_USAGE;
			}
		}
	}
	return WF_EXIT_DONE;
}

static int run_run(struct wf_options *options)
{
	struct wf_session session = {.options = options};
	char why[512];
	int status = check_interfaces(&options->config);

	if (status)
		return status;
	if (weft_probe_kernel())
		return WF_EXIT_NOT_ALLOWED;
	if (wf_privileges_check(options->config.library.memory_max_bytes, why, sizeof(why))) {
		wf_say_error("run: not permitted: %s", why);
		return WF_EXIT_NOT_ALLOWED;
	}
	if (!options->explain && !wf_sink_wanted(&options->config.sinks, 0))
		wf_say_note(
			"run: none of --streams, --events, --pcap and --nats is given, so nothing "
			"is written; see the counts with 'weft stats'");
	return wf_session_run(&session);
}

WF_CMD(run) = {
	.name = "run",
	.position = 10,
	.groups = WF_OPTIONS_SETTINGS | WF_OPTIONS_RUN_SETTINGS | WF_OPTIONS_CONFIG |
		  WF_OPTIONS_EXPLAIN | WF_OPTIONS_JSON | WF_OPTIONS_MESSAGES,
	.usage = "-i IFACE[,IFACE...] [options] [FILTER]",
	.summary = "capture from interfaces and rebuild their streams until interrupted",
	.details =
		"FILTER uses the syntax of tcpdump and is checked in user space; filter.ports,\n"
		"filter.allow and filter.deny are checked in the kernel. On SIGINT or SIGTERM\n"
		"the received data is delivered before weft ends; a second signal, at least one\n"
		"second later, ends weft at once. --duration and --count end a run without a\n"
		"signal. weft run needs root, or the capabilities that weft-run(1) lists.\n"
		"\n"
		"  weft run -i eth0 --streams out --events events.json\n"
		"  weft run -i eth0 --set filter.ports=80,443\n"
		"  weft run -i eth0 --events - --duration 30s\n",
	.run = run_run,
};
