/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame.h - one received frame, as a source hands it to a worker.
 *
 *   live:   bytes in a UMEM frame; page != NULL; to keep bytes, take a reference
 *   file:   bytes in the mapped file; page == NULL; valid until the source closes
 */
#ifndef WF_PACKET_FRAME_H
#define WF_PACKET_FRAME_H

#include <stdint.h>

#include <weft/link.h>

struct wf_page;

#define WF_FRAME_HASHED	    (1u << 0) /* hash is that of the flow (or of the fragment's datagram) */
#define WF_FRAME_TX_OFFLOAD (1u << 1) /* sent by this host: its checksum may be partial */
#define WF_FRAME_REBUILT    (1u << 2) /* made by defrag: counted as rebuilt_*, not as frames_* */

struct wf_frame {
	const uint8_t *bytes;
	uint64_t time_ns;    /* since 1970 */
	uint32_t cap_bytes;  /* present at bytes[] */
	uint32_t wire_bytes; /* length on the wire, >= cap_bytes */
	uint32_t hash;
	uint16_t flags;
	uint16_t link;	      /* enum weft_link */
	struct wf_page *page; /* owned by the holder of the frame (one reference), or NULL */

	/* Headers that were around bytes[] and are not in them; all 0 for most frames. */
	uint16_t vlan[2]; /* outer, inner id: a tag that hardware took off, or a fragment's */
	uint32_t vni;	  /* of the tunnel in which a rebuilt datagram's fragments were */
};

#endif
