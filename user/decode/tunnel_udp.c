// SPDX-License-Identifier: BSD-2-Clause
/*
 * tunnel_udp.c - parses VXLAN, GENEVE, GTP-U, GUE, LISP, Teredo, L2TP, CAPWAP, TZSP and the mirror
 * sessions of HP switches.
 *
 * A tunnel identifier becomes the vni of the flow key if both directions use the same identifier:
 * the identifiers of VXLAN, GENEVE and LISP are used. GTP-U TEIDs and L2TP session ids are not,
 * because they differ by direction.
 */
#include "decode/tunnel_udp.h"

#include "decode/ethertype.h"
#include "decode/ieee80211.h"

enum {
	PORT_L2TP = 1701,
	PORT_GTPU = 2152,
	PORT_TEREDO = 3544,
	PORT_LISP = 4341,
	PORT_VXLAN_GPE = 4790,
	PORT_CAPWAP = 5247,
	PORT_GUE = 6080,
	PORT_HP_ERM = 7932,
	PORT_TZSP = 37008,
};

enum {
	VXLAN_BYTES = 8,
	VXLAN_HAS_VNI = 0x08,
	VXLAN_GPE_HAS_NEXT = 0x04,
	VXLAN_GPE_OAM = 0x01,

	GENEVE_BYTES = 8,
	GENEVE_VERSION_MASK = 0xc0,
	GENEVE_OAM = 0x80,

	GTPU_BYTES = 8,
	GTPU_VERSION_MASK = 0xf0,
	GTPU_VERSION_1 = 0x30, /* version 1, protocol type GTP */
	GTPU_HAS_EXTENSION = 0x04,
	/* the header has an extension header, a sequence number or an N-PDU number */
	GTPU_HAS_MORE = 0x07,
	GTPU_DATA = 255,
	GTPU_EXTENSIONS_MAX = 8,

	GUE_BYTES = 4,
	GUE_VERSION_MASK = 0xc0,
	/* no GUE header; the bits are those of an IP version */
	GUE_VERSION_IP = 0x40,
	GUE_CONTROL = 0x20,
	GUE_PROTO_GRE = 47,
	GUE_PRIVATE = 0x0001, /* the only flag that is accepted; it does not change the payload */

	LISP_BYTES = 8,
	LISP_HAS_INSTANCE = 0x08,
	LISP_HAS_NEXT = 0x04, /* LISP-GPE (RFC 9305) */
	LISP_ENCRYPTED = 0x03,

	TEREDO_AUTHENTICATION_BYTES = 13,
	TEREDO_ORIGIN_BYTES = 8,
	TEREDO_IP6_BYTES = 40,

	L2TP_CONTROL = 0x8000,
	L2TP_HAS_LENGTH = 0x4000,
	L2TP_HAS_SEQUENCE = 0x0800,
	L2TP_HAS_OFFSET = 0x0200,
	L2TP_FIXED_MASK = 0x34ff, /* reserved bits and the version */
	L2TP_VERSION_2 = 0x0002,

	CAPWAP_BYTES = 8,
	/* third byte: the payload is 802.11 */
	CAPWAP_WIRELESS = 0x01,
	/* third byte: the wireless binding is that of 802.11 (RFC 5416) */
	CAPWAP_WIRELESS_BINDING = 0x02,
	CAPWAP_BINDING_MASK = 0x3e,
	CAPWAP_FRAGMENT_OR_KEEPALIVE = 0x88, /* flags in the fourth byte */

	TZSP_BYTES = 4,
	TZSP_VERSION = 1,
	TZSP_TRANSMITTED = 1, /* greatest type of a packet with data */
	TZSP_ETHERNET = 1,
	TZSP_IEEE80211 = 18,
	TZSP_TAG_PADDING = 0,
	TZSP_TAG_END = 1,
	TZSP_TAGS_MAX = 64,

	HP_ERM_BYTES = 12,
};

static enum wf_next enter_vni(struct wf_layers *layers, uint32_t vni, enum wf_next next)
{
	layers->vni = vni;
	return wf_layers_enter(layers, next);
}

static enum wf_next tunnel_vxlan(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, VXLAN_BYTES))
		return WF_NEXT_MALFORMED;
	if (!(at[0] & VXLAN_HAS_VNI))
		return WF_NEXT_NOT_TCP;
	return enter_vni(layers, wf_load_be32(at + 4) >> 8, WF_NEXT_ETHERNET);
}

