/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse.h - parser for common headers: Ethernet, up to two VLAN tags, IPv4 or IPv6, TCP.
 *
 * At any other header the parser returns its kind (NEXT_*), and walk.h continues at packet->off.
 * The parser only identifies the flow: user space checks lengths and checksums.
 */
#ifndef WEFT_BPF_PARSE_H
#define WEFT_BPF_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "bpf/packet.h"
#include "bpf/shared.h"
#include "bpf/tunnel.h"

#define PLAIN_TAGS_MAX 2

const volatile __u8 weft_ignore_vlan; /* 1: VLAN ids are not part of the flow key */

/* Bit "more fragments" and fragment offset in struct iphdr.frag_off; not in <linux/ip.h>. */
#define IPV4_FRAGMENT_MASK 0x3fff
#define TCP_FLAGS_OFF	   13 /* offset of the byte of flags in the TCP header */

/* Shift that places an IPv4 address in the last four bytes of a 64-bit word in memory. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define IPV4_SHIFT 32
#else
#define IPV4_SHIFT 0
#endif

/*
 * Write the address as ::ffff:a.b.c.d. It is stored as 64-bit words, because later reads of such
 * words would stall after stores of single bytes.
 */
static __always_inline void map_ipv4(__u64 *addr, __be32 ipv4)
{
	addr[0] = 0;
	addr[1] = bpf_cpu_to_be64(0xffffull << 32) | (__u64)ipv4 << IPV4_SHIFT;
}

/* Record the length of an IP packet that begins at offset @off. */
static __always_inline void set_ip_bytes(__u32 off, struct packet *packet, __u32 bytes)
{
	packet->ip_bytes = bytes;
	if (!packet->ip_end)
		packet->ip_end = off + bytes;
}

static __always_inline int parse_tcp(struct cursor *cur, struct packet *packet)
{
	struct tcphdr *tcp = cursor_peek(cur, sizeof(*tcp));

	if (!tcp)
		return PARSE_SHORT;
	packet->port[0] = bpf_ntohs(tcp->source);
	packet->port[1] = bpf_ntohs(tcp->dest);
	packet->tcp_flags = ((__u8 *)tcp)[TCP_FLAGS_OFF];
	return PARSE_TCP;
}

/* Return 1 if a fragmented datagram with protocol @proto may carry TCP, directly or in a tunnel. */
static __always_inline int may_carry_tcp(__u8 proto, __u8 ip_version)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_AH:
		return 1;
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
		return ip_version == 6;
	default:
		return is_tunnel(proto);
	}
}

static __always_inline int parse_ipv4(struct cursor *cur, struct packet *packet)
{
	struct iphdr *ip = cursor_peek(cur, sizeof(*ip));

	if (!ip)
		return PARSE_SHORT;
	if (ip->version != 4 || ip->ihl < 5)
		return PARSE_OTHER;
	map_ipv4(packet->addr[0], ip->saddr);
	map_ipv4(packet->addr[1], ip->daddr);
	set_ip_bytes(cur->off, packet, bpf_ntohs(ip->tot_len));
	packet->ip_version = 4;
	packet->proto = ip->protocol;
	if (ip->frag_off & bpf_htons(IPV4_FRAGMENT_MASK)) {
		packet->fragment_id = ip->id;
		return may_carry_tcp(ip->protocol, 4) ? PARSE_FRAGMENT : PARSE_OTHER;
	}
	cur->off += (__u32)ip->ihl * 4;
	return packet->proto == IPPROTO_TCP ? parse_tcp(cur, packet) : NEXT_PROTO;
}

static __always_inline int parse_ipv6(struct cursor *cur, struct packet *packet)
{
	struct ipv6hdr *ip = cursor_take(cur, sizeof(*ip));

	if (!ip)
		return PARSE_SHORT;
	if (ip->version != 6)
		return PARSE_OTHER;
	__builtin_memcpy(packet->addr[0], &ip->saddr, 16);
	__builtin_memcpy(packet->addr[1], &ip->daddr, 16);
	set_ip_bytes(cur->off - sizeof(*ip), packet, bpf_ntohs(ip->payload_len) + sizeof(*ip));
	packet->ip_version = 6;
	packet->proto = ip->nexthdr;
	return packet->proto == IPPROTO_TCP ? parse_tcp(cur, packet) : NEXT_PROTO;
}

static __always_inline int is_tag(__u16 ethertype)
{
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD || ethertype == ETH_P_QINQ1 ||
	       ethertype == ETH_P_QINQ2;
}

/* Record a VLAN id, unless two are recorded. A priority tag has id 0, which names no VLAN. */
static __always_inline void add_vlan(struct packet *packet, __u16 id)
{
	if (weft_ignore_vlan)
		return;
	if (!packet->vlan[0])
		packet->vlan[0] = id;
	else if (!packet->vlan[1])
		packet->vlan[1] = id;
}

static __always_inline int parse_tag(struct cursor *cur, struct packet *packet)
{
	const __u8 *tag = cursor_take(cur, 4);

	if (!tag)
		return PARSE_SHORT;
	add_vlan(packet, load_be16(tag) & 0xfff);
	packet->tags++;
	packet->ethertype = load_be16(tag + 2);
	return NEXT_ETHERTYPE;
}

static __always_inline int parse_ethernet(struct cursor *cur, struct packet *packet)
{
	struct ethhdr *eth = cursor_take(cur, sizeof(*eth));

	if (!eth)
		return PARSE_SHORT;
	packet->ethertype = bpf_ntohs(eth->h_proto);
	return NEXT_ETHERTYPE;
}

/*
 * Parse VLAN tags, IP and TCP after an Ethernet header. @next: result of parse_ethernet(). Return:
 * PARSE_*, or NEXT_* if walk.h has to continue at packet->off.
 */
static __always_inline int parse_plain(struct cursor *cur, struct packet *packet, int next)
{
#pragma unroll
	for (int i = 0; i < PLAIN_TAGS_MAX; i++) {
		if (next != NEXT_ETHERTYPE || !is_tag(packet->ethertype))
			break;
		next = parse_tag(cur, packet);
	}
	if (next == NEXT_ETHERTYPE && packet->ethertype == ETH_P_IP)
		next = parse_ipv4(cur, packet);
	else if (next == NEXT_ETHERTYPE && packet->ethertype == ETH_P_IPV6)
		next = parse_ipv6(cur, packet);
	packet->off = cur->off;
	return next;
}

#endif
