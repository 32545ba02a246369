/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common.h - the fast path for the headers that most frames have: Ethernet, at most one VLAN tag,
 * IPv4 without options or IPv6, then TCP; and VXLAN over IPv4 that contains Ethernet, IPv4 and TCP.
 * It also recognises UDP over IPv4 to a port that is not a tunnel's. For these headers, the result
 * equals that of parse.h and walk.h. The code has few bounds checks, no loops and no state, so all
 * values stay in registers. parse.h parses any other frame from its beginning.
 *
 * @link_bytes: ETH_HLEN, or 0 if the device has no link-layer header and packets begin with IP.
 */
#ifndef WEFT_BPF_COMMON_H
#define WEFT_BPF_COMMON_H

#include "bpf/parse.h"

#define IPV4_PLAIN  0x45 /* version 4, header length of 5 words */
#define IPV6_NIBBLE 0x60

#define TAG_BYTES   4
#define UDP_BYTES   8
#define VXLAN_BYTES 8

/*
 * Read the EtherType with one 16-bit load; reading the packed struct ethhdr would load single
 * bytes.
 */
static __always_inline __be16 common_ethertype(const void *start)
{
	return *(const __be16 *)(start + 2 * ETH_ALEN);
}

static __always_inline void common_tcp(const struct tcphdr *tcp, __u32 link_bytes,
				       struct packet *packet)
{
	packet->ip_end = link_bytes + packet->ip_bytes;
	packet->port[0] = bpf_ntohs(tcp->source);
	packet->port[1] = bpf_ntohs(tcp->dest);
	packet->tcp_flags = ((const __u8 *)tcp)[TCP_FLAGS_OFF];
}

/*
 * Parse the link-layer header, IPv4 and TCP. Return: 1 if *packet was set: all its members, except
 * the state of the parser, are as parse.h sets them with PARSE_TCP; 0 if the frame has other
 * headers or is too short.
 */
static __always_inline int common_ipv4(const void *start, const void *end, __u32 link_bytes,
				       struct packet *packet)
{
	const struct iphdr *ip = start + link_bytes;
	const struct tcphdr *tcp = (const void *)(ip + 1);

	if ((const void *)(tcp + 1) > end ||
	    (link_bytes && common_ethertype(start) != bpf_htons(ETH_P_IP)) ||
	    *(const __u8 *)ip != IPV4_PLAIN || ip->protocol != IPPROTO_TCP ||
	    ip->frag_off & bpf_htons(IPV4_FRAGMENT_MASK))
		return 0;
	__builtin_memset(packet, 0, sizeof(*packet));
	map_ipv4(packet->addr[0], ip->saddr);
	map_ipv4(packet->addr[1], ip->daddr);
	packet->ip_version = 4;
	packet->ip_bytes = bpf_ntohs(ip->tot_len);
	common_tcp(tcp, link_bytes, packet);
	return 1;
}

static __always_inline int common_ipv6(const void *start, const void *end, __u32 link_bytes,
				       struct packet *packet)
{
	const struct ipv6hdr *ip = start + link_bytes;
	const struct tcphdr *tcp = (const void *)(ip + 1);
	const __u64 *words = (const void *)&ip->saddr;

	if ((const void *)(tcp + 1) > end ||
	    (link_bytes && common_ethertype(start) != bpf_htons(ETH_P_IPV6)) ||
	    (*(const __u8 *)ip & 0xf0) != IPV6_NIBBLE || ip->nexthdr != IPPROTO_TCP)
		return 0;
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->addr[0][0] = words[0];
	packet->addr[0][1] = words[1];
	packet->addr[1][0] = words[2];
	packet->addr[1][1] = words[3];
	packet->ip_version = 6;
	packet->ip_bytes = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	common_tcp(tcp, link_bytes, packet);
	return 1;
}

/*
 * Parse Ethernet, one VLAN tag, IP and TCP. Return: as common_ipv4(). @start is advanced by
 * TAG_BYTES for common_ipv4() and common_ipv6(), so that they read the EtherType after the tag.
 */
static __always_inline int common_vlan(const void *start, const void *end, struct packet *packet)
{
	const __u8 *tag = start + ETH_HLEN;

	if ((const void *)(tag + TAG_BYTES) > end || !is_tag(bpf_ntohs(common_ethertype(start))))
		return 0;
	if (!common_ipv4(start + TAG_BYTES, end, ETH_HLEN, packet) &&
	    !common_ipv6(start + TAG_BYTES, end, ETH_HLEN, packet))
		return 0;
	add_vlan(packet, load_be16(tag) & 0xfff);
	packet->ip_end += TAG_BYTES;
	return 1;
}

/* Return the UDP header if it follows Ethernet and IPv4 without options; otherwise NULL. */
static __always_inline const __u8 *common_udp(const void *start, const void *end)
{
	const struct iphdr *ip = start + ETH_HLEN;
	const __u8 *udp = (const void *)(ip + 1);

	if ((const void *)(udp + UDP_BYTES) > end ||
	    common_ethertype(start) != bpf_htons(ETH_P_IP) || *(const __u8 *)ip != IPV4_PLAIN ||
	    ip->protocol != IPPROTO_UDP || ip->frag_off & bpf_htons(IPV4_FRAGMENT_MASK))
		return 0;
	return udp;
}

/* Return 1 if @udp, the result of common_udp(), is a UDP header whose port is not a tunnel's. */
static __always_inline int common_is_other(const __u8 *udp)
{
	return udp && !is_tunnel_port(load_be16(udp + 2));
}

/*
 * Parse VXLAN, and in it Ethernet, IPv4 and TCP. @udp: result of common_udp(). Return: as
 * common_ipv4().
 */
static __always_inline int common_vxlan(const void *start, const void *end, const __u8 *udp,
					struct packet *packet)
{
	const struct iphdr *ip = start + ETH_HLEN;
	const __u8 *vxlan = udp + UDP_BYTES;

	if (!udp || (const void *)(vxlan + VXLAN_BYTES) > end ||
	    !has_port(weft_vxlan_ports, load_be16(udp + 2)) || !(vxlan[0] & VXLAN_HAS_VNI) ||
	    !common_ipv4(vxlan + VXLAN_BYTES, end, ETH_HLEN, packet))
		return 0;
	packet->vni = load_be32(vxlan + 4) >> 8;
	packet->ip_end = ETH_HLEN + bpf_ntohs(ip->tot_len);
	return 1;
}

#endif
