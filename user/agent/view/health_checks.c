// SPDX-License-Identifier: BSD-2-Clause
/*
 * health_checks.c - the table of health checks, one row each.
 *
 * A check compares one part of the facts with limits and reports any number of reasons; its row has
 * the name, the status of these reasons, and a text that says what helps against them.
 */
#include "agent/view/health_checks.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS  1000000u
#define NS_PER_SEC 1000000000u

enum { AGO_BYTES = 32 };

/* Passes the reasons of all checks to @fn, one check after another. */
struct report {
	const char *what;	      /* name of the current check */
	enum wf_health_status status; /* status that its reasons have */
	enum wf_health_status worst;  /* worst status of all checks so far */
	wf_health_reason_fn fn;
	void *ctx;
};

static void add_reason(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_reason(struct report *report, const char *format, ...)
{
	char detail[400];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	if (report->status > report->worst)
		report->worst = report->status;
	report->fn(report->what, detail, report->status, report->ctx);
}

/*
 * Write how long ago a loss was: "now" for less than 2 s, because losses of frames are noticed only
 * once per second, and one that goes on can seem more than a second old.
 */
static const char *ago(uint64_t sec, char buf[AGO_BYTES])
{
	if (sec < 2)
		snprintf(buf, AGO_BYTES, "now");
	else
		snprintf(buf, AGO_BYTES, "%" PRIu64 " s ago", sec);
	return buf;
}

/* ---- checks ---- */

static void check_workers(const struct wf_health_facts *facts, struct report *report)
{
	for (size_t i = 0; i < facts->workers_count; i++) {
		uint64_t ms = facts->workers[i].last_seen_ns / NS_PER_MS;

		if (ms >= WF_HEALTH_WORKER_STALLED_MS)
			add_reason(report,
				   "worker %u has not run for %" PRIu64 ".%" PRIu64
				   " s, so capture %shas stopped",
				   facts->workers[i].index, ms / 1000, ms % 1000 / 100,
				   facts->workers_count > 1 ? "of its share of the traffic " : "");
	}
}

static void check_lost(const struct wf_health_facts *facts, struct report *report)
{
	for (size_t i = 0; i < facts->interfaces_count; i++) {
		const struct wf_health_interface *interface = &facts->interfaces[i];

		if (interface->state == WEFT_INTERFACE_DETACHED)
			add_reason(report, "%s: another process detached the BPF programs",
				   interface->name);
		else if (interface->state == WEFT_INTERFACE_GONE)
			add_reason(report, "%s: the interface is gone", interface->name);
	}
}

static void check_down(const struct wf_health_facts *facts, struct report *report)
{
	for (size_t i = 0; i < facts->interfaces_count; i++)
		if (facts->interfaces[i].state == WEFT_INTERFACE_DOWN)
			add_reason(report, "%s: the interface was set down",
				   facts->interfaces[i].name);
}

static void check_carrier(const struct wf_health_facts *facts, struct report *report)
{
	for (size_t i = 0; i < facts->interfaces_count; i++)
		if (facts->interfaces[i].state == WEFT_INTERFACE_NO_CARRIER)
			add_reason(report, "%s: the interface has no link",
				   facts->interfaces[i].name);
}

static void check_outputs(const struct wf_health_facts *facts, struct report *report)
{
	for (size_t i = 0; i < facts->sinks_count; i++)
		if (facts->sinks[i].failure)
			add_reason(report, "the output %s has ended after a failure%s%s",
				   facts->sinks[i].name, *facts->sinks[i].failure ? ": " : "",
				   facts->sinks[i].failure);
}

static bool is_ended_by_weft(enum weft_sub_end end)
{
	return end == WEFT_SUB_FAILED || end == WEFT_SUB_IDLE || end == WEFT_SUB_SLOW;
}

/*
 * Report outputs whose subscription weft has ended. This check is needed because a sink that is
 * blocked in a system call does not notice the end of its subscription, and so has no failure yet.
 */
static void check_subscriptions(const struct wf_health_facts *facts, struct report *report)
{
	for (size_t i = 0; i < facts->subs_count; i++)
		if (is_ended_by_weft(facts->subs[i].ended))
			add_reason(report,
				   "the output %s gets no more events: its subscription "
				   "has ended (%s)",
				   facts->subs[i].name, weft_sub_end_name(facts->subs[i].ended));
}

static void check_disks(const struct wf_health_facts *facts, struct report *report)
{
	for (size_t i = 0; i < facts->sinks_count; i++)
		if (facts->sinks[i].disk_is_full && !facts->sinks[i].failure)
			add_reason(report, "the disk of the output %s is full",
				   facts->sinks[i].name);
}

static void check_reopening(const struct wf_health_facts *facts, struct report *report)
{
	for (size_t i = 0; i < facts->sinks_count; i++)
		if (facts->sinks[i].reopen_failed && !facts->sinks[i].failure)
			add_reason(report,
				   "the output %s could not be opened again (SIGHUP) and is "
				   "written to where it was before; the cause is in the log",
				   facts->sinks[i].name);
}

static void check_connections(const struct wf_health_facts *facts, struct report *report)
{
	for (size_t i = 0; i < facts->sinks_count; i++)
		if (facts->sinks[i].trouble && !facts->sinks[i].failure)
			add_reason(report, "the output %s is %s", facts->sinks[i].name,
				   facts->sinks[i].trouble);
}

static bool is_critical_for_long(const struct wf_health_facts *facts)
{
	return facts->pressure == WEFT_PRESSURE_CRITICAL &&
	       facts->pressure_age_ns / NS_PER_SEC >= WF_HEALTH_CRITICAL_SEC;
}

static void check_critical(const struct wf_health_facts *facts, struct report *report)
{
	if (is_critical_for_long(facts))
		add_reason(report, "memory pressure has been critical for %" PRIu64 " s",
			   facts->pressure_age_ns / NS_PER_SEC);
}

static void check_pressure(const struct wf_health_facts *facts, struct report *report)
{
	if (facts->pressure >= WEFT_PRESSURE_HIGH && !is_critical_for_long(facts))
		add_reason(report, "memory pressure is %s",
			   weft_pressure_level_name(facts->pressure));
}

static void check_shedding(const struct wf_health_facts *facts, struct report *report)
{
	if (facts->shed_percent)
		add_reason(
			report,
			"%" PRIu64
			" %% of new connections are not captured, so that less of the others is lost",
			facts->shed_percent);
}

static void check_losses(const struct wf_health_facts *facts, struct report *report)
{
	uint64_t sec = facts->loss_age_ns / NS_PER_SEC;
	char when[AGO_BYTES];

	if (sec < WF_HEALTH_LOSS_SEC)
		add_reason(
			report,
			"wanted frames were lost, the last ones %s; weft stats shows how many, and where",
			ago(sec, when));
}

static void check_drops(const struct wf_health_facts *facts, struct report *report)
{
	for (size_t i = 0; i < facts->sinks_count; i++) {
		const struct wf_health_sink *sink = &facts->sinks[i];
		uint64_t sec = sink->drop_age_ns / NS_PER_SEC;
		char when[AGO_BYTES];

		if (sec < WF_HEALTH_LOSS_SEC)
			add_reason(
				report,
				"the output %s has dropped %" PRIu64 " events with %" PRIu64
				" payload bytes, the last ones %s, because its queue was full (delivery.queue_bytes%s%s)",
				sink->name, sink->dropped_events, sink->dropped_bytes,
				ago(sec, when), sink->limit_key ? ", " : "",
				sink->limit_key ? sink->limit_key : "");
	}
}

static void check_lag(const struct wf_health_facts *facts, struct report *report)
{
	for (size_t i = 0; i < facts->subs_count; i++) {
		uint64_t sec = facts->subs[i].lag_ns / NS_PER_SEC;

		if (sec >= WF_HEALTH_LAG_SEC)
			add_reason(report,
				   "the consumer of subscription %s has taken no event for "
				   "%" PRIu64 " s",
				   facts->subs[i].name, sec);
	}
}

#define LESS_TRAFFIC "less traffic (a filter, reassembly.depth_bytes, a bypass)"
#define MORE_MEMORY  "a higher memory.max_total_memory_mb, or " LESS_TRAFFIC

static const struct check {
	const char *what;
	enum wf_health_status status;
	void (*check)(const struct wf_health_facts *facts, struct report *report);
	const char *help;
} checks[] = {
	{"worker_stalled", WF_HEALTH_UNHEALTHY, check_workers,
	 "the end of what stops the thread, such as a debugger or a lack of CPU time"},
	{"interface_lost", WF_HEALTH_UNHEALTHY, check_lost,
	 "a restart of weft run; capture.wait_for_interface makes it wait for an interface"},
	{"interface_down", WF_HEALTH_UNHEALTHY, check_down, "ip link set IFACE up"},
	{"output_failed", WF_HEALTH_UNHEALTHY, check_outputs,
	 "a repair of the cause, which is in the log, and a restart of weft run"},
	{"output_cut_off", WF_HEALTH_UNHEALTHY, check_subscriptions,
	 "a faster output or a longer delivery.subscription_ttl_sec, and a restart of weft run"},
	{"disk_full", WF_HEALTH_UNHEALTHY, check_disks,
	 "free space on this disk; the output then continues"},
	{"memory_critical", WF_HEALTH_UNHEALTHY, check_critical, MORE_MEMORY},
	{"output_waits", WF_HEALTH_DEGRADED, check_connections,
	 "a look at the server, and at the network on the way to it"},
	{"output_not_reopened", WF_HEALTH_DEGRADED, check_reopening,
	 "a directory that belongs to agent.user (chown), and SIGHUP once more"},
	{"interface_no_link", WF_HEALTH_DEGRADED, check_carrier,
	 "a look at the cable and its other end"},
	{"memory_pressure", WF_HEALTH_DEGRADED, check_pressure, MORE_MEMORY},
	{"frames_lost", WF_HEALTH_DEGRADED, check_losses,
	 "more CPUs and capture.workers, a larger ring (capture.host_ring_mb or "
	 "capture.ring_frames), or " LESS_TRAFFIC},
	{"shedding", WF_HEALTH_DEGRADED, check_shedding,
	 "as for lost frames or memory pressure; it ends with the overload"},
	{"events_dropped", WF_HEALTH_DEGRADED, check_drops,
	 "a larger delivery.queue_bytes, or a faster output"},
	{"subscription_lag", WF_HEALTH_DEGRADED, check_lag, "a faster output"},
};

const char *wf_health_help(const char *what)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!strcmp(checks[i].what, what))
			return checks[i].help;
	return NULL;
}

enum wf_health_status wf_health_check(const struct wf_health_facts *facts, wf_health_reason_fn fn,
				      void *ctx)
{
	struct report report = {.worst = WF_HEALTH_OK, .fn = fn, .ctx = ctx};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		report.what = checks[i].what;
		report.status = checks[i].status;
		checks[i].check(facts, &report);
	}
	return report.worst;
}

const char *wf_health_status_name(enum wf_health_status status)
{
	static const char *const names[WF_HEALTH_STATUS_COUNT] = {"ok", "degraded", "unhealthy"};

	return names[status];
}
