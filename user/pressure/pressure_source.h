/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure_source.h - the sources of pressure.h: our budget, our process, the kernel's view.
 *
 * Each is a wf_pressure_read_fn with its context struct. Paths are in the
 * contexts, so that a test brings its own files.
 *
 * Thread: main; each reading is a few system calls.
 */
#ifndef WF_PRESSURE_PRESSURE_SOURCE_H
#define WF_PRESSURE_PRESSURE_SOURCE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct wf_budget;

/*
 * Use of the budget. @ctx: struct wf_budget. Tables and rx frames are allocated once and for all:
 * the percentage is that of the rest, and free spans and pages are not in use.
 */
int wf_pressure_read_budget(void *ctx, uint32_t *ret_percent);

/*
 * Resident memory of this process (anonymous and shared; mapped files aside) against
 * limit + slack, on the same scale as the budget. It includes memory that no budget counts.
 */
struct wf_pressure_process {
	const struct wf_budget *budget; /* borrowed */
	uint64_t slack_bytes;		/* the constant beside the limit: code, stacks, libraries */
	const char *status_path;	/* "/proc/self/status" */
};
int wf_pressure_read_process(void *ctx, uint32_t *ret_percent);

/*
 * Time that tasks lost waiting for memory: the kernel's PSI, "some avg10". @ctx: path,
 * "/proc/pressure/memory". 10 % of the time lost reads as 70, 25 % as 85, 35 % as 95.
 */
int wf_pressure_read_psi(void *ctx, uint32_t *ret_percent);

/*
 * Use of our cgroup (v2 or v1) and of its ancestors, against their limits; memory that the kernel
 * can reclaim at once (inactive file pages) and our own free spans are not in use.
 */
struct wf_pressure_cgroup {
	const struct wf_budget *budget; /* borrowed; NULL: none */
	bool is_v2;
	char root[PATH_MAX]; /* where the hierarchy is mounted */
	char path[PATH_MAX]; /* our group's folder, root or below */
};

/*
 * Find our memory cgroup. @proc_dir: "/proc/self", @cgroup_dir: "/sys/fs/cgroup".
 * Return: 0; -ENOENT: there is none.
 */
int wf_pressure_cgroup_find(const char *proc_dir, const char *cgroup_dir,
			    const struct wf_budget *budget, struct wf_pressure_cgroup *ret_cgroup);
int wf_pressure_read_cgroup(void *ctx, uint32_t *ret_percent);

#endif
