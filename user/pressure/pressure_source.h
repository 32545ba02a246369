/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure_source.h - the sources of pressure.h: the budget, the process, PSI and the cgroup.
 *
 * Each source is a wf_pressure_read_fn with its context. Contexts contain the paths, so that tests
 * can use their own files.
 *
 * Thread: the housekeeping thread (engine/); a reading needs a few system calls, that of the budget
 * none.
 */
#ifndef WF_PRESSURE_PRESSURE_SOURCE_H
#define WF_PRESSURE_PRESSURE_SOURCE_H

#include <stdint.h>

#include "pressure/cgroup.h"

struct wf_budget;

/*
 * Read the use of the budget. @ctx: struct wf_budget. The percentage excludes the reservations that
 * wf_budget_fixed() returns (tables, receive frames, workers, rings, BPF maps), because they do not
 * depend on the traffic; free spans and idle pages count as unused.
 */
int wf_pressure_read_budget(void *ctx, uint32_t *ret_percent);

/*
 * Context of wf_pressure_read_process(), which compares the resident memory of this process
 * (anonymous and shared memory, without mapped files) with limit + slack. The percentage excludes
 * the same reservations as that of the budget. Unlike the budget, this source sees memory that is
 * not charged to any budget.
 */
struct wf_pressure_process {
	const struct wf_budget *budget; /* borrowed */
	uint64_t slack_bytes;	 /* memory allowed on top of the limit: code, stacks, libraries */
	const char *status_path; /* "/proc/self/status" */
};
int wf_pressure_read_process(void *ctx, uint32_t *ret_percent);

/*
 * Read the time that tasks lost waiting for memory: the kernel's PSI, "some avg10". @ctx: the path,
 * normally "/proc/pressure/memory". 10 % lost time is reported as 70, 25 % as 85, 35 % as 95.
 */
int wf_pressure_read_psi(void *ctx, uint32_t *ret_percent);

/*
 * Context of wf_pressure_read_cgroup(), which compares the memory use of our cgroup (v2 or v1) and
 * of its ancestors with their limits. Our own free spans count as unused.
 */
struct wf_pressure_cgroup {
	const struct wf_budget *budget; /* borrowed; NULL: no budget */
	struct wf_cgroup group;
};
int wf_pressure_read_cgroup(void *ctx, uint32_t *ret_percent);

#endif
