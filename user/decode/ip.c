// SPDX-License-Identifier: BSD-2-Clause
/*
 * ip.c - parses the less common parts of IP: extension headers, fragments, and headers whose length
 * field is 0.
 */
#include "decode/ip.h"

#include "decode/tunnel.h"
#include "decode/tunnel_udp.h"

enum {
	EXTENSION_BYTES_MIN = 8,
	HOP_OPTION_PAD1 = 0,
	HOP_OPTION_JUMBO = 0xc2,
	IP6_PAYLOAD_MAX_BYTES = 65535,
};

enum routing_type {
	/* routing type 0, deprecated by RFC 5095; the last address is the final destination */
	ROUTING_SOURCE = 0,
	ROUTING_MOBILE = 2,
	/* segment routing (RFC 8754); the first address is the final destination */
	ROUTING_SEGMENTS = 4,
};

uint32_t wf_ip_offloaded_bytes(struct wf_layers *layers)
{
	if (layers->flags & WF_LAYERS_CUT)
		return 0;
	if (layers->wire_bytes < WF_IP_OFFLOADED_MIN_BYTES && !(layers->flags & WF_LAYERS_GSO))
		return 0;
	layers->flags |= WF_LAYERS_LENGTH_ZERO;
	return layers->wire_bytes;
}

/* ---- fragments ---- */

/* Return true if a datagram with protocol @proto can carry TCP, directly or in a tunnel. */
static bool may_carry_tcp(uint8_t proto, uint8_t ip_version)
{
	switch (proto) {
	case WF_PROTO_TCP:
	case WF_PROTO_AH:
		return true;
	case WF_PROTO_ROUTING:
	case WF_PROTO_FRAGMENT:
	case WF_PROTO_DESTINATION:
		return ip_version == 6;
	default:
		return wf_tunnel_is_proto(proto);
	}
}

/*
 * Return true if the payload is UDP whose ports no tunnel uses. Only the first fragment contains
 * the ports.
 */
static bool is_other_udp(const struct wf_layers *layers, uint8_t proto, uint32_t off_bytes)
{
	return proto == WF_PROTO_UDP && !off_bytes && layers->cap_bytes >= 4 &&
	       !wf_tunnel_is_udp(layers);
}

enum wf_next wf_ip4_fragment(struct wf_layers *layers, uint32_t header_bytes)
{
	const uint8_t *ip = layers->ip;
	uint16_t field = wf_load_be16(ip + 6);
	uint16_t off_bytes = (uint16_t)((field & 0x1fff) * 8);

	if (!may_carry_tcp(layers->proto, 4))
		return WF_NEXT_NOT_TCP;
	/*
	 * NICs complete partial checksums, but do not fragment packets. So an IP checksum of 0 is
	 * wrong in a fragment. Fragments with a wrong IP checksum are rejected, because they would
	 * damage their datagram.
	 */
	if (layers->flags & (WF_LAYERS_NO_IP_CHECKSUM | WF_LAYERS_IP_WRONG))
		return WF_NEXT_CHECKSUM;
	(void)wf_layers_skip(layers, header_bytes);
	layers->fragment = (struct wf_fragment){
		.header = ip,
		.header_bytes = (uint16_t)header_bytes,
		.id = wf_load_be16(ip + 4),
		.off_bytes = off_bytes,
		.proto = layers->proto,
		.more = field & 0x2000,
		.not_tcp = is_other_udp(layers, layers->proto, off_bytes),
	};
	return WF_NEXT_FRAGMENT;
}

/*
 * Return true if the first fragment contains all headers, including the upper-layer header. RFC
 * 8200, 4.5 (from RFC 7112) requires this, and Linux drops other first fragments
 * (ipv6frag_thdr_truncated()).
 */
static bool first_fragment_is_whole(struct wf_layers layers)
{
	enum wf_next next;

	layers.flags |= WF_LAYERS_PROBE;
	next = wf_ip6_extensions(&layers);
	switch (next) {
	case WF_NEXT_TCP:
		return layers.wire_bytes >= 20;
	case WF_NEXT_PROTO:
		return layers.wire_bytes >= (layers.proto == WF_PROTO_UDP ? 8u : 1u);
	default:
		/*
		 * A truncated fragment may have contained all headers. It is accepted here;
		 * defrag.c ignores it.
		 */
		return next != WF_NEXT_MALFORMED || layers.cap_bytes < layers.wire_bytes;
	}
}

static enum wf_next ip6_fragment(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;
	uint16_t field = wf_load_be16(at + 2);
	uint16_t off_bytes = field & 0xfff8;
	uint16_t next_off = (uint16_t)(layers->next - layers->ip);

	layers->proto = at[0];
	layers->next = at;
	(void)wf_layers_skip(layers, EXTENSION_BYTES_MIN);
	if (!(field & 0xfff9))
		/* an atomic fragment contains the whole datagram (RFC 6946) */
		return WF_NEXT_PROTO;
	if (layers->flags & WF_LAYERS_PROBE)
		return WF_NEXT_FRAGMENT;
	if (!may_carry_tcp(layers->proto, 6))
		return WF_NEXT_NOT_TCP;
	if (!off_bytes && !first_fragment_is_whole(*layers))
		return WF_NEXT_MALFORMED;
	layers->fragment = (struct wf_fragment){
		.header = layers->ip,
		.header_bytes = (uint16_t)(at - layers->ip),
		.next_off = next_off,
		.id = wf_load_be32(at + 4),
		.off_bytes = off_bytes,
		.proto = layers->proto,
		.more = field & 1,
		.not_tcp = is_other_udp(layers, layers->proto, off_bytes),
	};
	return WF_NEXT_FRAGMENT;
}

