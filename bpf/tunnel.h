/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tunnel.h - parser for VXLAN, VXLAN-GPE, GENEVE, GTP-U, IP in IP, and GRE with its payloads
 * (NVGRE, ERSPAN, PPTP).
 *
 * The identifier of a tunnel becomes packet->vni if both directions of the tunnel use the same
 * identifier: the VNI of VXLAN and GENEVE, and the key of GRE (of NVGRE without its low byte);
 * user/decode/tunnel.c gives the reasons.
 */
#ifndef WEFT_BPF_TUNNEL_H
#define WEFT_BPF_TUNNEL_H

#include <linux/if_ether.h>
#include <linux/in.h>

#include "bpf/packet.h"
#include "bpf/shared.h"

#define TUNNELS_MAX 8

#define ETHERTYPE_PPP	  0x880b
#define ETHERTYPE_ERSPAN  0x88be
#define ETHERTYPE_ERSPAN3 0x22eb

#define PORT_GTPU      2152
#define PORT_VXLAN_GPE 4790

#define VXLAN_HAS_VNI	   0x08
#define VXLAN_GPE_HAS_NEXT 0x04
#define VXLAN_GPE_OAM	   0x01

#define GENEVE_VERSION_MASK 0xc0
#define GENEVE_OAM	    0x80

#define GTPU_HAS_EXTENSION 0x04
#define GTPU_HAS_MORE	   0x07

#define GRE_CHECKSUM	 0x8000
#define GRE_ROUTING	 0x4000
#define GRE_KEY		 0x2000
#define GRE_SEQUENCE	 0x1000
#define GRE_ACK		 0x0080 /* version 1 only (RFC 2637) */
#define GRE_VERSION_MASK 0x0007

const volatile __u16 weft_vxlan_ports[WEFT_TUNNEL_PORTS_MAX] = WEFT_VXLAN_PORTS;
const volatile __u16 weft_geneve_ports[WEFT_TUNNEL_PORTS_MAX] = WEFT_GENEVE_PORTS;

/* Count a header that can be nested. Return @next; PARSE_OTHER after TUNNELS_MAX such headers. */
static __always_inline int nest_header(struct packet *packet, int next)
{
	return ++packet->depth <= TUNNELS_MAX ? next : PARSE_OTHER;
}

/* Enter a tunnel: forget the VLAN ids before it, and return the result of nest_header(). */
static __always_inline int enter_tunnel(struct packet *packet, int next)
{
	packet->vlan[0] = 0;
	packet->vlan[1] = 0;
	packet->tags = 0;
	packet->extensions = 0;
	return nest_header(packet, next);
}

/* Enter the header that the "next protocol" field of NSH or VXLAN-GPE names (RFC 8300, 2.2). */
static __always_inline int enter_next_protocol(struct packet *packet, __u8 protocol)
{
	switch (protocol) {
	case 1: /* IPv4 or IPv6 */
	case 2:
		return enter_tunnel(packet, NEXT_IP);
	case 3: /* Ethernet */
		return enter_tunnel(packet, NEXT_ETHERNET);
	case 4:
		return enter_tunnel(packet, NEXT_NSH);
	case 5:
		return enter_tunnel(packet, NEXT_MPLS);
	default:
		return PARSE_OTHER;
	}
}

static __always_inline int walk_vxlan(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_take(cur, 8);

	if (!at)
		return PARSE_SHORT;
	if (!(at[0] & VXLAN_HAS_VNI))
		return PARSE_OTHER;
	packet->vni = load_be32(at + 4) >> 8;
	return enter_tunnel(packet, NEXT_ETHERNET);
}

static __always_inline int walk_vxlan_gpe(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_take(cur, 8);

	if (!at)
		return PARSE_SHORT;
	if (!(at[0] & VXLAN_HAS_VNI) || at[0] & VXLAN_GPE_OAM)
		return PARSE_OTHER;
	packet->vni = load_be32(at + 4) >> 8;
	return enter_next_protocol(packet, at[0] & VXLAN_GPE_HAS_NEXT ? at[3] : 3);
}

