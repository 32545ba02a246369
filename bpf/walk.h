/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk.h - parser for less common headers, one header per step: further VLAN tags, other tags
 * (tag.h), MPLS (mpls.h), PPPoE, LLC, IPv6 extension headers, and tunnels (tunnel.h).
 *
 * The rules equal those of user/decode, so that the kernel and user space compute the same hash of
 * a frame; a test runs the same frames through both. The XDP and the tc program wrap walk_step() in
 * a global function, which the verifier checks once instead of once per iteration.
 */
#ifndef WEFT_BPF_WALK_H
#define WEFT_BPF_WALK_H

#include "bpf/mpls.h"
#include "bpf/parse.h"
#include "bpf/tag.h"
#include "bpf/tunnel.h"

/*
 * Maximum number of steps: more than the headers of real frames need. A frame that needs more is
 * left to the host, although user space would accept some of these frames.
 */
#define WALK_STEPS_MAX 64

#define TAGS_MAX       4
#define EXTENSIONS_MAX 16

/* An EtherType field of at most this value is a length, and an LLC header follows. */
#define ETHERTYPE_8023_MAX 1500

#define IPV6_FRAGMENT_MASK 0xfff9 /* offset and bit "more fragments" */
#define ROUTING_SOURCE	   0
#define ROUTING_MOBILE	   2
#define ROUTING_SEGMENTS   4

static __always_inline int walk_pppoe(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_take(cur, 6);

	if (!at)
		return PARSE_SHORT;
	/* Version 1, type 1; code 0 means session data (RFC 2516, 4). */
	return at[0] == 0x11 && at[1] == 0 ? NEXT_PPP : PARSE_OTHER;
}

/*
 * Parse a PPP header. The protocol may have one byte (RFC 1661, 6.5), and the address and control
 * bytes may be missing (RFC 1661, 6.6).
 */
static __always_inline int walk_ppp(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_peek(cur, 2);
	__u16 protocol;

	if (!at)
		return PARSE_SHORT;
	if (load_be16(at) == 0xff03) {
		cur->off += 2;
		at = cursor_peek(cur, 2);
		if (!at)
			return PARSE_SHORT;
	}
	protocol = at[0] & 1 ? at[0] : load_be16(at);
	cur->off += at[0] & 1 ? 1 : 2;
	switch (protocol) {
	case 0x0021:
		packet->ethertype = ETH_P_IP;
		return NEXT_ETHERTYPE;
	case 0x0057:
		packet->ethertype = ETH_P_IPV6;
		return NEXT_ETHERTYPE;
	case 0x0281:
	case 0x0283:
		return NEXT_MPLS;
	default:
		return PARSE_OTHER;
	}
}

/* Parse LLC and SNAP. In IEEE 802.3 frames, IP is carried only in SNAP (RFC 1042). */
static __always_inline int walk_llc(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_take(cur, 8);

	if (!at)
		return PARSE_SHORT;
	if (load_be32(at) != 0xaaaa0300 || load_be16(at + 4))
		return PARSE_OTHER;
	packet->ethertype = load_be16(at + 6);
	return packet->ethertype <= ETHERTYPE_8023_MAX ? PARSE_OTHER : NEXT_ETHERTYPE;
}

static __always_inline int walk_ethertype(struct cursor *cur, struct packet *packet)
{
	switch (packet->ethertype) {
	case ETH_P_IP:
		return parse_ipv4(cur, packet);
	case ETH_P_IPV6:
		return parse_ipv6(cur, packet);
	case ETH_P_8021Q:
	case ETH_P_8021AD:
	case ETH_P_QINQ1:
	case ETH_P_QINQ2:
		return packet->tags < TAGS_MAX ? parse_tag(cur, packet) : PARSE_OTHER;
	case ETH_P_MPLS_UC:
	case ETH_P_MPLS_MC:
		return NEXT_MPLS;
	case ETH_P_PPP_SES:
		return walk_pppoe(cur, packet);
	case ETHERTYPE_PPP:
		return NEXT_PPP;
	case ETH_P_TEB:
		return enter_tunnel(packet, NEXT_ETHERNET);
	default:
		return packet->ethertype <= ETHERTYPE_8023_MAX ? walk_llc(cur, packet)
							       : walk_tag(cur, packet);
	}
}

