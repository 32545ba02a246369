// SPDX-License-Identifier: BSD-2-Clause
/*
 * placement.c - chooses the CPU and NUMA node of each worker, and divides the arena among nodes.
 *
 * Registering the arena as UMEM populates all of it on the main thread, so the node of each part
 * must be set before.
 */
#include "engine/placement.h"

#include <stdlib.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/numa.h"
#include "engine/ifaces.h"
#include "memory/arena.h"
#include "worker/worker.h"

void wf_placement_set(struct wf_worker *workers, uint32_t count, const struct wf_cpu_place *places)
{
	for (uint32_t i = 0; i < count; i++) {
		workers[i].pin_cpu = places[i].cpu;
		workers[i].node = places[i].node;
	}
}

void wf_placement_choose(struct wf_worker *workers, uint32_t count, const struct wf_ifaces *ifaces,
			 bool pins)
{
	uint32_t cpus = wf_cpu_count();
	int nodes[WEFT_INTERFACES_MAX];
	struct wf_cpu_place *places;

	if (!ifaces->count || count > cpus)
		return;
	places = calloc(cpus, sizeof(*places));
	if (!places)
		return; /* leave all workers unpinned */
	for (uint32_t i = 0; i < cpus; i++)
		places[i].cpu = wf_cpu_nth(i);
	for (uint32_t i = 0; i < ifaces->count; i++)
		nodes[i] = wf_numa_netdev_node(WF_SYSFS, ifaces->list[i].name);
	wf_numa_order(WF_SYSFS, nodes, ifaces->count, places, cpus);
	wf_placement_set(workers, count, places);
	for (uint32_t i = 0; !pins && i < count; i++)
		workers[i].pin_cpu = -1;
	free(places);
}

static uint32_t count_at(const struct wf_worker *workers, uint32_t count, int node)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < count; i++)
		at += workers[i].node == node;
	return at;
}

void wf_placement_divide(struct wf_arena *arena, struct wf_worker *workers, uint32_t count)
{
	struct wf_arena_part parts[WEFT_WORKERS_MAX];
	uint32_t parts_count = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t part = 0;

		while (part < parts_count && parts[part].node != workers[i].node)
			part++;
		if (part == parts_count)
			parts[parts_count++] = (struct wf_arena_part){
				.node = workers[i].node,
				.weight = count_at(workers, count, workers[i].node),
			};
		workers[i].arena_part = part;
	}
	if (parts_count < 2)
		return;
	for (uint32_t i = 0; i < parts_count; i++)
		wf_info("memory: %u of %u workers take their memory from NUMA node %d",
			parts[i].weight, count, parts[i].node);
	wf_arena_divide(arena, parts, parts_count);
}
