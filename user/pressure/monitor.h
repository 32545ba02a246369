/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor.h - the usual pressure sources and cleanup tasks of one arena, run by one call.
 *
 *   wf_monitor_run() ──each interval──► pressure: budget, process, PSI, cgroup
 *                   │                     └─ level changed: squeeze the arena, shorten TTLs,
 *                   │                        give back free memory, then the owner's handlers
 *                   ├──when due──► cleanup tasks: give back free memory, then the owner's tasks
 *                   └──► publish the memory_* metrics
 *
 * Thread: main.
 */
#ifndef WF_PRESSURE_MONITOR_H
#define WF_PRESSURE_MONITOR_H

#include <stdint.h>

#include "pressure/pressure.h"

struct wf_arena;
struct wf_cleanup;
struct wf_metrics;
struct wf_monitor;

/* The name of the source that reads our budget. */
#define WF_PRESSURE_BUDGET_NAME "budget"

struct wf_monitor_opts {
	struct wf_arena *arena; /* borrowed */
	struct wf_pressure_opts pressure;
	uint64_t interval_ns; /* between two checks of the pressure */

	/* Allowed beside the limit: code, stacks, libraries; 0: the process is not watched. */
	uint64_t slack_bytes;

	/* Paths of the kernel's files; NULL: the usual ones. They outlive us. */
	const char *proc_dir;	/* /proc/self */
	const char *psi_path;	/* /proc/pressure/memory; "": not read */
	const char *cgroup_dir; /* /sys/fs/cgroup */
};

/* Return: 0; -EINVAL: thresholds out of order, or no interval; -ENOMEM. */
int wf_monitor_new(const struct wf_monitor_opts *opts, struct wf_metrics *metrics, uint64_t now_ns,
		   struct wf_monitor **ret_monitor);

/* NULL is allowed. */
void wf_monitor_free(struct wf_monitor *monitor);

/* For handlers and tasks of the owner. Live as long as @monitor. */
struct wf_pressure *wf_monitor_pressure(struct wf_monitor *monitor);
struct wf_cleanup *wf_monitor_cleanup(struct wf_monitor *monitor);

/* The part of every timeout that applies at @level, in percent. */
uint32_t wf_monitor_ttl_percent(enum weft_pressure_level level);

/* Check and run everything that is due at @now_ns (monotonic). Return: when to call again. */
uint64_t wf_monitor_run(struct wf_monitor *monitor, uint64_t now_ns);

#endif
