/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow.h - identity of a connection, and its record when it ends.
 *
 * All structs are plain values without pointers, and may be copied.
 */
#ifndef WEFT_FLOW_H
#define WEFT_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/table.h>

/** Direction of a segment or stream, seen from the side that opened the connection. */
enum weft_dir {
	WEFT_TO_SERVER = 0,
	WEFT_TO_CLIENT = 1,
};
#define WEFT_DIR_COUNT (WEFT_TO_CLIENT + 1)

/**
 * struct weft_flow - identity of one connection
 * @id:        unique in this run; at most 2^53 - 1, the largest integer that JSON readers keep
 * exact
 * @use:       1 for the first connection seen on this four-tuple, 2 for the second, and so on
 * @src_addr:  the side that opened the connection (midstream: the likelier client), network order,
 *             IPv4 as ::ffff:a.b.c.d
 * @dst_addr:  the other side
 * @src_port, @dst_port: host order
 * @vlan:      outer and inner VLAN id in front of the innermost IP header; 0: untagged
 * @vni:       identifier of the innermost tunnel that has one (VXLAN, GENEVE, GRE key); 0: none.
 *             An identifier that differs by direction (GTP-U TEID) is not used
 * @ip_version: 4 or 6
 */
struct weft_flow {
	uint64_t id;
	uint32_t use;
	uint32_t vni;
	uint8_t src_addr[16];
	uint8_t dst_addr[16];
	uint16_t src_port;
	uint16_t dst_port;
	uint16_t vlan[2];
	uint8_t ip_version;
	uint8_t pad[7];
};

#define WEFT_CLOSE_REASONS(X)                                                              \
	X(WEFT_CLOSE_FIN, 0, "fin", "both directions finished")                            \
	X(WEFT_CLOSE_RST, 1, "rst", "either side reset the connection")                    \
	X(WEFT_CLOSE_TIMEOUT, 2, "timeout",                                                \
	  "no segment came for the timeout of the connection's state")                     \
	X(WEFT_CLOSE_REUSED, 3, "reused", "a new connection began on the same four-tuple") \
	X(WEFT_CLOSE_EVICTED, 4, "evicted", "a limit was reached")                         \
	X(WEFT_CLOSE_END, 5, "shutdown", "the capture ended or weft was stopped")

/** Why a connection's record ends. EVE: flow.reason; metrics: label reason of
 * weft_connections_closed_total. */
enum weft_close_reason { WEFT_CLOSE_REASONS(WEFT_TABLE_ENUM) };
#define WEFT_CLOSE_REASON_COUNT (0 WEFT_CLOSE_REASONS(WEFT_TABLE_COUNT))

#define WEFT_FLOW_STATES(X)                                         \
	X(WEFT_FLOW_NEW, 0, "new", "the handshake is not complete") \
	X(WEFT_FLOW_ESTABLISHED, 1, "established",                  \
	  "the handshake is complete, or data was seen without it") \
	X(WEFT_FLOW_CLOSED, 2, "closed", "both directions finished, or either side reset it")

/** Progress of a connection. EVE: flow.state. */
enum weft_flow_state { WEFT_FLOW_STATES(WEFT_TABLE_ENUM) };
#define WEFT_FLOW_STATE_COUNT (0 WEFT_FLOW_STATES(WEFT_TABLE_COUNT))

/**
 * struct weft_flow_counts - one direction of a connection
 * @packets, @bytes:         segments seen, and their IP bytes (headers included)
 * @stream_bytes:            bytes delivered, in order, once
 * @gap_count, @gap_bytes:   gaps reported, and their total length
 * @retransmitted_segments:  segments whose data had all been received before
 * @overlap_segments:        segments that carried bytes already held
 * @conflict_segments:       overlap segments whose bytes differed from those held
 * @out_of_order_segments:   segments received before one that precedes them in the stream
 * @tcp_flags:               bitwise or of all TCP flags seen (low byte as on the wire, AE is 0x100)
 */
struct weft_flow_counts {
	uint64_t packets;
	uint64_t bytes;
	uint64_t stream_bytes;
	uint64_t gap_bytes;
	uint32_t gap_count;
	uint32_t retransmitted_segments;
	uint32_t overlap_segments;
	uint32_t conflict_segments;
	uint32_t out_of_order_segments;
	uint16_t tcp_flags;
	uint16_t pad;
};

/** struct weft_flow_record - what is known of a connection when it ends: the `flow` event */
struct weft_flow_record {
	uint64_t start_ns; /* first packet, ns since 1970 */
	uint64_t end_ns;   /* last packet */
	struct weft_flow_counts counts[WEFT_DIR_COUNT];
	enum weft_close_reason reason;
	enum weft_flow_state state;
	bool midstream; /* its handshake was not seen */
	uint8_t pad[7];
};

#endif
