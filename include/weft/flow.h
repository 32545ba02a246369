/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow.h - the identity of a connection, and the record that is reported when it ends.
 *
 * All structs are plain values without pointers, and may be copied.
 */
#ifndef WEFT_FLOW_H
#define WEFT_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/table.h>

/** Direction of a segment or stream, relative to the side that opened the connection. */
enum weft_dir {
	WEFT_TO_SERVER = 0,
	WEFT_TO_CLIENT = 1,
};
#define WEFT_DIR_COUNT (WEFT_TO_CLIENT + 1)

/**
 * struct weft_flow - identity of one connection
 * @id:        number that is unique in this run; 1 to 2^53 - 1, the largest integer that every JSON
 *             reader represents exactly. It contains random bits, so that ids of other runs and
 *             sensors are very likely different. A repeated replay of the same capture files with
 *             the same number of workers gives the same ids
 * @use:       number of the connection among those seen with this four-tuple, counted from 1
 * @src_addr:  address of the side that opened the connection (of the likely client if the handshake
 *             was not seen), network byte order, IPv4 as ::ffff:a.b.c.d
 * @dst_addr:  address of the other side
 * @src_port, @dst_port: host order
 * @vlan:      outer and inner VLAN id of the Ethernet header before the innermost IP header; 0:
 *             untagged, only priority tags, or capture.vlan_in_key is no
 * @vni:       identifier of the innermost tunnel that has one (VNI of VXLAN or GENEVE, key of GRE,
 *             I-SID of PBB); 0: none. GTP-U TEIDs are not used, because they differ between the two
 *             directions
 * @ip_version: 4 or 6
 * @interface: number of the interface that captured the segment with which weft began to track the
 *             connection, in the order of weft_add_interface() from 1; see weft_interface_name().
 *             0: a capture file or weft_submit()
 * @worker:    index of the worker that owns the connection
 * @file:      in an event: number of the capture file that was read when the event occurred, from
 *             1; see weft_file_name(). 0: an interface or weft_submit()
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
	uint8_t interface;
	uint8_t worker;
	uint8_t pad;
	uint16_t file;
	uint8_t pad2[2];
};

#define WEFT_CLOSE_REASONS(X)                                                              \
	X(WEFT_CLOSE_FIN, 0, "fin", "both sides, or the only side seen, sent a FIN")       \
	X(WEFT_CLOSE_RST, 1, "rst", "either side reset the connection")                    \
	X(WEFT_CLOSE_TIMEOUT, 2, "timeout",                                                \
	  "no segment arrived during the idle timeout of the connection's state")          \
	X(WEFT_CLOSE_REUSED, 3, "reused", "a new connection began on the same four-tuple") \
	X(WEFT_CLOSE_EVICTED, 4, "evicted", "a limit was reached")                         \
	X(WEFT_CLOSE_END, 5, "shutdown", "the capture ended or weft was stopped")          \
	X(WEFT_CLOSE_PROGRAM, 6, "program", "the application called weft_flow_end()")

/** The reason why a connection was closed. EVE: flow.close_reason; metrics: label reason of
 * weft_connections_closed_total. */
enum weft_close_reason { WEFT_CLOSE_REASONS(WEFT_TABLE_ENUM) };
#define WEFT_CLOSE_REASON_COUNT (0 WEFT_CLOSE_REASONS(WEFT_TABLE_COUNT))

#define WEFT_FLOW_STATES(X)                                                  \
	X(WEFT_FLOW_NEW, 0, "new", "the handshake is not complete")          \
	X(WEFT_FLOW_ESTABLISHED, 1, "established",                           \
	  "the handshake is complete, or data was seen without a handshake") \
	X(WEFT_FLOW_CLOSED, 2, "closed",                                     \
	  "both sides, or the only side seen, sent a FIN, or either side reset the connection")

/** Progress of a connection. EVE: flow.state. */
enum weft_flow_state { WEFT_FLOW_STATES(WEFT_TABLE_ENUM) };
#define WEFT_FLOW_STATE_COUNT (0 WEFT_FLOW_STATES(WEFT_TABLE_COUNT))

