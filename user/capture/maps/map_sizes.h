/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_sizes.h - computes the number of entries in the BPF maps of an interface, and their kernel
 * memory.
 *
 * The maps are charged to the memory limit before they are created, so their bytes are computed
 * from their layout. After they were created, wf_maps_bytes() (maps.h) returns what the kernel
 * reports.
 */
#ifndef WF_CAPTURE_MAPS_MAP_SIZES_H
#define WF_CAPTURE_MAPS_MAP_SIZES_H

#include <stdint.h>

struct wf_map_wants {
	uint64_t limit_bytes; /* limit of weft's total memory */
	uint64_t flows_max;   /* maximum number of tracked connections */
	uint32_t interfaces;
	uint32_t cpus; /* CPUs that may get hot-flow slots: wf_hot_flows_cpus() */
};

struct wf_map_sizes {
	uint32_t flows;
	uint32_t handshakes;
	uint32_t hot_cpus;  /* number of CPUs with hot-flow slots; 0: no slots */
	uint32_t hot_slots; /* number of slots in each half of one CPU's slots */
};

/*
 * Choose the sizes, which are powers of two. The flow map begins with WEFT_FLOW_MAP_ENTRIES entries
 * and is halved while half of it has room for flows_max connections, or while the flow and
 * handshake maps of all interfaces exceed 1/WEFT_MAP_PARTS of the memory limit. It keeps at least
 * WEFT_FLOW_MAP_MIN_ENTRIES entries, even if these exceed that share. The hot-flow maps use at most
 * 1/WEFT_HOT_PARTS of the limit, but each half of a CPU's slots has at least WEFT_HOT_SLOTS_MIN; if
 * hot-flow maps with the fewest slots would exceed 1/WEFT_MAP_PARTS, no hot-flow slots are used.
 */
void wf_map_sizes_choose(const struct wf_map_wants *wants, struct wf_map_sizes *ret_sizes);

/*
 * Return an upper bound of the kernel memory of all maps of one interface, without the ring buffers
 * of host mode (wf_tc_rings_bytes()). @cpus: number of possible CPUs; @sockets: number of sockets.
 */
uint64_t wf_map_sizes_bytes(const struct wf_map_sizes *sizes, uint32_t cpus, uint32_t sockets);

#endif
