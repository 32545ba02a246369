// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_doctor.c - weft doctor: reports which features this host has, which are missing, and how to
 * add them.
 */
#include <errno.h>
#include <jansson.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include <weft/weft.h>

#include "agent/privileges/probe.h"
#include "cli/cmd.h"
#include "cli/say.h"

/* Index of the command's own option. */
enum { REMOVE_STALE = 0 };

static const struct wf_option own[] = {
	[REMOVE_STALE] =
		{"remove-stale", 0, NULL,
		 "before the checks, remove tc filters that a killed weft process left on IFACE"},
	{.name = NULL},
};

struct doctor {
	bool json;
	json_t *findings; /* array, owned; NULL unless --json is set */
	bool is_in_table; /* the previous finding was a kernel feature */
	bool has_tcx;	  /* true until a finding says that the kernel has no tcx links */
	unsigned counts[WEFT_PROBE_STATUS_COUNT];
};

static const char *const status_names[] = {"OK", "WARN", "FAIL"};
static const char *const status_colors[] = {"\033[32m", "\033[33m", "\033[31m"};

static void print_status(enum weft_probe_status status)
{
	bool color = isatty(STDOUT_FILENO);

	printf("%s%-4s%s  ", color ? status_colors[status] : "", status_names[status],
	       color ? "\033[0m" : "");
}

static void print_finding(struct doctor *doctor, const struct weft_probe *probe)
{
	if (probe->since && !doctor->is_in_table)
		puts("\nkernel features:    here    since  without it");
	doctor->is_in_table = probe->since != NULL;
	print_status(probe->status);
	if (probe->since)
		printf("%-13s %-7s %-6s %s\n", probe->name, probe->found, probe->since,
		       probe->without);
	else
		printf("%-13s %s\n", probe->name, probe->found);
	if (*probe->advice)
		printf("                     -> %s\n", probe->advice);
}

static void take(const struct weft_probe *probe, void *ctx)
{
	struct doctor *doctor = ctx;

	doctor->counts[probe->status]++;
	if (probe->since && !strcmp(probe->name, "tcx"))
		doctor->has_tcx = probe->status == WEFT_PROBE_OK;
	if (!doctor->json) {
		print_finding(doctor, probe);
		return;
	}
	json_array_append_new(doctor->findings,
			      json_pack("{ssssssss ss*ss*}", "name", probe->name, "status",
					status_names[probe->status], "found", probe->found,
					"advice", probe->advice, "since", probe->since, "without",
					probe->without));
}

static void look(struct doctor *doctor, const struct wf_config *config, const char *ifname)
{
	if (!doctor->json)
		puts("kernel and host:");
	weft_probe_host(take, doctor);
	if (!doctor->json)
		puts("");
	wf_privileges_probe(config, doctor->has_tcx, take, doctor);
	if (!ifname)
		return;
	if (!doctor->json)
		printf("\ninterface %s:\n", ifname);
	weft_probe_interface(ifname, take, doctor);
}

static int remove_stale(const char *ifname)
{
	uint32_t removed;
	int err = weft_remove_stale(ifname, &removed);

	if (err == -EBUSY) {
		wf_say_error(
			"doctor: %s: a running weft uses this interface, so its tc filters are not "
			"stale and were not removed",
			ifname);
		return WF_EXIT_NOT_ALLOWED;
	}
	if (err) {
		wf_say_error("doctor: %s: can't remove stale tc filters: %s%s", ifname,
			     strerror(-err), err == -EPERM ? "; run as root" : "");
		return WF_EXIT_NOT_ALLOWED;
	}
	wf_say_note("%s: %u stale tc filters removed", ifname, removed);
	return WF_EXIT_DONE;
}

static int run_doctor(struct wf_options *options)
{
	struct doctor doctor = {.json = options->json, .has_tcx = true};
	int status;

	if (options->args_count > 0) {
		wf_say_error("doctor: unexpected argument '%s' (use -i to name an interface)",
			     options->args[0]);
		return WF_EXIT_USAGE;
	}
	if (options->ifname && !if_nametoindex(options->ifname)) {
		wf_say_error("doctor: %s: no such interface (see 'ip link')", options->ifname);
		return WF_EXIT_INPUT;
	}
	if (options->own[REMOVE_STALE] && !options->ifname) {
		wf_say_error("doctor: --remove-stale needs an interface (-i IFACE)");
		return WF_EXIT_USAGE;
	}
	status = options->own[REMOVE_STALE] ? remove_stale(options->ifname) : WF_EXIT_DONE;
	if (status)
		return status;
	if (doctor.json)
		doctor.findings = json_array();
	look(&doctor, &options->config, options->ifname);
	if (doctor.json) {
		json_dumpf(doctor.findings, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(doctor.findings);
	} else {
		printf("\n%u ok, %u could be better, %u failed\n", doctor.counts[WEFT_PROBE_OK],
		       doctor.counts[WEFT_PROBE_WARN], doctor.counts[WEFT_PROBE_FAIL]);
	}
	return doctor.counts[WEFT_PROBE_FAIL] > 0 ? WF_EXIT_NOT_ALLOWED : WF_EXIT_DONE;
}

WF_CMD(doctor) = {
	.name = "doctor",
	.position = 40,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_JSON,
	.own = own,
	.usage = "[-i IFACE [--remove-stale]] [--json]",
	.summary = "check kernel, host and interface, and recommend changes",
	.details = "Without --remove-stale, nothing is changed. The exit status is 4 if live\n"
		   "capture is not possible.\n",
	.run = run_doctor,
};