#define WEFT_TCP_STATES(X)                                                                       \
	X(WEFT_TCP_SYN_SENT, 0, "syn_sent", "the client sent a SYN, which was not answered")     \
	X(WEFT_TCP_SYN_RECV, 1, "syn_recv", "the server answered the SYN")                       \
	X(WEFT_TCP_ESTABLISHED, 2, "established",                                                \
	  "the handshake is complete or was not seen, and neither side sent a FIN")              \
	X(WEFT_TCP_FIN_WAIT1, 3, "fin_wait1",                                                    \
	  "only the server sent a FIN, and the client has not acknowledged it")                  \
	X(WEFT_TCP_FIN_WAIT2, 4, "fin_wait2",                                                    \
	  "only the server sent a FIN, and the client acknowledged it")                          \
	X(WEFT_TCP_CLOSING, 5, "closing", "both sides sent a FIN, and neither was acknowledged") \
	X(WEFT_TCP_TIME_WAIT, 6, "time_wait",                                                    \
	  "both sides sent a FIN, and the server has not acknowledged that of the client")       \
	X(WEFT_TCP_CLOSE_WAIT, 7, "close_wait", "only the client sent a FIN")                    \
	X(WEFT_TCP_LAST_ACK, 8, "last_ack",                                                      \
	  "both sides sent a FIN, and the client has not acknowledged that of the server")       \
	X(WEFT_TCP_CLOSED, 9, "closed",                                                          \
	  "both FINs were acknowledged, or either side reset the connection")

/** State of the server's TCP (RFC 9293, 3.3.2), as far as segments were seen. EVE: tcp.state. */
enum weft_tcp_state { WEFT_TCP_STATES(WEFT_TABLE_ENUM) };
#define WEFT_TCP_STATE_COUNT (0 WEFT_TCP_STATES(WEFT_TABLE_COUNT))

/**
 * struct weft_flow_counts - one direction of a connection
 * @packets, @bytes:         number of segments, and the length of their frames on the wire; for
 *                           segments in a tunnel or rebuilt from fragments: their IP bytes
 * @stream_bytes:            bytes delivered to subscriptions in order
 * @gap_count, @gap_bytes:   number of gaps reported, and their total length
 * @retransmitted_segments:  segments that carried only bytes that had been received before
 * @overlap_segments:        segments that carried some bytes already held
 * @conflict_segments:       overlap segments in which these bytes differed from the held ones
 * @out_of_order_segments:   segments that arrived while earlier bytes of the stream were missing
 * @late_bytes:              bytes that arrived after they had been reported as a gap
 * @tcp_flags:               bitwise or of all TCP flags seen (low byte as on the wire, AE is 0x100)
 * @bypassed_packets, @bypassed_bytes: the part of @packets and @bytes that the kernel counted
 *                           while the direction was bypassed; an Ethernet header is assumed for
 *                           each packet
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
	uint64_t late_bytes;
	uint64_t bypassed_packets;
	uint64_t bypassed_bytes;
};

/** struct weft_flow_record - the summary of a connection when it ends, written as the `flow` event
 */
struct weft_flow_record {
	uint64_t start_ns; /* time of the first packet, in ns since 1970 */
	uint64_t end_ns;   /* time of the last packet, in ns since 1970 */
	struct weft_flow_counts counts[WEFT_DIR_COUNT];
	enum weft_close_reason reason;
	enum weft_flow_state state;
	bool midstream; /* true if the handshake was not seen */
	/* by direction: segments with wrong checksums were accepted (reassembly.checksum: auto) */
	bool wrong_checksums[WEFT_DIR_COUNT];
	/* by direction: true if it was bypassed when the connection ended */
	bool bypassed[WEFT_DIR_COUNT];
	uint8_t pad[3];
	enum weft_tcp_state tcp_state;
	uint8_t pad2[4];
};

#endif
