/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numa.h - finds the NUMA node of a CPU or a network device, and binds memory to a node.
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
 * Return the node of a network device; -1 if it has none (virtual devices), or if there is only
 * one.
 */
int wf_numa_netdev_node(const char *sysfs, const char *ifname);

/*
 * Look up the node of each of @count CPUs and sort the CPUs by node: CPUs of node nodes[0] first,
 * then CPUs of node nodes[1], and so on. CPUs of one node keep their order.
 */
void wf_numa_order(const char *sysfs, const int *nodes, uint32_t nodes_count,
		   struct wf_cpu_place *places, uint32_t count);

/*
 * Request memory of @node for those pages of the range that are not populated yet. @start:
 * page-aligned. Return: 0; negative errno: nothing has changed.
 */
int wf_numa_bind(void *start, uint64_t bytes, int node);

#endif
