/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame.h - a received frame, which a source passes to a worker.
 *
 *   page != NULL     the bytes are in a page: a UMEM frame of tap mode, or a page with a copy, for
 *                    example of a packet from a pipe, of a rebuilt datagram, or of a frame in a
 *                    ring that is passed to another worker. A reference to the page keeps the bytes
 *   page == NULL     the bytes are in a mapped file, or in memory that the application keeps
 *                    (is_stable in weft/submit.h). They are valid until the source is closed
 *   WF_FRAME_LENT    page is NULL, and the bytes are in a ring. They are valid until their batch
 *                    was processed (until the source's done(), or wf_mpsc_release()); bytes that
 *                    are needed for longer are copied into a page
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
/* the bytes are valid only until their batch was processed */
#define WF_FRAME_LENT	    (1u << 3)
/* the packet holds several segments: its IP length may be 0, its checksums are not valid */
#define WF_FRAME_GSO	    (1u << 4)
/* the frame was read from a capture file */
#define WF_FRAME_FILE	    (1u << 5)

struct wf_frame {
	const uint8_t *bytes;
	/* time of arrival in nanoseconds since 1970; jumps if the clock was set */
	uint64_t time_ns;
	/*
	 * time_ns minus the monotonic time of arrival: CLOCK_MONOTONIC in live capture, else
	 * stamp_clock.h
	 */
	uint64_t skew_ns;
	uint32_t cap_bytes;  /* number of captured bytes, stored at bytes */
	uint32_t wire_bytes; /* length of the frame on the wire, at least cap_bytes */
	uint32_t hash;	     /* valid with WF_FRAME_HASHED */
	uint8_t flags;	     /* WF_FRAME_* */
	uint8_t link;	     /* enum weft_link */
	union {
		uint16_t file; /* with WF_FRAME_FILE: number of the capture file, from 1 */
		struct {
			uint8_t iface; /* number of the interface, from 1; 0: none */
			/* number, modulo 256, of the policy whose filter the kernel has applied */
			uint8_t policy;
		};
	};
	/*
	 * page that holds the bytes; the owner of the frame owns one reference to it. NULL: the
	 * bytes are not in a page
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
