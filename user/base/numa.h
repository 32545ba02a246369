/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numa.h - which memory node a CPU or a network device is at, and memory that lies at one.
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
	int node; /* -1: the kernel does not tell */
};

/* Return: -1: it has none (virtual devices), or there is only one node. */
int wf_numa_netdev_node(const char *sysfs, const char *ifname);

/*
 * Fill in the nodes of @count CPUs, and put those first that are at nodes[0], then nodes[1], ...;
 * otherwise they stay in their order.
 */
void wf_numa_order(const char *sysfs, const int *nodes, uint32_t nodes_count,
		   struct wf_cpu_place *places, uint32_t count);

/*
 * Pages of this memory, which have none yet, come from @node as long as it has some. @start at
 * a page's begin. Return: 0 or negative errno: it is as before.
 */
int wf_numa_bind(void *start, uint64_t bytes, int node);

#endif
