// SPDX-License-Identifier: BSD-2-Clause
/*
 * link.c - parses link layers other than Ethernet. Link-layer addresses are ignored.
 */
#include "decode/link.h"

#include "decode/ieee80211.h"

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
	SLL_BYTES = 16,
	SLL2_BYTES = 20,
	CISCO_HDLC_BYTES = 4,
	CISCO_HDLC_UNICAST = 0x0f00,
	CISCO_HDLC_MULTICAST = 0x8f00,

	NFLOG_BYTES = 4,
	NFLOG_TLV_BYTES = 4,
	NFLOG_PAYLOAD = 9,
	NFLOG_TLVS_MAX = 64,

	PKTAP_BYTES_MIN = 12,
	PKTAP_BYTES_MAX = 1024,
	PKTAP_PACKET = 1,
};

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
		return wf_layers_ethertype(layers, WF_ETHERTYPE_IPV4);
	case FAMILY_INET6_LINUX:
	case FAMILY_INET6_WINDOWS:
	case FAMILY_INET6_OPENBSD:
	case FAMILY_INET6_FREEBSD:
	case FAMILY_INET6_DARWIN:
		return wf_layers_ethertype(layers, WF_ETHERTYPE_IPV6);
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

static bool is_cisco_hdlc(const struct wf_layers *layers)
{
	return layers->cap_bytes >= CISCO_HDLC_BYTES &&
	       (wf_load_be16(layers->pos) == CISCO_HDLC_UNICAST ||
		wf_load_be16(layers->pos) == CISCO_HDLC_MULTICAST);
}

/* Parse a Cisco HDLC header (RFC 1547, 4.3.1): address, control, EtherType. */
static enum wf_next link_cisco_hdlc(struct wf_layers *layers)
{
	if (layers->cap_bytes < CISCO_HDLC_BYTES)
		return WF_NEXT_MALFORMED;
	return is_cisco_hdlc(layers) ? link_cooked(layers, CISCO_HDLC_BYTES, 2) : WF_NEXT_NOT_TCP;
}

/*
 * Parse NFLOG: a header, then attributes in the byte order of the capturing host, of which one
 * contains the packet. All types are below 256, so the byte order can be recognised from the type.
 */
static enum wf_next link_nflog(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, NFLOG_BYTES))
		return WF_NEXT_MALFORMED;
	if (at[0] != FAMILY_INET && at[0] != FAMILY_INET6_LINUX)
		return WF_NEXT_NOT_TCP;
	for (int i = 0; i < NFLOG_TLVS_MAX; i++) {
		uint32_t bytes;
		bool big_endian;

		at = layers->pos;
		if (!wf_layers_skip(layers, NFLOG_TLV_BYTES))
			return WF_NEXT_MALFORMED;
		big_endian = !at[2];
		bytes = big_endian ? wf_load_be16(at) : wf_load_le16(at);
		if (bytes < NFLOG_TLV_BYTES)
			return WF_NEXT_MALFORMED;
		bytes -= NFLOG_TLV_BYTES;
		if (at[big_endian ? 3 : 2] == NFLOG_PAYLOAD)
			return wf_layers_trim(layers, bytes) ? WF_NEXT_IP : WF_NEXT_MALFORMED;
		if (!wf_layers_skip(layers, (bytes + 3) & ~3u))
			return WF_NEXT_MALFORMED;
	}
	return WF_NEXT_MALFORMED;
}

/* Return the type of link that PKTAP names with libpcap's number @dlt. */
static enum weft_link pktap_link(uint32_t dlt)
{
	switch (dlt) {
	case 0:
		return WEFT_LINK_NULL;
	case 1:
		return WEFT_LINK_ETHERNET;
	case 9:
		return WEFT_LINK_PPP;
	case 12:
		return WEFT_LINK_RAW;
	case 105:
		return WEFT_LINK_IEEE80211;
	case 127:
		return WEFT_LINK_RADIOTAP;
	default:
		return WEFT_LINK_COUNT;
	}
}

/* Parse a PKTAP header, as macOS writes it: its length, the type of the record, the link type. */
static enum wf_next link_pktap(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;
	enum weft_link link;
	uint32_t bytes;

	if (layers->cap_bytes < PKTAP_BYTES_MIN)
		return WF_NEXT_MALFORMED;
	bytes = wf_load_le32(at);
	if (bytes < PKTAP_BYTES_MIN || bytes > PKTAP_BYTES_MAX || !wf_layers_skip(layers, bytes))
		return WF_NEXT_MALFORMED;
	if (wf_load_le32(at + 4) != PKTAP_PACKET)
		return WF_NEXT_NOT_TCP;
	link = pktap_link(wf_load_le32(at + 8));
	return link == WEFT_LINK_COUNT ? WF_NEXT_NOT_TCP : wf_link_outer(layers, link);
}

/* Skip @bytes before PPP. */
static enum wf_next link_ppp_after(struct wf_layers *layers, uint32_t bytes)
{
	return wf_layers_skip(layers, bytes) ? WF_NEXT_PPP : WF_NEXT_MALFORMED;
}

/* A capture file of type "PPP in HDLC-like framing" may contain Cisco HDLC instead. */
static enum wf_next link_ppp_hdlc(struct wf_layers *layers)
{
	return is_cisco_hdlc(layers) ? link_cisco_hdlc(layers) : WF_NEXT_PPP;
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
	case WEFT_LINK_PPP_HDLC:
		return link_ppp_hdlc(layers);
	case WEFT_LINK_PPP_DIRECTION:
		return link_ppp_after(layers, 1);
	case WEFT_LINK_PPP_PPPD:
		return link_ppp_after(layers, 2);
	case WEFT_LINK_PPPOE:
		return wf_layers_ethertype(layers, WF_ETHERTYPE_PPPOE);
	case WEFT_LINK_CISCO_HDLC:
		return link_cisco_hdlc(layers);
	case WEFT_LINK_NFLOG:
		return link_nflog(layers);
	case WEFT_LINK_IEEE80211:
		return wf_ieee80211(layers);
	case WEFT_LINK_RADIOTAP:
		return wf_ieee80211_radiotap(layers);
	case WEFT_LINK_PKTAP:
		return link_pktap(layers);
	}
	return WF_NEXT_MALFORMED;
}

/*
 * The protocol field may have only one byte (RFC 1661, 6.5), and the address and control bytes may
 * be missing (RFC 1661, 6.6).
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
		return wf_layers_ethertype(layers, WF_ETHERTYPE_IPV4);
	case PPP_IPV6:
		return wf_layers_ethertype(layers, WF_ETHERTYPE_IPV6);
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		return wf_layers_ethertype(layers, WF_ETHERTYPE_MPLS);
	default:
		return WF_NEXT_NOT_TCP;
	}
}
