/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint.h - one host that is seen in connections. A plain value, which may be copied.
 */
#ifndef WF_ENDPOINTS_ENDPOINT_H
#define WF_ENDPOINTS_ENDPOINT_H

#include <stdint.h>

/**
 * struct wf_endpoint - a host, as seen since it was added to the table
 * @addr:     network order, IPv4 as ::ffff:a.b.c.d
 * @first_ns, @last_ns: times of the first and the last open or close of a connection, in ns since
 *            1970
 * @seen_ns:  CLOCK_MONOTONIC time at which the last event of the host was read
 * @total:    connections whose OPEN event was counted, and those whose CLOSE event arrived while
 *            @open was 0, because their OPEN event was not counted
 * @as_client: number of connections of @total that the host opened
 * @open:     current connections
 * @sent_bytes, @received_bytes: bytes of connections that have ended, as in struct weft_flow_counts
 */
struct wf_endpoint {
	uint8_t addr[16];
	uint64_t first_ns;
	uint64_t last_ns;
	uint64_t seen_ns;
	uint64_t total;
	uint64_t as_client;
	uint64_t open;
	uint64_t sent_bytes;
	uint64_t received_bytes;
};

#endif
