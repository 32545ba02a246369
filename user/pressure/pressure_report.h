/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure_report.h - the state of memory pressure and cleanup as other threads may read it: the
 * last level changes, the last readings of the sources, and the last results of the cleanup tasks.
 *
 * Memory: one struct with fixed tables. Thread: the housekeeping thread (engine/) writes, any
 * thread reads; the lock is held only while data is copied.
 */
#ifndef WF_PRESSURE_PRESSURE_REPORT_H
#define WF_PRESSURE_PRESSURE_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include <weft/limits.h>
#include <weft/pressure.h>

#include "base/lock.h"
#include "pressure/pressure.h"

struct wf_cleanup;

struct wf_pressure_report {
	struct wf_lock lock; /* protects all members below */
	/* ring of the last changes, in order of change number */
	struct weft_pressure_change changes[WEFT_PRESSURE_CHANGES_MAX];
	uint64_t changes_count;
	struct weft_pressure_source sources[WEFT_PRESSURE_SOURCES_MAX];
	uint32_t sources_count;
	struct weft_cleanup tasks[WEFT_CLEANUP_TASKS_MAX];
	uint32_t tasks_count;
};

/* Initialise @report, which must be zeroed. */
void wf_pressure_report_init(struct wf_pressure_report *report, uint32_t lock_timeout_ms);
void wf_pressure_report_fini(struct wf_pressure_report *report);

/* Record and log a change of the level. @highest: the highest reading, which determined @to. */
void wf_pressure_report_add_change(struct wf_pressure_report *report, enum weft_pressure_level from,
				   enum weft_pressure_level to,
				   const struct wf_pressure_reading *highest);

/* Copy the current state of the sources and tasks. */
void wf_pressure_report_update(struct wf_pressure_report *report,
			       const struct wf_pressure *pressure,
			       const struct wf_cleanup *cleanup);

/* Implement the public calls of weft/pressure.h. */
size_t wf_pressure_report_changes(struct wf_pressure_report *report, uint64_t after,
				  struct weft_pressure_change *ret_changes, size_t max);
void wf_pressure_report_sources(struct wf_pressure_report *report, weft_pressure_source_fn fn,
				void *ctx);
void wf_pressure_report_tasks(struct wf_pressure_report *report, weft_cleanup_fn fn, void *ctx);

#endif
