/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numa.h - finds the NUMA nodes of CPUs and network devices, and sets the preferred node of memory.
 *
 * @sysfs: where sysfs is mounted ("/sys"). Thread: any.
 */
#ifndef WF_BASE_NUMA_H
#define WF_BASE_NUMA_H

#include <stdint.h>

#define WF_SYSFS "/sys"

enum { WF_NUMA_NODES_MAX = 1024 };

struct wf_cpu_place {
	int cpu;
	int node; /* NUMA node; -1: unknown */
};

/*
 * Return the NUMA node of a network device; -1 if sysfs names none, as for virtual devices and on
 * hosts without NUMA.
 */
int wf_numa_netdev_node(const char *sysfs, const char *ifname);

/*
 * Look up the node of each of the @count CPUs in @places, and sort them by node: those of node
 * nodes[0] first, then those of node nodes[1], and so on; those of all other nodes last. CPUs with
 * the same rank keep their order.
 */
void wf_numa_order(const char *sysfs, const int *nodes, uint32_t nodes_count,
		   struct wf_cpu_place *places, uint32_t count);

/*
 * Let the kernel prefer memory of @node for those pages of the range that are not populated yet.
 * @start: page-aligned. Return: 0; negative errno: nothing has changed.
 */
int wf_numa_bind(void *start, uint64_t bytes, int node);

#endif
