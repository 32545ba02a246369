// SPDX-License-Identifier: BSD-2-Clause
/*
 * pressure_report.c - a copy of the pressure state, written by the housekeeping thread (engine/)
 * and read by any thread under a lock.
 */
#include "pressure/pressure_report.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "pressure/cleanup.h"

void wf_pressure_report_init(struct wf_pressure_report *report, uint32_t lock_timeout_ms)
{
	wf_lock_init(&report->lock, lock_timeout_ms);
}

void wf_pressure_report_fini(struct wf_pressure_report *report)
{
	wf_lock_fini(&report->lock);
}

static bool lock(struct wf_pressure_report *report)
{
	return !wf_lock_take(&report->lock, "pressure");
}

static void unlock(struct wf_pressure_report *report)
{
	wf_lock_put(&report->lock);
}

void wf_pressure_report_add_change(struct wf_pressure_report *report, enum weft_pressure_level from,
				   enum weft_pressure_level to,
				   const struct wf_pressure_reading *highest)
{
	struct weft_pressure_change change = {
		.number = report->changes_count + 1,
		.time_ns = wf_clock_realtime_ns(),
		.from = from,
		.to = to,
		.percent = highest->percent,
		.source = highest->name,
	};

	wf_info("memory: pressure level changed from %s to %s: source %s reads %u %% (see MEMORY "
		"PRESSURE in weft.conf(5))",
		weft_pressure_level_name(from), weft_pressure_level_name(to), change.source,
		change.percent);
	if (!lock(report))
		return;
	report->changes[report->changes_count++ % WEFT_PRESSURE_CHANGES_MAX] = change;
	unlock(report);
}

static void add_source(const struct wf_pressure_reading *reading, void *ctx)
{
	struct wf_pressure_report *report = ctx;

	report->sources[report->sources_count++] = (struct weft_pressure_source){
		.name = reading->name,
		.percent = reading->percent,
		.err = reading->err,
		.errors = reading->errors,
	};
}

static void add_task(const struct wf_cleanup_stats *stats, void *ctx)
{
	struct wf_pressure_report *report = ctx;

	report->tasks[report->tasks_count++] = (struct weft_cleanup){
		.name = stats->name,
		.interval_ns = stats->interval_ns,
		.ttl_ns = stats->ttl_ns,
		.runs = stats->runs,
		.removed = stats->removed,
		.errors = stats->errors,
		.last_err = stats->last_err,
	};
}

void wf_pressure_report_update(struct wf_pressure_report *report,
			       const struct wf_pressure *pressure, const struct wf_cleanup *cleanup)
{
	if (!lock(report))
		return;
	report->sources_count = 0;
	wf_pressure_each_reading(pressure, add_source, report);
	report->tasks_count = 0;
	wf_cleanup_each(cleanup, add_task, report);
	unlock(report);
}

size_t wf_pressure_report_changes(struct wf_pressure_report *report, uint64_t after,
				  struct weft_pressure_change *ret_changes, size_t max)
{
	uint64_t next = after;
	size_t count = 0;

	if (!lock(report))
		return 0;
	if (report->changes_count > WEFT_PRESSURE_CHANGES_MAX &&
	    next < report->changes_count - WEFT_PRESSURE_CHANGES_MAX)
		next = report->changes_count - WEFT_PRESSURE_CHANGES_MAX;
	while (next < report->changes_count && count < max)
		ret_changes[count++] = report->changes[next++ % WEFT_PRESSURE_CHANGES_MAX];
	unlock(report);
	return count;
}

void wf_pressure_report_sources(struct wf_pressure_report *report, weft_pressure_source_fn fn,
				void *ctx)
{
	struct weft_pressure_source sources[WEFT_PRESSURE_SOURCES_MAX];
	uint32_t count;

	if (!lock(report))
		return;
	count = report->sources_count;
	memcpy(sources, report->sources, count * sizeof(*sources));
	unlock(report);
	for (uint32_t i = 0; i < count; i++)
		fn(&sources[i], ctx);
}

void wf_pressure_report_tasks(struct wf_pressure_report *report, weft_cleanup_fn fn, void *ctx)
{
	struct weft_cleanup tasks[WEFT_CLEANUP_TASKS_MAX];
	uint32_t count;

	if (!lock(report))
		return;
	count = report->tasks_count;
	memcpy(tasks, report->tasks, count * sizeof(*tasks));
	unlock(report);
	for (uint32_t i = 0; i < count; i++)
		fn(&tasks[i], ctx);
}