static enum wf_next tunnel_vxlan_gpe(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, VXLAN_BYTES))
		return WF_NEXT_MALFORMED;
	if (!(at[0] & VXLAN_HAS_VNI) || at[0] & VXLAN_GPE_OAM)
		return WF_NEXT_NOT_TCP;
	layers->vni = wf_load_be32(at + 4) >> 8;
	if (!(at[0] & VXLAN_GPE_HAS_NEXT))
		return wf_layers_enter(layers, WF_NEXT_ETHERNET);
	return wf_ethertype_next_protocol(layers, at[3]);
}

/* Parse a GENEVE header (RFC 8926, 3.4). */
static enum wf_next tunnel_geneve(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;
	uint32_t options_bytes;

	if (!wf_layers_skip(layers, GENEVE_BYTES))
		return WF_NEXT_MALFORMED;
	if (at[0] & GENEVE_VERSION_MASK || at[1] & GENEVE_OAM)
		return WF_NEXT_NOT_TCP;
	options_bytes = (at[0] & 0x3fu) * 4;
	if (!wf_layers_skip(layers, options_bytes))
		return WF_NEXT_MALFORMED;
	layers->vni = wf_load_be32(at + 4) >> 8;
	layers->ethertype = wf_load_be16(at + 2);
	if (layers->ethertype == WF_ETHERTYPE_TEB)
		/* wf_ethertype() calls wf_layers_enter(); an Ethernet header follows */
		return WF_NEXT_ETHERTYPE;
	return wf_layers_enter(layers, WF_NEXT_ETHERTYPE);
}

/*
 * Skip the GTP-U extension headers (3GPP TS 29.281, 5.2). @type: type of the first one; 0: there is
 * none. Return: false if the chain is malformed.
 */
static bool skip_gtpu_extensions(struct wf_layers *layers, uint8_t type)
{
	for (int i = 0; type; i++) {
		uint32_t bytes = layers->cap_bytes ? layers->pos[0] * 4u : 0;

		if (!bytes || i == GTPU_EXTENSIONS_MAX || !wf_layers_skip(layers, bytes))
			return false;
		type = layers->pos[-1];
	}
	return true;
}

static enum wf_next tunnel_gtpu(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, GTPU_BYTES))
		return WF_NEXT_MALFORMED;
	if ((at[0] & GTPU_VERSION_MASK) != GTPU_VERSION_1 || at[1] != GTPU_DATA)
		return WF_NEXT_NOT_TCP;
	if (!wf_layers_trim(layers, wf_load_be16(at + 2)))
		return WF_NEXT_MALFORMED;
	if (at[0] & GTPU_HAS_MORE) {
		uint8_t type;

		if (!wf_layers_skip(layers, 4))
			return WF_NEXT_MALFORMED;
		type = at[0] & GTPU_HAS_EXTENSION ? at[11] : 0;
		if (!skip_gtpu_extensions(layers, type))
			return WF_NEXT_MALFORMED;
	}
	return wf_layers_enter(layers, WF_NEXT_IP);
}

/* Return true if GUE with IP protocol @proto carries packets that have their own addresses. */
static bool is_gue_payload(uint8_t proto)
{
	return proto == WF_PROTO_IPV4 || proto == WF_PROTO_IPV6 || proto == GUE_PROTO_GRE;
}

/* Parse a GUE header (draft-ietf-intarea-gue): version 0, or version 1, which is an IP packet. */
static enum wf_next tunnel_gue(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!layers->cap_bytes)
		return WF_NEXT_MALFORMED;
	if ((at[0] & GUE_VERSION_MASK) == GUE_VERSION_IP)
		return wf_layers_enter(layers, WF_NEXT_IP);
	if (!wf_layers_skip(layers, GUE_BYTES))
		return WF_NEXT_MALFORMED;
	if (at[0] & (GUE_VERSION_MASK | GUE_CONTROL) || wf_load_be16(at + 2) & ~GUE_PRIVATE ||
	    !is_gue_payload(at[1]))
		return WF_NEXT_NOT_TCP;
	if (!wf_layers_skip(layers, (at[0] & 0x1fu) * 4))
		return WF_NEXT_MALFORMED;
	layers->proto = at[1];
	return wf_layers_nest(layers, WF_NEXT_PROTO);
}

/* Parse a LISP data header (RFC 9300, 5.1). */
static enum wf_next tunnel_lisp(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, LISP_BYTES))
		return WF_NEXT_MALFORMED;
	if (at[0] & LISP_ENCRYPTED)
		return WF_NEXT_NOT_TCP;
	if (at[0] & LISP_HAS_INSTANCE)
		layers->vni = wf_load_be32(at + 4) >> 8;
	if (at[0] & LISP_HAS_NEXT)
		return wf_ethertype_next_protocol(layers, at[3]);
	return wf_layers_enter(layers, WF_NEXT_IP);
}

