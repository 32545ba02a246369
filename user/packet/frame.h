/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame.h - a received frame, which a source passes to a worker.
 *
 *   live:   bytes are in a UMEM frame; page != NULL; a reference to the page keeps the bytes
 *   file:   bytes are in the mapped file; page == NULL; valid until the source is closed
 *   lent:   bytes are in a ring (WF_FRAME_LENT); page == NULL; valid until the source's done():
 *           bytes that are needed for longer are copied into a page
 */
#ifndef WF_PACKET_FRAME_H
#define WF_PACKET_FRAME_H

#include <stdint.h>

#include <weft/link.h>

struct wf_page;

/* the member hash is set: to the hash of the flow or, for a fragment, of the datagram */
#define WF_FRAME_HASHED	    (1u << 0)
/* this host sent the frame, so its checksums may be partial */
#define WF_FRAME_TX_OFFLOAD (1u << 1)
/* defrag.c rebuilt the frame; it is counted in rebuilt_*, not in frames_* */
#define WF_FRAME_REBUILT    (1u << 2)
/* the bytes are valid until the source's done() only */
#define WF_FRAME_LENT	    (1u << 3)
/*
 * the packet holds several segments: its lengths may be 0, its checksums were never sent on a wire
 */
#define WF_FRAME_GSO	    (1u << 4)

struct wf_frame {
	const uint8_t *bytes;
	uint64_t
		time_ns; /* time of arrival in nanoseconds since 1970, by a clock that may be set */
	uint64_t skew_ns;    /* time_ns minus passing time: CLOCK_MONOTONIC, or stamp_clock.h */
	uint32_t cap_bytes;  /* number of captured bytes, stored at bytes */
	uint32_t wire_bytes; /* length of the frame on the wire, at least cap_bytes */
	uint32_t hash;
	uint16_t flags;
	uint8_t link;  /* enum weft_link */
	uint8_t iface; /* number of the interface, from 1; 0: none */
	/*
	 * page that holds the bytes, with one reference owned by the owner of the frame; NULL: no
	 * page
	 */
	struct wf_page *page;

	/* Header fields that are not among the captured bytes; 0 for most frames. */
	/*
	 * outer and inner VLAN id, from tags that hardware removed or from the fragments of a
	 * rebuilt datagram
	 */
	uint16_t vlan[2];
	/* VNI of the tunnel that carried the fragments of a rebuilt datagram */
	uint32_t vni;
};

#endif
