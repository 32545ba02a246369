/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_map.h - the kernel's flow map, read while it changes.
 *
 * Thread: any.
 */
#ifndef WF_CAPTURE_MAPS_FLOW_MAP_H
#define WF_CAPTURE_MAPS_FLOW_MAP_H

#include <stdint.h>

#include "packet/packet.h"

/* One entry; arrays by endpoint of the key, times CLOCK_MONOTONIC. */
struct wf_kernel_flow {
	struct weft_flow_key key;
	uint32_t worker;
	uint64_t packets[2];
	uint64_t bytes[2]; /* IP lengths */
	uint64_t kept_packets[2];
	uint64_t kept_bytes[2];
	uint64_t first_ns;
	uint64_t last_ns;
	uint16_t tcp_flags[2];
	enum weft_verdict verdict[2];
};

/* @flow: lent for the call. */
typedef void (*wf_kernel_flow_fn)(const struct wf_kernel_flow *flow, void *ctx);

/*
 * Call @fn for each entry that was there all the time, and some of those that were not.
 * Return: 0; -ENOMEM; other errno of the map.
 */
int wf_flow_map_each(int map_fd, wf_kernel_flow_fn fn, void *ctx);

#endif
