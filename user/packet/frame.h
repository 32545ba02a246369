/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame.h - a received frame, which a source passes to a worker.
 *
 *   live:   bytes are in a UMEM frame; page != NULL; a reference to the page keeps the bytes
 *   file:   bytes are in the mapped file; page == NULL; valid until the source is closed
 */
#ifndef WF_PACKET_FRAME_H
#define WF_PACKET_FRAME_H

#include <stdint.h>

#include <weft/link.h>

struct wf_page;

#define WF_FRAME_HASHED	    (1u << 0) /* hash is set (flow, or datagram of a fragment) */
#define WF_FRAME_TX_OFFLOAD (1u << 1) /* this host sent the frame: checksums may be partial */
#define WF_FRAME_REBUILT    (1u << 2) /* made by defrag.c: counted in rebuilt_*, not in frames_* */

struct wf_frame {
	const uint8_t *bytes;
	uint64_t time_ns;    /* time of arrival, ns since 1970 */
	uint32_t cap_bytes;  /* number of bytes at bytes[] */
	uint32_t wire_bytes; /* length on the wire, >= cap_bytes */
	uint32_t hash;
	uint16_t flags;
	uint16_t link;	      /* enum weft_link */
	struct wf_page *page; /* owned by the holder of the frame: one reference; or NULL */

	/* Values of headers that are not in bytes[]; 0 for most frames. */
	/* outer and inner VLAN id: tags removed by hardware, or tags of rebuilt fragments */
	uint16_t vlan[2];
	/* VNI of the tunnel that carried the fragments of a rebuilt datagram */
	uint32_t vni;
};

#endif