/*
 * Parse Teredo (RFC 4380, 5.1.1): an authentication header and an origin indication, both optional,
 * and an IPv6 packet, which fills the rest of the datagram.
 */
static enum wf_next tunnel_teredo(struct wf_layers *layers)
{
	if (layers->cap_bytes >= 4 && wf_load_be16(layers->pos) == 0x0001) {
		uint32_t bytes = TEREDO_AUTHENTICATION_BYTES + layers->pos[2] + layers->pos[3];

		if (!wf_layers_skip(layers, bytes))
			return WF_NEXT_MALFORMED;
	}
	if (layers->cap_bytes >= 2 && wf_load_be16(layers->pos) == 0x0000 &&
	    !wf_layers_skip(layers, TEREDO_ORIGIN_BYTES))
		return WF_NEXT_MALFORMED;
	if (layers->cap_bytes < TEREDO_IP6_BYTES)
		return WF_NEXT_MALFORMED;
	if (layers->pos[0] >> 4 != 6 ||
	    (uint32_t)TEREDO_IP6_BYTES + wf_load_be16(layers->pos + 4) != layers->wire_bytes)
		return WF_NEXT_NOT_TCP;
	return wf_layers_enter(layers, WF_NEXT_IP);
}

/* Parse an L2TP data message of version 2 (RFC 2661, 3.1). */
static enum wf_next tunnel_l2tp(struct wf_layers *layers)
{
	uint32_t wire_bytes = layers->wire_bytes, header_bytes;
	const uint8_t *at = layers->pos;
	uint16_t flags;

	if (layers->cap_bytes < 2)
		return WF_NEXT_MALFORMED;
	flags = wf_load_be16(at);
	if (flags & L2TP_CONTROL || (flags & L2TP_FIXED_MASK) != L2TP_VERSION_2)
		return WF_NEXT_NOT_TCP;
	header_bytes = 6 + (flags & L2TP_HAS_LENGTH ? 2 : 0) + (flags & L2TP_HAS_SEQUENCE ? 4 : 0) +
		       (flags & L2TP_HAS_OFFSET ? 2 : 0);
	if (!wf_layers_skip(layers, header_bytes))
		return WF_NEXT_MALFORMED;
	if (flags & L2TP_HAS_OFFSET && !wf_layers_skip(layers, wf_load_be16(layers->pos - 2)))
		return WF_NEXT_MALFORMED;
	if (flags & L2TP_HAS_LENGTH) {
		uint32_t skipped = wire_bytes - layers->wire_bytes, bytes = wf_load_be16(at + 2);

		if (bytes < skipped || !wf_layers_trim(layers, bytes - skipped))
			return WF_NEXT_MALFORMED;
	}
	return wf_layers_enter(layers, WF_NEXT_PPP);
}

/*
 * Parse a CAPWAP data header (RFC 5415, 4.3). A frame may be fragmented over several CAPWAP
 * packets; such packets are not decoded.
 */
static enum wf_next tunnel_capwap(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;
	uint32_t bytes;

	if (layers->cap_bytes < CAPWAP_BYTES)
		return WF_NEXT_MALFORMED;
	/* A preamble other than 0 means another version, or DTLS. */
	if (at[0] || at[3] & CAPWAP_FRAGMENT_OR_KEEPALIVE)
		return WF_NEXT_NOT_TCP;
	bytes = (at[1] >> 3) * 4u;
	if (bytes < CAPWAP_BYTES || !wf_layers_skip(layers, bytes))
		return WF_NEXT_MALFORMED;
	if (!(at[2] & CAPWAP_WIRELESS))
		return wf_layers_enter(layers, WF_NEXT_ETHERNET);
	if ((at[2] & CAPWAP_BINDING_MASK) != CAPWAP_WIRELESS_BINDING)
		return WF_NEXT_NOT_TCP;
	return wf_layers_enter(layers, wf_ieee80211_swapped(layers));
}

/* Skip tagged fields up to the end tag. Return: false if the list is malformed. */
static bool skip_tzsp_tags(struct wf_layers *layers)
{
	for (int i = 0; i < TZSP_TAGS_MAX; i++) {
		const uint8_t *tag = layers->pos;

		if (!wf_layers_skip(layers, 1))
			return false;
		if (tag[0] == TZSP_TAG_END)
			return true;
		if (tag[0] == TZSP_TAG_PADDING)
			continue;
		if (!wf_layers_skip(layers, 1) || !wf_layers_skip(layers, tag[1]))
			return false;
	}
	return false;
}

