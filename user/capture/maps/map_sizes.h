/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_sizes.h - how many entries the BPF maps of an interface get, and what the kernel takes
 * for them.
 *
 * The maps are charged before they are made, so their bytes are foretold from what they are made
 * of. wf_maps_bytes() (maps.h) tells what the kernel says afterwards.
 */
#ifndef WF_CAPTURE_MAPS_MAP_SIZES_H
#define WF_CAPTURE_MAPS_MAP_SIZES_H

#include <stdint.h>

struct wf_map_wants {
	uint64_t limit_bytes; /* of all memory */
	uint64_t flows_max;   /* connections that will be followed */
	uint32_t interfaces;
	uint32_t cpus; /* that may have slots for hot flows: wf_hot_flows_cpus() */
};

struct wf_map_sizes {
	uint32_t flows;
	uint32_t handshakes;
	uint32_t hot_cpus; /* 0: no slots, each segment is counted in the flow map */
};

/*
 * As large as the limits allow: flows and handshakes of all interfaces together take one part in
 * WEFT_MAP_PARTS of the limit, hot flows another. Powers of two; flows never less than
 * WEFT_FLOW_MAP_MIN_ENTRIES.
 */
void wf_map_sizes_choose(const struct wf_map_wants *wants, struct wf_map_sizes *ret_sizes);

/* All maps of one interface with @sockets sockets, on a machine of @cpus: at least what they take.
 */
uint64_t wf_map_sizes_bytes(const struct wf_map_sizes *sizes, uint32_t cpus, uint32_t sockets);

#endif
