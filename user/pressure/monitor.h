/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor.h - measures the memory pressure of one arena from the usual sources, and runs its
 * cleanup tasks.
 *
 *   wf_monitor_run() ──each interval──► pressure: budget, process, PSI, cgroup
 *                   │                     └─ level rose: limit the arena, shorten TTLs, return
 *                   │                        free memory to the system, then the owner's
 *                   │                        handlers; level fell: the owner's handlers, then
 *                   │                        the arena and the TTLs
 *                   ├──when due──► cleanup tasks: return free memory to the system, then the
 *                   │              owner's tasks
 *                   └──► publish the memory_* metrics
 *
 * Thread: main until the housekeeping thread (engine/) runs, then that thread.
 */
#ifndef WF_PRESSURE_MONITOR_H
#define WF_PRESSURE_MONITOR_H

#include <stdint.h>

#include "pressure/pressure.h"

struct wf_arena;
struct wf_cleanup;
struct wf_metrics;
struct wf_monitor;

/* Name of the pressure source that reads the memory budget of weft. */
#define WF_PRESSURE_BUDGET_NAME "budget"

struct wf_monitor_opts {
	struct wf_arena *arena; /* borrowed */
	struct wf_pressure_opts pressure;
	uint64_t interval_ns; /* time between two pressure checks */

	/*
	 * Memory allowed on top of the limit for code, stacks and libraries; 0: the size of the
	 * process is not checked.
	 */
	uint64_t slack_bytes;

	/* Paths of the kernel's files; NULL: the default path, given beside each member. They must
	 * outlive the monitor. */
	const char *proc_dir;	/* /proc/self */
	const char *psi_path;	/* /proc/pressure/memory; "": PSI is not read */
	const char *cgroup_dir; /* /sys/fs/cgroup */
};

/*
 * Create a monitor. Return: 0 on success; -EINVAL if opts->pressure is invalid or the interval is
 * 0; -ENOMEM.
 */
int wf_monitor_new(const struct wf_monitor_opts *opts, struct wf_metrics *metrics, uint64_t now_ns,
		   struct wf_monitor **ret_monitor);

/* Free @monitor; NULL is allowed. */
void wf_monitor_free(struct wf_monitor *monitor);

/* Return the pressure object, to which the owner adds handlers. It lives as long as @monitor. */
struct wf_pressure *wf_monitor_pressure(struct wf_monitor *monitor);

/* Return the cleanup object, to which the owner adds tasks. It lives as long as @monitor. */
struct wf_cleanup *wf_monitor_cleanup(struct wf_monitor *monitor);

/* Return the percentage to which timeouts and TTLs are shortened at @level. */
uint32_t wf_monitor_ttl_percent(enum weft_pressure_level level);

/*
 * Check the pressure and run the cleanup tasks that are due at @now_ns (CLOCK_MONOTONIC). Return:
 * the time at which this function must be called again.
 */
uint64_t wf_monitor_run(struct wf_monitor *monitor, uint64_t now_ns);

#endif
