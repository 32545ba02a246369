/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * placement.h - live: each worker on a CPU of its own, its memory at that CPU's node.
 *
 * CPUs at the NIC's node come first. On a machine with one node only threads are placed.
 */
#ifndef WF_ENGINE_PLACEMENT_H
#define WF_ENGINE_PLACEMENT_H

#include <stdint.h>

struct wf_arena;
struct wf_cpu_place;
struct wf_ifaces;
struct wf_worker;

/* Sets each worker's pin_cpu and node. */
void wf_placement_choose(struct wf_worker *workers, uint32_t count, const struct wf_ifaces *ifaces);

/* The same, on the CPUs of @places, of which there are as many as workers. */
void wf_placement_set(struct wf_worker *workers, uint32_t count, const struct wf_cpu_place *places);

/* Before the arena is used: a part at each node, sized by the node's share of the workers. */
void wf_placement_divide(struct wf_arena *arena, struct wf_worker *workers, uint32_t count);

#endif
