/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mpls.h - parser for MPLS labels, which also finds out the type of the header after the labels.
 * Labels do not contain that type, so the first bytes of the header decide.
 *
 * The rules equal those of user/decode/ethertype.c, which gives the reasons.
 */
#ifndef WEFT_BPF_MPLS_H
#define WEFT_BPF_MPLS_H

#include <linux/if_ether.h>

#include "bpf/packet.h"
#include "bpf/tunnel.h"

static __always_inline int is_common_tag(__u16 ethertype)
{
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

/*
 * Return 1 if an Ethernet header, at most two VLAN tags and the first byte of IP are found at @off.
 */
static __always_inline int looks_like_ethernet(const struct cursor *cur, __u32 off)
{
	const __u8 *at = cursor_at(cur, off, ETH_HLEN + 9);
	__u32 type_off = 12;
	__u16 ethertype;
	__u8 first;

	if (!at)
		return 0;
	if (is_common_tag(load_be16(at + 12)))
		type_off = is_common_tag(load_be16(at + 16)) ? 20 : 16;
	ethertype = load_be16(at + type_off);
	first = at[type_off + 2];
	return (ethertype == ETH_P_IP && first >= 0x45 && first <= 0x4f) ||
	       (ethertype == ETH_P_IPV6 && first >> 4 == 6);
}

/* Parse a pseudowire whose first four bits are 0: skip its control word if it has one. */
static __always_inline int walk_pseudowire(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_peek(cur, 4);

	if (!at)
		return PARSE_SHORT;
	if (!looks_like_ethernet(cur, cur->off) ||
	    (!load_be32(at) && looks_like_ethernet(cur, cur->off + 4)))
		cur->off += 4; /* control word */
	return enter_tunnel(packet, NEXT_ETHERNET);
}

/* Parse one MPLS label and, if it is the last one, find out the type of the next header. */
static __always_inline int walk_mpls(struct cursor *cur, struct packet *packet)
{
	const __u8 *label = cursor_take(cur, 4);
	const __u8 *first;

	if (!label)
		return PARSE_SHORT;
	if (!(label[2] & 1))
		return NEXT_MPLS;
	first = cursor_peek(cur, 1);
	if (!first)
		return PARSE_SHORT;
	if (first[0] >> 4 == 0)
		return walk_pseudowire(cur, packet);
	if (first[0] != 0x45 && looks_like_ethernet(cur, cur->off))
		return enter_tunnel(packet, NEXT_ETHERNET);
	switch (first[0] >> 4) {
	case 4:
	case 6:
		return NEXT_IP;
	case 1: /* control channel of a pseudowire */
		return PARSE_OTHER;
	default:
		return enter_tunnel(packet, NEXT_ETHERNET);
	}
}

#endif
