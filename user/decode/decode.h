/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode.h - makes a TCP segment in plain values from a frame. It never reads beyond
 * frame->cap_bytes, nor beyond what the length fields of the headers allow.
 *
 * Thread: any; nothing is kept between calls.
 */
#ifndef WF_DECODE_DECODE_H
#define WF_DECODE_DECODE_H

#include <stdint.h>

#include <weft/opts.h>

#include "bpf/hash.h"
#include "packet/frame.h"
#include "packet/packet.h"

enum wf_decode_result {
	WF_DECODE_TCP = 0,  /* *ret_packet is filled */
	WF_DECODE_FRAGMENT, /* an IP fragment, in *ret_packet; see defrag.h */
	WF_DECODE_NOT_TCP,
	WF_DECODE_MALFORMED, /* a length field is wrong, or the frame ends within its headers */
	WF_DECODE_CHECKSUM,  /* checksum of IP or TCP is wrong; see checksum.h */
};

struct wf_rss;

struct wf_decoder {
	struct weft_hash_secret secret;
	enum weft_checksum checksum;
	const struct wf_rss *rss; /* borrowed; NULL: the worker depends on the hash only */
};

/* Fills all of @ret_packet on WF_DECODE_TCP; on WF_DECODE_FRAGMENT the members that defrag.c reads.
 */
enum wf_decode_result wf_decode(const struct wf_decoder *decoder, const struct wf_frame *frame,
				struct wf_packet *ret_packet);

/*
 * Prefetches the bytes of @frame that wf_decode() will sum. Call it before the previous frame is
 * decoded: then the sum does not wait for memory and takes a third of the time.
 */
void wf_decode_prefetch(const struct wf_decoder *decoder, const struct wf_frame *frame);

/*
 * Computes the hash that chooses the frame's worker, as the XDP program does: that of the
 * innermost TCP flow; of a fragment, that of the address pair and the IP id; 0 of other frames.
 * Checksums are not verified. @ret_is_fragment: may be NULL. The caller stores the result in
 * frame->hash and sets WF_FRAME_HASHED.
 *
 *   flow      weft_hash_endpoint(address, port) of both ends, tenant
 *   fragment  weft_hash_endpoint(address, 0) of both ends, tenant ^ id
 *
 * If the decoder has an rss, a flow's hash then goes through wf_rss_place().
 *
 * Addresses are two words of the 16-byte form (IPv4 mapped) as they lie in memory,
 * ports in host order, ids as in the packet (IPv6's 0 as 1), tenant is
 * (vlan[0] << 16 | vlan[1]) << 32 | vni.
 */
uint32_t wf_decode_steer_hash(const struct wf_decoder *decoder, const struct wf_frame *frame,
			      bool *ret_is_fragment);

#endif