/* ---- extension headers ---- */

/*
 * Return the value of the jumbo payload option (RFC 2675) in @bytes of hop-by-hop options; 0 if the
 * option is missing or malformed.
 */
static uint32_t jumbo_option(const uint8_t *at, uint32_t bytes)
{
	while (bytes >= 2) {
		uint32_t option_bytes = at[0] == HOP_OPTION_PAD1 ? 1 : 2u + at[1];

		if (option_bytes > bytes)
			return 0;
		if (at[0] == HOP_OPTION_JUMBO)
			return option_bytes == 6 ? wf_load_be32(at + 2) : 0;
		at += option_bytes;
		bytes -= option_bytes;
	}
	return 0;
}

uint32_t wf_ip6_jumbo_bytes(struct wf_layers *layers)
{
	const uint8_t *extension = layers->pos + WF_IP6_BYTES;
	uint32_t cap_bytes = layers->cap_bytes - WF_IP6_BYTES;
	uint32_t jumbo_bytes = 0;

	if (layers->pos[6] != WF_PROTO_HOP_BY_HOP)
		return wf_ip_offloaded_bytes(layers);
	if (cap_bytes >= EXTENSION_BYTES_MIN && cap_bytes >= (extension[1] + 1u) * 8)
		jumbo_bytes = jumbo_option(extension + 2, (extension[1] + 1u) * 8 - 2);
	if (!jumbo_bytes)
		return wf_ip_offloaded_bytes(layers);
	/*
	 * The option is invalid if the payload length that it contains is below 64 KiB (RFC 2675,
	 * 3).
	 */
	if (jumbo_bytes <= IP6_PAYLOAD_MAX_BYTES || jumbo_bytes > UINT32_MAX - WF_IP6_BYTES)
		return 0;
	return WF_IP6_BYTES + jumbo_bytes;
}

/*
 * Set layers->dst to the final destination of the route. While segments are left, the sender's TCP
 * checksum covers the final destination (RFC 8200, 8.1), not the address in the IP header.
 */
static void read_route(struct wf_layers *layers, const uint8_t *at, uint32_t bytes)
{
	uint32_t addresses = (bytes - EXTENSION_BYTES_MIN) / 16;
	uint8_t left = at[3];

	if (!left || !addresses)
		return;
	switch ((enum routing_type)at[2]) {
	case ROUTING_SOURCE:
	case ROUTING_MOBILE:
		layers->dst = at + EXTENSION_BYTES_MIN + 16u * (addresses - 1);
		break;
	case ROUTING_SEGMENTS:
		layers->dst = at + EXTENSION_BYTES_MIN;
		break;
	default:
		return;
	}
}

enum wf_next wf_ip_authentication(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (layers->cap_bytes < EXTENSION_BYTES_MIN || !wf_layers_skip(layers, (at[1] + 2u) * 4))
		return WF_NEXT_MALFORMED;
	if (++layers->extensions > WEFT_IPV6_EXTENSIONS_MAX)
		return WF_NEXT_MALFORMED;
	layers->proto = at[0];
	layers->next = at;
	return layers->proto == WF_PROTO_TCP ? WF_NEXT_TCP : WF_NEXT_PROTO;
}

/* Parse the extension header at layers->pos and store the next protocol in layers->proto. */
static enum wf_next ip6_extension(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;
	uint8_t kind = layers->proto;
	uint32_t bytes;

	if (layers->cap_bytes < EXTENSION_BYTES_MIN ||
	    ++layers->extensions > WEFT_IPV6_EXTENSIONS_MAX)
		return WF_NEXT_MALFORMED;
	/* Hop-by-hop options are allowed only as the first extension header (RFC 8200, 4.1). */
	if (kind == WF_PROTO_HOP_BY_HOP && layers->next != layers->ip + 6)
		return WF_NEXT_MALFORMED;
	if (kind == WF_PROTO_FRAGMENT)
		return ip6_fragment(layers);
	bytes = (at[1] + 1u) * 8;
	if (!wf_layers_skip(layers, bytes))
		return WF_NEXT_MALFORMED;
	if (kind == WF_PROTO_ROUTING)
		read_route(layers, at, bytes);
	layers->proto = at[0];
	layers->next = at;
	return WF_NEXT_PROTO;
}

enum wf_next wf_ip6_extensions(struct wf_layers *layers)
{
	enum wf_next next = WF_NEXT_PROTO;

	while (next == WF_NEXT_PROTO) {
		switch (layers->proto) {
		case WF_PROTO_TCP:
			return WF_NEXT_TCP;
		case WF_PROTO_HOP_BY_HOP:
		case WF_PROTO_ROUTING:
		case WF_PROTO_FRAGMENT:
		case WF_PROTO_DESTINATION:
			next = ip6_extension(layers);
			break;
		default:
			return WF_NEXT_PROTO;
		}
	}
	return next;
}
