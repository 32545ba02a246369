// SPDX-License-Identifier: BSD-2-Clause
#include "base/numa.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LONG_BITS = 8 * sizeof(unsigned long) };

int wf_numa_netdev_node(const char *sysfs, const char *ifname)
{
	char path[PATH_MAX];
	int node = -1;
	FILE *file;

	snprintf(path, sizeof(path), "%s/class/net/%s/device/numa_node", sysfs, ifname);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &node) != 1 || node < 0 || node >= WF_NUMA_NODES_MAX)
		node = -1;
	fclose(file);
	return node;
}

/* The directory of a CPU has a link named after its node ("node0"). */
static int cpu_node(const char *sysfs, int cpu)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int node = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%d", sysfs, cpu);
	dir = opendir(path);
	if (!dir)
		return -1;
	while (node < 0 && (entry = readdir(dir)) != NULL)
		if (sscanf(entry->d_name, "node%d", &node) != 1 || node >= WF_NUMA_NODES_MAX)
			node = -1;
	closedir(dir);
	return node;
}

static uint32_t rank_of(const int *nodes, uint32_t nodes_count, int node)
{
	uint32_t rank = 0;

	while (rank < nodes_count && (nodes[rank] < 0 || nodes[rank] != node))
		rank++;
	return rank;
}

void wf_numa_order(const char *sysfs, const int *nodes, uint32_t nodes_count,
		   struct wf_cpu_place *places, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		places[i].node = cpu_node(sysfs, places[i].cpu);
	/* Insertion sort: the array is small, and equal elements keep their order. */
	for (uint32_t i = 1; i < count; i++) {
		struct wf_cpu_place place = places[i];
		uint32_t rank = rank_of(nodes, nodes_count, place.node);
		uint32_t at = i;

		for (; at && rank_of(nodes, nodes_count, places[at - 1].node) > rank; at--)
			places[at] = places[at - 1];
		places[at] = place;
	}
}

int wf_numa_bind(void *start, uint64_t bytes, int node)
{
	unsigned long mask[WF_NUMA_NODES_MAX / LONG_BITS] = {0};

	if (node < 0 || node >= WF_NUMA_NODES_MAX)
		return -EINVAL;
	mask[node / LONG_BITS] = 1ul << node % LONG_BITS;
	/* mbind() expects the number of bits in the mask, plus one. */
	return syscall(SYS_mbind, start, bytes, MPOL_PREFERRED, mask, WF_NUMA_NODES_MAX + 1, 0)
		       ? -errno
		       : 0;
}
