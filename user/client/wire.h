/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire.h - the layout of frames as structs, for the writer in the agent and the reader in the
 * library. weft/client.h documents each field. All numbers are big endian.
 */
#ifndef WF_CLIENT_WIRE_H
#define WF_CLIENT_WIRE_H

#include <stdint.h>

#include <weft/client.h>

struct wf_wire_header {
	uint32_t len_be;
	uint8_t type;
	uint8_t dir;
	uint16_t head_be;
	uint64_t flow_be;
	uint64_t time_be;
};
_Static_assert(sizeof(struct wf_wire_header) == WEFT_CLIENT_HEADER_BYTES, "wire format");

enum {
	WF_WIRE_OPEN_MIDWAY = 1,
	WF_WIRE_OPEN_MIDSTREAM = 2,
	/* a bit for each direction: shift left by enum weft_dir */
	WF_WIRE_OPEN_HAS_ISN = 4,
};

struct wf_wire_open {
	uint64_t off_be[WEFT_DIR_COUNT];
	uint8_t src_addr[16];
	uint8_t dst_addr[16];
	uint32_t use_be;
	uint32_t vni_be;
	uint16_t src_port_be;
	uint16_t dst_port_be;
	uint16_t vlan_be[2];
	uint8_t ip_version;
	uint8_t worker;
	uint8_t interface;
	uint8_t flags;
	uint32_t isn_be[WEFT_DIR_COUNT];
	uint32_t zero;
};
_Static_assert(sizeof(struct wf_wire_open) == 80, "wire format");

struct wf_wire_data {
	uint64_t off_be;
};
_Static_assert(sizeof(struct wf_wire_data) == 8, "wire format");

struct wf_wire_gap {
	uint64_t off_be;
	uint64_t len_be;
	uint32_t cause_be;
	uint32_t zero;
};
_Static_assert(sizeof(struct wf_wire_gap) == 24, "wire format");

struct wf_wire_counts {
	uint64_t packets_be;
	uint64_t bytes_be;
	uint64_t stream_bytes_be;
	uint64_t gap_bytes_be;
	uint64_t late_bytes_be;
	uint64_t bypassed_packets_be;
	uint64_t bypassed_bytes_be;
	uint32_t gap_count_be;
	uint32_t retransmitted_be;
	uint32_t overlap_be;
	uint32_t conflict_be;
	uint32_t out_of_order_be;
	uint16_t tcp_flags_be;
	uint16_t zero;
};
_Static_assert(sizeof(struct wf_wire_counts) == 80, "wire format");

enum {
	WF_WIRE_CLOSE_MIDSTREAM = 1,
	/* a bit for each direction: shift left by enum weft_dir */
	WF_WIRE_CLOSE_WRONG_CHECKSUMS = 2,
	WF_WIRE_CLOSE_BYPASSED = 8, /* a bit for each direction: shift left by enum weft_dir */
};

struct wf_wire_close {
	uint64_t start_be;
	uint64_t end_be;
	uint8_t reason;
	uint8_t state;
	uint8_t tcp_state;
	uint8_t flags;
	uint32_t zero;
	struct wf_wire_counts counts[WEFT_DIR_COUNT];
};
_Static_assert(sizeof(struct wf_wire_close) == 184, "wire format");

struct wf_wire_anomaly {
	uint64_t off_be;
	uint64_t len_be;
	uint32_t kind_be;
	uint32_t shown_be;
};
_Static_assert(sizeof(struct wf_wire_anomaly) == 24, "wire format");

struct wf_wire_loss {
	uint64_t events_be;
	uint64_t data_bytes_be;
	uint64_t off_be;
	uint64_t len_be;
	uint64_t connections_be;
	uint64_t closes_be;
};
_Static_assert(sizeof(struct wf_wire_loss) == 48, "wire format");

struct wf_wire_end {
	uint32_t reason_be;
	uint32_t zero;
};
_Static_assert(sizeof(struct wf_wire_end) == 8, "wire format");

/* A frame without its payload. */
struct wf_wire_frame {
	struct wf_wire_header header;
	union {
		struct wf_wire_open open;
		struct wf_wire_data data;
		struct wf_wire_gap gap;
		struct wf_wire_close close;
		struct wf_wire_anomaly anomaly;
		struct wf_wire_loss loss;
		struct wf_wire_end end;
	};
};

#endif
