/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse.h - from the Ethernet header to the TCP ports: VLAN and QinQ tags, IPv4,
 * IPv6 with extension headers, fragments.
 *
 * Says which packet it is, judges nothing: lengths that lie and checksums are
 * user space's business. Anything else than TCP is PARSE_OTHER.
 */
#ifndef WEFT_BPF_PARSE_H
#define WEFT_BPF_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>

#include "bpf/cursor.h"
#include "bpf/shared.h"

#define PARSE_VLANS_MAX	     2
#define PARSE_EXTENSIONS_MAX 6

/* <linux/ip.h> has no names for these. */
#define IPV4_FRAGMENT_MASK 0x3fff /* more fragments, offset */
#define IPV6_FRAGMENT_MASK 0xfff9 /* offset, more fragments */
#define TCP_FLAGS_OFF	   13

enum parse_result {
	PARSE_OTHER = 0,
	PARSE_TCP,
	PARSE_FRAGMENT, /* of TCP, for all that can be told; ports and flags are 0 */
};

struct packet {
	__u8 addr[2][16]; /* source, destination; IPv4-mapped */
	__u16 port[2];	  /* host order */
	__u16 vlan[2];
	__u32 vni;
	__u32 fragment_id;
	__u32 ip_bytes;
	__u32 tcp_flags;
};

struct vlan_tag {
	__be16 tci;
	__be16 protocol;
};

struct ipv6_fragment {
	__u8 next;
	__u8 reserved;
	__be16 off;
	__be32 id;
};

static __always_inline void map_ipv4(__u8 *addr, __be32 ipv4)
{
	__builtin_memset(addr, 0, 10);
	addr[10] = addr[11] = 0xff;
	__builtin_memcpy(addr + 12, &ipv4, 4);
}

static __always_inline enum parse_result parse_tcp(struct cursor *cur, struct packet *packet)
{
	struct tcphdr *tcp = cursor_peek(cur, sizeof(*tcp));

	if (!tcp)
		return PARSE_OTHER;
	packet->port[0] = bpf_ntohs(tcp->source);
	packet->port[1] = bpf_ntohs(tcp->dest);
	packet->tcp_flags = ((__u8 *)tcp)[TCP_FLAGS_OFF];
	return PARSE_TCP;
}

static __always_inline enum parse_result parse_ipv4(struct cursor *cur, struct packet *packet)
{
	struct iphdr *ip = cursor_peek(cur, sizeof(*ip));

	if (!ip || ip->version != 4 || ip->ihl < 5 || ip->protocol != IPPROTO_TCP)
		return PARSE_OTHER;
	map_ipv4(packet->addr[0], ip->saddr);
	map_ipv4(packet->addr[1], ip->daddr);
	packet->ip_bytes = bpf_ntohs(ip->tot_len);
	if (ip->frag_off & bpf_htons(IPV4_FRAGMENT_MASK)) {
		packet->fragment_id = ip->id;
		return PARSE_FRAGMENT;
	}
	cur->off += (__u32)ip->ihl * 4;
	return parse_tcp(cur, packet);
}

/* Step over one extension header. Return: the next protocol; -1: stop here. */
static __always_inline int skip_extension(struct cursor *cur, int protocol)
{
	__u8 *header = cursor_peek(cur, 8);

	if (!header)
		return -1;
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		cur->off += ((__u32)header[1] + 1) * 8;
		return header[0];
	case IPPROTO_AH:
		cur->off += ((__u32)header[1] + 2) * 4;
		return header[0];
	default:
		return -1;
	}
}

/* An atomic fragment (offset 0, no more) is a whole packet: RFC 6946. */
static __always_inline int parse_ipv6_fragment(struct cursor *cur, struct packet *packet)
{
	struct ipv6_fragment *fragment = cursor_take(cur, sizeof(*fragment));

	if (!fragment)
		return -1;
	if (fragment->off & bpf_htons(IPV6_FRAGMENT_MASK))
		packet->fragment_id = fragment->id ? fragment->id : 1;
	return fragment->next;
}

static __always_inline enum parse_result parse_ipv6(struct cursor *cur, struct packet *packet)
{
	struct ipv6hdr *ip = cursor_take(cur, sizeof(*ip));
	int protocol;

	if (!ip || ip->version != 6)
		return PARSE_OTHER;
	__builtin_memcpy(packet->addr[0], &ip->saddr, 16);
	__builtin_memcpy(packet->addr[1], &ip->daddr, 16);
	packet->ip_bytes = (__u32)bpf_ntohs(ip->payload_len) + sizeof(*ip);
	protocol = ip->nexthdr;

#pragma unroll
	for (int i = 0; i < PARSE_EXTENSIONS_MAX; i++) {
		if (protocol == IPPROTO_TCP)
			break;
		if (protocol == IPPROTO_FRAGMENT)
			protocol = parse_ipv6_fragment(cur, packet);
		else
			protocol = skip_extension(cur, protocol);
		if (protocol < 0)
			return PARSE_OTHER;
		/* What follows may be in another fragment: the datagram decides. */
		if (packet->fragment_id)
			return PARSE_FRAGMENT;
	}
	return protocol == IPPROTO_TCP ? parse_tcp(cur, packet) : PARSE_OTHER;
}

/* @cur: at the Ethernet header. */
static __always_inline enum parse_result parse_frame(struct cursor *cur, struct packet *packet)
{
	struct ethhdr *eth = cursor_take(cur, sizeof(*eth));
	__be16 protocol;

	__builtin_memset(packet, 0, sizeof(*packet));
	if (!eth)
		return PARSE_OTHER;
	protocol = eth->h_proto;

#pragma unroll
	for (int i = 0; i < PARSE_VLANS_MAX; i++) {
		struct vlan_tag *tag;

		if (protocol != bpf_htons(ETH_P_8021Q) && protocol != bpf_htons(ETH_P_8021AD))
			break;
		tag = cursor_take(cur, sizeof(*tag));
		if (!tag)
			return PARSE_OTHER;
		packet->vlan[i] = bpf_ntohs(tag->tci) & 0xfff;
		protocol = tag->protocol;
	}
	if (protocol == bpf_htons(ETH_P_IP))
		return parse_ipv4(cur, packet);
	if (protocol == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(cur, packet);
	return PARSE_OTHER;
}

#endif
