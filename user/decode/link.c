// SPDX-License-Identifier: BSD-2-Clause
/*
 * link.c - parses link layers other than plain Ethernet, as well as VLAN tags, MPLS, PPPoE, PPP and
 * LLC.
 *
 * Link-layer addresses are ignored. PPPoE sessions and MPLS labels are not part of the flow key,
 * because labels differ by direction.
 */
#include "decode/link.h"

/* Address family numbers of the systems that write NULL and LOOP captures. */
enum {
	FAMILY_INET = 2,
	FAMILY_INET6_LINUX = 10,
	FAMILY_INET6_WINDOWS = 23,
	FAMILY_INET6_OPENBSD = 24, /* also used by NetBSD */
	FAMILY_INET6_FREEBSD = 28,
	FAMILY_INET6_DARWIN = 30,
};

enum {
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_MPLS_MULTICAST = 0x0283,
	PPP_ADDRESS_CONTROL = 0xff03,
};

enum {
	MPLS_BOTTOM_OF_STACK = 0x100,
	PPPOE_VERSION_TYPE = 0x11,
	PPPOE_BYTES = 6,
	SLL_BYTES = 16,
	SLL2_BYTES = 20,
	SNAP_BYTES = 8,
};

static enum wf_next ethertype_is(struct wf_layers *layers, uint16_t ethertype)
{
	layers->ethertype = ethertype;
	return WF_NEXT_ETHERTYPE;
}

/*
 * Parse a NULL or LOOP header. A NULL header has the address family in the byte order of the
 * capturing host, a LOOP header in network order, but some files use the reverse order. All
 * families are below 256, so the byte order can be recognised from the value.
 */
static enum wf_next link_family(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;
	uint32_t family;

	if (!wf_layers_skip(layers, 4))
		return WF_NEXT_MALFORMED;
	family = wf_load_be32(at);
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	switch (family) {
	case FAMILY_INET:
		return ethertype_is(layers, WF_ETHERTYPE_IPV4);
	case FAMILY_INET6_LINUX:
	case FAMILY_INET6_WINDOWS:
	case FAMILY_INET6_OPENBSD:
	case FAMILY_INET6_FREEBSD:
	case FAMILY_INET6_DARWIN:
		return ethertype_is(layers, WF_ETHERTYPE_IPV6);
	default:
		return WF_NEXT_NOT_TCP;
	}
}

/* Parse a Linux "cooked" header of @bytes with the EtherType at @type_off. */
static enum wf_next link_cooked(struct wf_layers *layers, uint32_t bytes, uint32_t type_off)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, bytes))
		return WF_NEXT_MALFORMED;
	layers->ethertype = wf_load_be16(at + type_off);
	/* In cooked headers, a small value is not a length, but a code for 802.3 or CAN frames. */
	return layers->ethertype <= WF_ETHERTYPE_8023_MAX ? WF_NEXT_NOT_TCP : WF_NEXT_ETHERTYPE;
}

enum wf_next wf_link_outer(struct wf_layers *layers, enum weft_link link)
{
	switch (link) {
	case WEFT_LINK_ETHERNET:
		return WF_NEXT_ETHERNET;
	case WEFT_LINK_RAW:
		return WF_NEXT_IP;
	case WEFT_LINK_NULL:
	case WEFT_LINK_LOOP:
		return link_family(layers);
	case WEFT_LINK_SLL:
		return link_cooked(layers, SLL_BYTES, 14);
	case WEFT_LINK_SLL2:
		return link_cooked(layers, SLL2_BYTES, 0);
	case WEFT_LINK_PPP:
		return WF_NEXT_PPP;
	}
	return WF_NEXT_MALFORMED;
}

/*
 * The address and control bytes may be missing, and the protocol field may have only one byte (RFC
 * 1661, 2).
 */
enum wf_next wf_link_ppp(struct wf_layers *layers)
{
	uint16_t protocol;