/* Parse a GENEVE header (RFC 8926, 3.4). */
static __always_inline int walk_geneve(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_take(cur, 8);

	if (!at)
		return PARSE_SHORT;
	if (at[0] & GENEVE_VERSION_MASK || at[1] & GENEVE_OAM)
		return PARSE_OTHER;
	cur->off += (at[0] & 0x3fu) * 4;
	packet->vni = load_be32(at + 4) >> 8;
	packet->ethertype = load_be16(at + 2);
	if (packet->ethertype == ETH_P_TEB)
		return NEXT_ETHERTYPE; /* walk_ethertype() counts the tunnel */
	return enter_tunnel(packet, NEXT_ETHERTYPE);
}

/* Parse a GTP-U header of version 1, protocol type GTP, message type G-PDU (3GPP TS 29.281, 5). */
static __always_inline int walk_gtpu(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_take(cur, 8);
	const __u8 *more;

	if (!at)
		return PARSE_SHORT;
	if ((at[0] & 0xf0) != 0x30 || at[1] != 255)
		return PARSE_OTHER;
	if (!(at[0] & GTPU_HAS_MORE))
		return enter_tunnel(packet, NEXT_IP);
	more = cursor_take(cur, 4);
	if (!more)
		return PARSE_SHORT;
	packet->extension = at[0] & GTPU_HAS_EXTENSION ? more[3] : 0;
	return NEXT_GTPU_EXTENSION;
}

/*
 * Parse a GTP-U extension header: one byte with its length in 4-byte words, its contents, and one
 * byte with the type of the next one.
 */
static __always_inline int walk_gtpu_extension(struct cursor *cur, struct packet *packet)
{
	const __u8 *at;
	__u32 bytes;

	if (!packet->extension)
		return enter_tunnel(packet, NEXT_IP);
	at = cursor_peek(cur, 4);
	if (!at)
		return PARSE_SHORT;
	bytes = at[0] * 4u;
	if (!bytes)
		return PARSE_OTHER;
	cur->off += bytes;
	at = cursor_at(cur, cur->off - 1, 1);
	if (!at)
		return PARSE_SHORT;
	packet->extension = at[0];
	return NEXT_GTPU_EXTENSION;
}

static __always_inline int has_port(const volatile __u16 *ports, __u16 port)
{
#pragma unroll
	for (int i = 0; i < WEFT_TUNNEL_PORTS_MAX; i++)
		if (ports[i] && ports[i] == port)
			return 1;
	return 0;
}

/* Return 1 if UDP packets to @port may carry a tunnel that walk_udp() enters. */
static __always_inline int is_tunnel_port(__u16 port)
{
	return has_port(weft_vxlan_ports, port) || has_port(weft_geneve_ports, port) ||
	       port == PORT_GTPU || port == PORT_VXLAN_GPE;
}

static __always_inline int walk_udp(struct cursor *cur, struct packet *packet)
{
	const __u8 *udp = cursor_take(cur, 8);
	__u16 port;

	if (!udp)
		return PARSE_SHORT;
	port = load_be16(udp + 2);
	if (has_port(weft_vxlan_ports, port))
		return walk_vxlan(cur, packet);
	if (has_port(weft_geneve_ports, port))
		return walk_geneve(cur, packet);
	switch (port) {
	case PORT_GTPU:
		return walk_gtpu(cur, packet);
	case PORT_VXLAN_GPE:
		return walk_vxlan_gpe(cur, packet);
	default:
		return PARSE_OTHER;
	}
}

/*
 * Parse an ERSPAN header of type I or II. Type I has no header of its own: the mirrored frame
 * directly follows a GRE header without a sequence number.
 */
static __always_inline int walk_erspan2(struct cursor *cur, struct packet *packet, __u16 flags)
{
	const __u8 *at;

	if (flags & GRE_SEQUENCE) {
		at = cursor_take(cur, 8);
		if (!at)
			return PARSE_SHORT;
		if (at[0] >> 4 != 1)
			return PARSE_OTHER;
	}
	return enter_tunnel(packet, NEXT_ETHERNET);
}

