/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_frame.h - makes the headers of an Ethernet frame that carries a TCP segment.
 *
 *   │ Ethernet │ VLAN tags of the flow │ IPv4 or IPv6 │ TCP │ payload, not copied │
 *
 * Addresses, ports and VLAN ids are those of the flow. Each side has a fixed, locally administered
 * MAC address. The window is 1 GiB: 65535, shifted by the window scale of both SYNs.
 */
#ifndef WF_SINK_FORMAT_TCP_FRAME_H
#define WF_SINK_FORMAT_TCP_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include <weft/flow.h>

#define WF_TCP_FRAME_FIN 0x01u
#define WF_TCP_FRAME_SYN 0x02u
#define WF_TCP_FRAME_RST 0x04u
#define WF_TCP_FRAME_PSH 0x08u
#define WF_TCP_FRAME_ACK 0x10u

enum {
	/* Ethernet, two VLAN tags, IPv6, TCP with the options of a SYN */
	WF_TCP_FRAME_HEADERS_MAX_BYTES = 14 + 8 + 40 + 28,
};

/** struct wf_tcp_frame - a segment of direction @dir of @flow; a SYN has no payload */
struct wf_tcp_frame {
	const struct weft_flow *flow;
	enum weft_dir dir;
	uint32_t seq;
	uint32_t ack;
	uint8_t flags;
	const uint8_t *payload;
	size_t payload_bytes; /* at most wf_tcp_frame_mss() */
};

/* Return the maximum payload of a segment of @flow in an IP packet of 1500 bytes. */
size_t wf_tcp_frame_mss(const struct weft_flow *flow);

/* Write the headers of @frame, with checksums. Return: their length. */
size_t wf_tcp_frame_headers(const struct wf_tcp_frame *frame,
			    uint8_t ret_headers[WF_TCP_FRAME_HEADERS_MAX_BYTES]);

/*
 * Return the number of payload bytes of a frame of @len bytes whose headers wf_tcp_frame_headers()
 * made.
 */
size_t wf_tcp_frame_payload_bytes(const uint8_t *frame, size_t len);

#endif