/* Parse TZSP, in which sniffers send the frames that they captured. */
static enum wf_next tunnel_tzsp(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, TZSP_BYTES))
		return WF_NEXT_MALFORMED;
	if (at[0] != TZSP_VERSION || at[1] > TZSP_TRANSMITTED)
		return WF_NEXT_NOT_TCP;
	if (!skip_tzsp_tags(layers))
		return WF_NEXT_MALFORMED;
	switch (wf_load_be16(at + 2)) {
	case TZSP_ETHERNET:
		return wf_layers_enter(layers, WF_NEXT_ETHERNET);
	case TZSP_IEEE80211:
		return wf_layers_enter(layers, wf_ieee80211(layers));
	default:
		return WF_NEXT_NOT_TCP;
	}
}

/* Parse the encapsulation of HP remote mirroring; its header contains nothing that is needed. */
static enum wf_next tunnel_hp_erm(struct wf_layers *layers)
{
	if (!wf_layers_skip(layers, HP_ERM_BYTES))
		return WF_NEXT_MALFORMED;
	return wf_layers_enter(layers, WF_NEXT_ETHERNET);
}

typedef enum wf_next (*tunnel_fn)(struct wf_layers *layers);

/*
 * One row for each tunnel over UDP, except VXLAN and GENEVE, whose ports are options. @by_source:
 * one end of the tunnel sends from @port to any port, so the source port is compared too.
 */
static const struct udp_tunnel {
	uint16_t port;
	bool by_source;
	tunnel_fn step;
} udp_tunnels[] = {
	{PORT_L2TP, true, tunnel_l2tp},
	{PORT_GTPU, false, tunnel_gtpu},
	{PORT_TEREDO, true, tunnel_teredo},
	{PORT_LISP, false, tunnel_lisp},
	{PORT_VXLAN_GPE, false, tunnel_vxlan_gpe},
	{PORT_CAPWAP, true, tunnel_capwap},
	{PORT_GUE, false, tunnel_gue},
	{PORT_HP_ERM, false, tunnel_hp_erm},
	{PORT_TZSP, false, tunnel_tzsp},
};

static bool has_port(const uint16_t ports[WEFT_TUNNEL_PORTS_MAX], uint16_t port)
{
	for (int i = 0; i < WEFT_TUNNEL_PORTS_MAX && ports[i]; i++)
		if (ports[i] == port)
			return true;
	return false;
}

/* Return the function that parses the tunnel after the UDP header @udp; NULL if there is none. */
static tunnel_fn find_tunnel(const struct weft_tunnel_ports *ports, const uint8_t *udp)
{
	uint16_t src_port = wf_load_be16(udp), dst_port = wf_load_be16(udp + 2);

	if (has_port(ports->vxlan, dst_port))
		return tunnel_vxlan;
	if (has_port(ports->geneve, dst_port))
		return tunnel_geneve;
	for (size_t i = 0; i < sizeof(udp_tunnels) / sizeof(udp_tunnels[0]); i++)
		if (udp_tunnels[i].port == dst_port ||
		    (udp_tunnels[i].by_source && udp_tunnels[i].port == src_port))
			return udp_tunnels[i].step;
	return NULL;
}

bool wf_tunnel_is_udp(const struct wf_layers *layers)
{
	return find_tunnel(layers->ports, layers->pos) != NULL;
}

enum wf_next wf_tunnel_udp(struct wf_layers *layers)
{
	const uint8_t *udp = layers->pos;
	tunnel_fn step;
	uint16_t bytes;

	if (!wf_layers_skip(layers, WF_UDP_BYTES))
		return WF_NEXT_MALFORMED;
	step = find_tunnel(layers->ports, udp);
	if (!step) {
		layers->flags |= WF_LAYERS_NO_TUNNEL;
		return WF_NEXT_NOT_TCP;
	}
	bytes = wf_load_be16(udp + 4);
	/* Length 0 is accepted only if the IP length is 0, too: the packet may exceed 64 KiB. */
	if (bytes || !(layers->flags & WF_LAYERS_LENGTH_ZERO)) {
		if (bytes < WF_UDP_BYTES || !wf_layers_trim(layers, bytes - WF_UDP_BYTES))
			return WF_NEXT_MALFORMED;
	}
	return step(layers);
}