static __always_inline int walk_erspan3(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_take(cur, 12);

	if (!at)
		return PARSE_SHORT;
	if (at[0] >> 4 != 2)
		return PARSE_OTHER;
	if (at[11] & 1)
		cur->off += 8;
	switch (at[10] >> 2 & 0x1f) {
	case 0:
		return enter_tunnel(packet, NEXT_ETHERNET);
	case 2:
		return enter_tunnel(packet, NEXT_IP);
	default:
		return PARSE_OTHER;
	}
}

static __always_inline int walk_gre0(struct cursor *cur, struct packet *packet, __u16 flags,
				     __u32 key)
{
	if (flags & GRE_SEQUENCE)
		cur->off += 4;
	switch (packet->ethertype) {
	case ETHERTYPE_ERSPAN:
		return walk_erspan2(cur, packet, flags);
	case ETHERTYPE_ERSPAN3:
		return walk_erspan3(cur, packet);
	case ETH_P_TEB:
		if (flags & GRE_KEY)
			packet->vni = key >> 8;
		return NEXT_ETHERTYPE; /* walk_ethertype() counts the tunnel */
	default:
		if (flags & GRE_KEY)
			packet->vni = key;
		return enter_tunnel(packet, NEXT_ETHERTYPE);
	}
}

/* Parse the rest of the GRE header of PPTP, which is version 1 (RFC 2637, 4.1). */
static __always_inline int walk_gre1(struct cursor *cur, struct packet *packet, __u16 flags)
{
	if (packet->ethertype != ETHERTYPE_PPP || !(flags & GRE_KEY) || !(flags & GRE_SEQUENCE))
		return PARSE_OTHER;
	cur->off += flags & GRE_ACK ? 8 : 4;
	return enter_tunnel(packet, NEXT_PPP);
}

/*
 * Parse a GRE header (RFC 2784, RFC 2890). Packets with source routing (RFC 1701) are not parsed.
 */
static __always_inline int walk_gre(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_take(cur, 4);
	__u32 key = 0;
	__u16 flags;

	if (!at)
		return PARSE_SHORT;
	flags = load_be16(at);
	packet->ethertype = load_be16(at + 2);
	if (flags & GRE_ROUTING)
		return PARSE_OTHER;
	if (flags & GRE_CHECKSUM)
		cur->off += 4;
	if (flags & GRE_KEY) {
		at = cursor_take(cur, 4);
		if (!at)
			return PARSE_SHORT;
		key = load_be32(at);
	}
	switch (flags & GRE_VERSION_MASK) {
	case 0:
		return walk_gre0(cur, packet, flags, key);
	case 1:
		return walk_gre1(cur, packet, flags);
	default:
		return PARSE_OTHER;
	}
}

/* ---- IP protocols ---- */

/* Return 1 if IP protocol @proto is a tunnel or may be one (UDP). */
static __always_inline int is_tunnel(__u8 proto)
{
	switch (proto) {
	case IPPROTO_UDP:
	case IPPROTO_GRE:
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		return 1;
	default:
		return 0;
	}
}

/* Parse the tunnel header of IP protocol packet->proto. */
static __always_inline int walk_tunnel(struct cursor *cur, struct packet *packet)
{
	switch (packet->proto) {
	case IPPROTO_UDP:
		return walk_udp(cur, packet);
	case IPPROTO_GRE:
		return walk_gre(cur, packet);
	case IPPROTO_IPIP:
		packet->ethertype = ETH_P_IP;
		return enter_tunnel(packet, NEXT_ETHERTYPE);
	case IPPROTO_IPV6:
		packet->ethertype = ETH_P_IPV6;
		return enter_tunnel(packet, NEXT_ETHERTYPE);
	default:
		return PARSE_OTHER;
	}
}

#endif
