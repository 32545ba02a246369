/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * placement.h - chooses a CPU for each worker of a live capture, pins the worker to it in tap mode,
 * and takes its memory from that CPU's NUMA node.
 *
 * CPUs on the NIC's node are used first. On a machine with one node, only threads are placed. In
 * host mode workers are not pinned: the scheduler then runs them where the host's own work leaves
 * time.
 */
#ifndef WF_ENGINE_PLACEMENT_H
#define WF_ENGINE_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

struct wf_arena;
struct wf_cpu_place;
struct wf_ifaces;
struct wf_worker;

/*
 * Choose each worker's node and, if @pins is true, pin_cpu. They stay -1 (not placed) without
 * interfaces, or if there are more workers than CPUs.
 */
void wf_placement_choose(struct wf_worker *workers, uint32_t count, const struct wf_ifaces *ifaces,
			 bool pins);

/* Set each worker's pin_cpu and node from @places, an array of @count CPUs. */
void wf_placement_set(struct wf_worker *workers, uint32_t count, const struct wf_cpu_place *places);

/*
 * Divide the arena into one part per node, sized by the node's number of workers. Call before other
 * threads use the arena, and before it is registered as UMEM.
 */
void wf_placement_divide(struct wf_arena *arena, struct wf_worker *workers, uint32_t count);

#endif
