/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ip.h - parses IPv4 and IPv6 headers, extension headers, and fragments.
 *
 * Plain IPv4 and IPv6 headers are parsed inline, because most frames have no other IP headers.
 *
 * If the length field is 0 and at least WF_IP_OFFLOADED_MIN_BYTES of the frame remain, their number
 * is used as length: the packet was captured before the NIC segmented it (TSO on other systems; on
 * Linux "BIG TCP", for more than 64 KiB). A shorter packet with length 0 was received from a wire,
 * where that length is invalid: it is malformed, unless the kernel marked it as a packet of several
 * segments (WF_FRAME_GSO).
 *
 * Thread: any; nothing is kept between calls.
 */
#ifndef WF_DECODE_IP_H
#define WF_DECODE_IP_H

#include "decode/checksum.h"
#include "decode/layers_internal.h"
#include "decode/tcp_header.h"

enum {
	WF_IP4_BYTES = 20,
	WF_IP4_PLAIN = 0x45, /* first byte of a header without options: version, length */
	WF_IP6_BYTES = 40,
	WF_IP_OFFLOADED_MIN_BYTES = 1501,
	WF_IP4_FRAGMENT_MASK = 0x3fff, /* "more fragments" flag and fragment offset */
};

/* Set layers->fragment from the IPv4 header layers->ip, which is that of a fragment. */
enum wf_next wf_ip4_fragment(struct wf_layers *layers, uint32_t header_bytes);

/*
 * Return the length of the datagram at layers->pos, whose length field is 0: that of the rest of
 * the frame, or 0 if the datagram is malformed.
 */
uint32_t wf_ip_offloaded_bytes(struct wf_layers *layers);

/*
 * Return the length of the datagram at layers->pos, whose IPv6 payload length is 0: that of the
 * jumbo payload option if there is one (0 if its value is invalid), else as
 * wf_ip_offloaded_bytes().
 */
uint32_t wf_ip6_jumbo_bytes(struct wf_layers *layers);

/*
 * Parse the IPv6 extension headers that begin at layers->pos. layers->proto is the type of the
 * first one.
 */
enum wf_next wf_ip6_extensions(struct wf_layers *layers);

/* Skip an authentication header (RFC 4302) after an IPv4 or IPv6 header. */
enum wf_next wf_ip_authentication(struct wf_layers *layers);

/* Return true if the IPv4 header's checksum is correct, or is 0 and WF_LAYERS_LENIENT is set. */
static inline __attribute__((always_inline)) bool wf_ip4_checksum_is_good(struct wf_layers *layers,
									  uint32_t header_bytes)
{
	/* Nearly all headers have WF_IP4_BYTES; the constant lets the compiler unroll the loop. */
	uint64_t sum = wf_likely(header_bytes == WF_IP4_BYTES)
			       ? wf_checksum_words(layers->pos, WF_IP4_BYTES / 4)
			       : wf_checksum_words(layers->pos, header_bytes / 4);

	if (wf_likely(wf_checksum_fold(sum) == 0xffff))
		return true;
	if (!(layers->flags & WF_LAYERS_LENIENT) || wf_load_be16(layers->pos + 10) != 0)
		return false;
	layers->flags |= WF_LAYERS_NO_IP_CHECKSUM;
	return true;
}

/*
 * Parse the IPv4 header at layers->pos. @total_bytes: length of its datagram. Return:
 * WF_NEXT_FRAGMENT with layers->pos at the header if it is that of a fragment.
 */