	if (layers->cap_bytes >= 2 && wf_load_be16(layers->pos) == PPP_ADDRESS_CONTROL)
		(void)wf_layers_skip(layers, 2);
	if (layers->cap_bytes < 2)
		return WF_NEXT_MALFORMED;
	protocol = layers->pos[0] & 1 ? layers->pos[0] : wf_load_be16(layers->pos);
	(void)wf_layers_skip(layers, layers->pos[0] & 1 ? 1 : 2);
	switch (protocol) {
	case PPP_IPV4:
		return ethertype_is(layers, WF_ETHERTYPE_IPV4);
	case PPP_IPV6:
		return ethertype_is(layers, WF_ETHERTYPE_IPV6);
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		return ethertype_is(layers, WF_ETHERTYPE_MPLS);
	default:
		return WF_NEXT_NOT_TCP;
	}
}

static enum wf_next link_pppoe(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, PPPOE_BYTES))
		return WF_NEXT_MALFORMED;
	/* Code 0 is session data (RFC 2516, 4). */
	if (at[0] != PPPOE_VERSION_TYPE || at[1] != 0 ||
	    !wf_layers_trim(layers, wf_load_be16(at + 4)))
		return WF_NEXT_MALFORMED;
	return WF_NEXT_PPP;
}

static enum wf_next link_vlan(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, 4) || layers->tags >= WEFT_VLAN_DEPTH_MAX)
		return WF_NEXT_MALFORMED;
	if (layers->tags < 2)
		layers->vlan[layers->tags] = wf_load_be16(at) & 0x0fff;
	layers->tags++;
	return ethertype_is(layers, wf_load_be16(at + 2));
}

/*
 * Parse MPLS labels. Labels do not identify the type of the payload, but its first four bits do
 * (RFC 4928): the version of IP, or 0 for a pseudowire's control word (RFC 4385) followed by
 * Ethernet.
 */
static enum wf_next link_mpls(struct wf_layers *layers)
{
	uint32_t labels = 0;
	uint32_t entry;

	do {
		const uint8_t *at = layers->pos;

		if (++labels > WEFT_MPLS_LABELS_MAX || !wf_layers_skip(layers, 4))
			return WF_NEXT_MALFORMED;
		entry = wf_load_be32(at);
	} while (!(entry & MPLS_BOTTOM_OF_STACK));

	if (!layers->cap_bytes)
		return WF_NEXT_MALFORMED;
	switch (layers->pos[0] >> 4) {
	case 4:
	case 6:
		return WF_NEXT_IP;
	case 0:
		if (!wf_layers_skip(layers, 4))
			return WF_NEXT_MALFORMED;
		return wf_layers_enter(layers, WF_NEXT_ETHERNET);
	default:
		return WF_NEXT_NOT_TCP;
	}
}

/* Parse LLC. The IEEE 802.3 type field is a length, and IP is carried in SNAP only (RFC 1042). */
static enum wf_next link_llc(struct wf_layers *layers)
{
	static const uint8_t snap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0};
	const uint8_t *at = layers->pos;
	uint32_t bytes = layers->ethertype;

	if (layers->cap_bytes < SNAP_BYTES || memcmp(at, snap, sizeof(snap)) != 0)
		return WF_NEXT_NOT_TCP;
	if (!wf_layers_trim(layers, bytes) || !wf_layers_skip(layers, SNAP_BYTES))
		return WF_NEXT_MALFORMED;
	layers->ethertype = wf_load_be16(at + 6);
	/*
	 * A small value would be a length, followed by another LLC header, which is not valid
	 * inside LLC.
	 */
	return layers->ethertype <= WF_ETHERTYPE_8023_MAX ? WF_NEXT_NOT_TCP : WF_NEXT_ETHERTYPE;
}

enum wf_next wf_link_ethertype(struct wf_layers *layers)
{
	switch (layers->ethertype) {
	case WF_ETHERTYPE_VLAN:
	case WF_ETHERTYPE_QINQ:
	case WF_ETHERTYPE_QINQ_OLD:
	case WF_ETHERTYPE_QINQ_OLDER:
		return link_vlan(layers);
	case WF_ETHERTYPE_MPLS:
	case WF_ETHERTYPE_MPLS_UPSTREAM:
		return link_mpls(layers);
	case WF_ETHERTYPE_PPPOE:
		return link_pppoe(layers);
	case WF_ETHERTYPE_PPP:
		return WF_NEXT_PPP;
	case WF_ETHERTYPE_TEB:
		return wf_layers_enter(layers, WF_NEXT_ETHERNET);
	default:
		return layers->ethertype <= WF_ETHERTYPE_8023_MAX ? link_llc(layers)
								  : WF_NEXT_NOT_TCP;
	}
}
