/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_map.h - reads the kernel's flow map while it changes.
 *
 * Thread: any.
 */
#ifndef WF_CAPTURE_MAPS_FLOW_MAP_H
#define WF_CAPTURE_MAPS_FLOW_MAP_H

#include <stdint.h>

#include "packet/packet.h"

/*
 * One entry of the flow map. Index [i] is the direction that endpoint i of the key sends. Times:
 * CLOCK_MONOTONIC.
 */
struct wf_kernel_flow {
	struct weft_flow_key key;
	uint32_t worker;
	uint64_t packets[2];
	uint64_t bytes[2]; /* sums of IP packet lengths */
	uint64_t kept_packets[2];
	uint64_t kept_bytes[2];
	uint64_t first_ns;
	uint64_t last_ns;
	uint16_t tcp_flags[2];
	enum weft_verdict verdict[2];
};

/* Callback for one entry. @flow: lent until the callback returns. */
typedef void (*wf_kernel_flow_fn)(const struct wf_kernel_flow *flow, void *ctx);

/*
 * Call @fn for each entry that exists during the whole call. Entries that are added or removed
 * meanwhile may be left out. Return: 0 on success; -ENOMEM; other negative errno of the look-up.
 */
int wf_flow_map_each(int map_fd, wf_kernel_flow_fn fn, void *ctx);

#endif