static inline __attribute__((always_inline)) enum wf_next wf_ip4_header(struct wf_layers *layers,
									uint32_t total_bytes)
{
	const uint8_t *ip = layers->pos;
	uint32_t header_bytes = (ip[0] & 0x0fu) * 4;

	if (wf_unlikely(ip[0] >> 4 != 4 || header_bytes < WF_IP4_BYTES))
		return WF_NEXT_MALFORMED;
	if (wf_unlikely(!wf_layers_trim(layers, total_bytes) || layers->cap_bytes < header_bytes))
		return WF_NEXT_MALFORMED;
	if (layers->flags & WF_LAYERS_VERIFY && !wf_ip4_checksum_is_good(layers, header_bytes)) {
		if (!(layers->flags & WF_LAYERS_TOLERANT))
			return WF_NEXT_CHECKSUM;
		layers->flags |= WF_LAYERS_IP_WRONG;
	}

	layers->ip = ip;
	layers->src = ip + 12;
	layers->dst = ip + 16;
	layers->ip_version = 4;
	layers->ip_bytes = total_bytes;
	layers->proto = ip[9];
	if (wf_unlikely(wf_load_be16(ip + 6) & WF_IP4_FRAGMENT_MASK))
		return WF_NEXT_FRAGMENT;
	(void)wf_layers_skip(layers, header_bytes);
	return wf_likely(layers->proto == WF_PROTO_TCP) ? WF_NEXT_TCP : WF_NEXT_PROTO;
}

static inline enum wf_next wf_ip4(struct wf_layers *layers)
{
	const uint8_t *ip = layers->pos;
	uint32_t total_bytes;
	enum wf_next next;

	if (wf_unlikely(layers->cap_bytes < WF_IP4_BYTES))
		return WF_NEXT_MALFORMED;
	total_bytes = wf_load_be16(ip + 2);
	if (wf_unlikely(!total_bytes && ip[0] >> 4 == 4))
		total_bytes = wf_ip_offloaded_bytes(layers);
	next = wf_ip4_header(layers, total_bytes);
	return wf_likely(next != WF_NEXT_FRAGMENT) ? next
						   : wf_ip4_fragment(layers, (ip[0] & 0x0fu) * 4);
}

/*
 * Return true if an IPv4 header without options is next, whose payload is no fragment and begins
 * with a whole TCP header, and parse the IPv4 header. If the result is false, @layers may have
 * changed. This code is all inline, so that the compiler can keep @layers in registers.
 */
static inline __attribute__((always_inline)) bool wf_ip4_is_plain(struct wf_layers *layers)
{
	const uint8_t *ip = layers->pos;
	uint32_t total_bytes;
	uint16_t fragment;

	if (wf_unlikely(layers->cap_bytes < WF_IP4_BYTES + WF_TCP_BYTES))
		return false;
	memcpy(&fragment, ip + 6, sizeof(fragment));
	if (wf_unlikely(ip[0] != WF_IP4_PLAIN || ip[9] != WF_PROTO_TCP ||
			fragment & htobe16(WF_IP4_FRAGMENT_MASK)))
		return false;
	total_bytes = wf_load_be16(ip + 2);
	if (wf_unlikely(total_bytes < WF_IP4_BYTES + WF_TCP_BYTES ||
			!wf_layers_trim(layers, total_bytes)))
		return false;
	if (layers->flags & WF_LAYERS_VERIFY && !wf_ip4_checksum_is_good(layers, WF_IP4_BYTES))
		return false;
	layers->src = ip + 12;
	layers->dst = ip + 16;
	layers->ip_version = 4;
	layers->ip_bytes = total_bytes;
	return wf_layers_skip(layers, WF_IP4_BYTES);
}

static inline enum wf_next wf_ip6(struct wf_layers *layers)
{
	const uint8_t *ip = layers->pos;
	uint32_t total_bytes;

	if (wf_unlikely(layers->cap_bytes < WF_IP6_BYTES || ip[0] >> 4 != 6))
		return WF_NEXT_MALFORMED;
	total_bytes = WF_IP6_BYTES + wf_load_be16(ip + 4);
	if (wf_unlikely(total_bytes == WF_IP6_BYTES))
		total_bytes = wf_ip6_jumbo_bytes(layers);
	if (wf_unlikely(!total_bytes || !wf_layers_trim(layers, total_bytes)))
		return WF_NEXT_MALFORMED;

	layers->ip = ip;
	layers->src = ip + 8;
	layers->dst = ip + 24;
	layers->ip_version = 6;
	layers->ip_bytes = total_bytes;
	layers->proto = ip[6];
	layers->next = ip + 6;
	(void)wf_layers_skip(layers, WF_IP6_BYTES);
	return wf_likely(layers->proto == WF_PROTO_TCP) ? WF_NEXT_TCP : wf_ip6_extensions(layers);
}

#endif