static __always_inline int walk_ip(struct cursor *cur, struct packet *packet)
{
	const __u8 *first = cursor_peek(cur, 1);

	if (!first)
		return PARSE_SHORT;
	switch (first[0] >> 4) {
	case 4:
		return parse_ipv4(cur, packet);
	case 6:
		return parse_ipv6(cur, packet);
	default:
		return PARSE_OTHER;
	}
}

/*
 * Parse an IPv6 fragment header. An atomic fragment (offset 0, no more fragments) is a complete
 * packet (RFC 6946).
 */
static __always_inline int walk_ipv6_fragment(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_take(cur, 8);

	if (!at)
		return PARSE_SHORT;
	packet->proto = at[0];
	if (!(load_be16(at + 2) & IPV6_FRAGMENT_MASK))
		return NEXT_PROTO;
	packet->fragment_id = *(const __be32 *)(at + 4);
	if (!packet->fragment_id)
		packet->fragment_id = 1;
	return may_carry_tcp(packet->proto, 6) ? PARSE_FRAGMENT : PARSE_OTHER;
}

/*
 * Take the final destination from the routing header at @at if segments are left: the connection is
 * with that address, and TCP checksums contain it (RFC 8200, 8.1).
 */
static __always_inline int read_route(const struct cursor *cur, struct packet *packet,
				      const __u8 *at)
{
	__u32 addresses = (__u32)at[1] / 2;
	__u32 off = cur->off + 8;
	const __u8 *dst;

	if (!at[3] || !addresses)
		return NEXT_PROTO;
	if (at[2] == ROUTING_SOURCE || at[2] == ROUTING_MOBILE)
		off += 16 * (addresses - 1);
	else if (at[2] != ROUTING_SEGMENTS)
		return NEXT_PROTO;
	dst = cursor_at(cur, off, 16);
	if (!dst)
		return PARSE_SHORT;
	__builtin_memcpy(packet->addr[1], dst, 16);
	return NEXT_PROTO;
}

static __always_inline int walk_extension(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_peek(cur, 8);
	__u32 bytes;
	int next = NEXT_PROTO;

	if (!at)
		return PARSE_SHORT;
	if (++packet->extensions > EXTENSIONS_MAX)
		return PARSE_OTHER;
	if (packet->proto == IPPROTO_FRAGMENT)
		return walk_ipv6_fragment(cur, packet);
	bytes = packet->proto == IPPROTO_AH ? ((__u32)at[1] + 2) * 4 : ((__u32)at[1] + 1) * 8;
	if (packet->proto == IPPROTO_ROUTING)
		next = read_route(cur, packet, at);
	packet->proto = at[0];
	cur->off += bytes;
	return next;
}

static __always_inline int walk_proto(struct cursor *cur, struct packet *packet)
{
	switch (packet->proto) {
	case IPPROTO_TCP:
		return parse_tcp(cur, packet);
	case IPPROTO_AH:
		return walk_extension(cur, packet);
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
		return packet->ip_version == 6 ? walk_extension(cur, packet) : PARSE_OTHER;
	default:
		return walk_tunnel(cur, packet);
	}
}

/*
 * Parse the header of kind @next at packet->off. Return PARSE_*, or the kind (NEXT_*) of the
 * following header, which is at the new packet->off.
 */
static __always_inline int walk_step(struct cursor *cur, struct packet *packet, int next)
{
	cur->off = packet->off;
	switch (next) {
	case NEXT_ETHERNET:
		next = parse_ethernet(cur, packet);
		break;
	case NEXT_ETHERTYPE:
		next = walk_ethertype(cur, packet);
		break;
	case NEXT_MPLS:
		next = walk_mpls(cur, packet);
		break;
	case NEXT_NSH:
		next = walk_nsh(cur, packet);
		break;
	case NEXT_PPP:
		next = walk_ppp(cur, packet);
		break;
	case NEXT_IP:
		next = walk_ip(cur, packet);
		break;
	case NEXT_PROTO:
		next = walk_proto(cur, packet);
		break;
	case NEXT_GTPU_EXTENSION:
		next = walk_gtpu_extension(cur, packet);
		break;
	default:
		next = PARSE_OTHER;
	}
	packet->off = cur->off;
	return next;
}

#endif
