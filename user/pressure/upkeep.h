/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upkeep.h - the usual pressure sources and cleanup tasks of one arena, run by one call.
 *
 *   wf_upkeep_run() ──each interval──► pressure: budget, process, PSI, cgroup
 *                   │                     └─ level changed: squeeze the arena, shorten TTLs,
 *                   │                        hand back free memory, then the owner's handlers
 *                   ├──when due──► cleanup tasks: hand back free memory, then the owner's tasks
 *                   └──► publish the memory_* metrics
 *
 * Thread: main.
 */
#ifndef WF_PRESSURE_UPKEEP_H
#define WF_PRESSURE_UPKEEP_H

#include <stdint.h>

#include "pressure/pressure.h"

struct wf_arena;
struct wf_cleanup;
struct wf_metrics;
struct wf_upkeep;

/* The name of the source that reads our budget. */
#define WF_PRESSURE_BUDGET_NAME "budget"

struct wf_upkeep_opts {
	struct wf_arena *arena; /* borrowed */
	struct wf_pressure_opts pressure;
	uint64_t interval_ns; /* between two checks of the pressure */

	/* Allowed beside the limit: code, stacks, libraries; 0: the process is not watched. */
	uint64_t slack_bytes;

	/* Where the kernel tells; NULL: where it always does. They outlive us. */
	const char *proc_dir;	/* /proc/self */
	const char *psi_path;	/* /proc/pressure/memory; "": not asked */
	const char *cgroup_dir; /* /sys/fs/cgroup */
};

/* Return: 0; -EINVAL: thresholds or an interval that make no sense; -ENOMEM. */
int wf_upkeep_new(const struct wf_upkeep_opts *opts, struct wf_metrics *metrics, uint64_t now_ns,
		  struct wf_upkeep **ret_upkeep);

/* NULL is allowed. */
void wf_upkeep_free(struct wf_upkeep *upkeep);

/* For handlers and tasks of the owner. Live as long as @upkeep. */
struct wf_pressure *wf_upkeep_pressure(struct wf_upkeep *upkeep);
struct wf_cleanup *wf_upkeep_cleanup(struct wf_upkeep *upkeep);

/* The part of every timeout that counts at @level; 100 is all of it. */
uint32_t wf_upkeep_ttl_percent(enum wf_pressure_level level);

/* Do what is due at @now_ns (monotonic). Return: when to call again at the latest. */
uint64_t wf_upkeep_run(struct wf_upkeep *upkeep, uint64_t now_ns);

#endif
