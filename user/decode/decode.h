/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode.h - decodes a frame into one TCP segment or IP fragment.
 *
 * Decoding reads at most frame->cap_bytes bytes of the frame, and no bytes after the end that the
 * length fields of the headers state.
 *
 * Thread: any; nothing is kept between calls.
 */
#ifndef WF_DECODE_DECODE_H
#define WF_DECODE_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/opts.h>

#include "bpf/hash.h"
#include "packet/frame.h"
#include "packet/packet.h"

enum wf_decode_result {
	WF_DECODE_TCP = 0,  /* *ret_packet is filled */
	WF_DECODE_FRAGMENT, /* *ret_packet describes an IP fragment; see defrag.h */
	WF_DECODE_NOT_TCP,
	WF_DECODE_MALFORMED, /* an invalid header, too many headers, or an incomplete one */
	/* a checksum is wrong; in the mode auto only for a fragment, see wf_packet.checksum */
	WF_DECODE_CHECKSUM,
};

struct wf_rss;

struct wf_decoder {
	struct weft_hash_secret secret;
	enum weft_checksum checksum;
	bool ignore_vlan;		       /* VLAN ids are not part of the flow key */
	const struct weft_tunnel_ports *ports; /* borrowed; NULL: the default ports */
	const struct wf_rss *rss; /* borrowed; NULL: the flow hash alone selects the worker */
};

/*
 * Decode @frame. This function sets all members of *@ret_packet if the result is WF_DECODE_TCP, and
 * those for IP and fragment if it is WF_DECODE_FRAGMENT.
 */
enum wf_decode_result wf_decode(const struct wf_decoder *decoder, const struct wf_frame *frame,
				struct wf_packet *ret_packet);

/* Prefetch the bytes of @frame behind the first cache line. */
void wf_decode_prefetch_payload(const struct wf_frame *frame);

/*
 * Prefetch the bytes of @frame that wf_decode() will read for the checksum. If this is called
 * before the previous frame is decoded, computing the checksum takes about a third of the time that
 * it takes otherwise.
 */
static inline void wf_decode_prefetch(const struct wf_decoder *decoder,
				      const struct wf_frame *frame)
{
	if (decoder->checksum != WEFT_CHECKSUM_IGNORE &&
	    !(frame->flags & (WF_FRAME_TX_OFFLOAD | WF_FRAME_GSO)))
		wf_decode_prefetch_payload(frame);
}

/* Header at which decoding of a frame without TCP ended. At most one member is not 0. */
struct wf_decode_end {
	uint16_t ethertype; /* EtherType that weft does not know, outside of tunnels; 0: none */
	/* offset in the frame of a UDP header whose ports no tunnel uses; 0: none */
	uint32_t udp_off;
};

/* Return the header at which decoding of @frame ends. wf_decode() has returned NOT_TCP for it. */
struct wf_decode_end wf_decode_end(const struct wf_decoder *decoder, const struct wf_frame *frame);

/*
 * Return the hash that selects the frame's worker; the kernel programs compute the same hash. The
 * result is 0 for a frame that is neither a TCP segment nor a fragment. This function does not
 * verify checksums. @ret_is_fragment may be NULL. The caller stores the result in frame->hash and
 * sets WF_FRAME_HASHED.
 *
 *   innermost TCP flow  weft_hash_endpoint(address, port) of both ends, tenant
 *   fragment            weft_hash_endpoint(address, 0) of both ends, tenant ^ id
 *
 * If decoder->rss is set, this function then changes the hash of a flow with wf_rss_place().
 *
 * An address is two words in memory order of its 16-byte form (IPv4 addresses are mapped). Ports
 * are in host order. The id is in network order; an IPv6 id of 0 is replaced by 1. The tenant is
 * (vlan[0] << 16 | vlan[1]) << 32 | vni.
 */
uint32_t wf_decode_steer_hash(const struct wf_decoder *decoder, const struct wf_frame *frame,
			      bool *ret_is_fragment);

#endif
