// SPDX-License-Identifier: BSD-2-Clause
/*
 * tunnel.c - parses VXLAN, GENEVE, GTP-U, GRE (and NVGRE, ERSPAN, PPTP), and IP in IP.
 *
 * A tunnel identifier becomes the vni of the flow key if both directions use the same identifier.
 * With NVGRE, each end writes its own per-flow number into the low byte of the key (RFC 7637, 3.2),
 * so only the upper 24 bits of the key are used if GRE carries Ethernet. GTP-U TEIDs and PPTP call
 * ids differ by direction, and an ERSPAN session id identifies the mirror; they are not used.
 */
#include "decode/tunnel.h"

#include "decode/ethertype.h"

/* IP protocol numbers, EtherTypes in GRE, and UDP ports of tunnels. */
enum {
	PROTO_GRE = 47,
	ETHERTYPE_ERSPAN3 = 0x22eb,
	ETHERTYPE_ERSPAN = 0x88be,
	PORT_GTPU = 2152,
	PORT_VXLAN = 4789,
	PORT_VXLAN_GPE = 4790,
	PORT_GENEVE = 6081,
	PORT_VXLAN_LINUX = 8472, /* default port of Linux, chosen before port 4789 was assigned */
};

enum {
	UDP_BYTES = 8,

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

	GRE_BYTES = 4,
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080, /* acknowledgement number present; only in GRE version 1 (RFC 2637) */
	GRE_VERSION_MASK = 0x0007,

	ERSPAN2_BYTES = 8,
	ERSPAN3_BYTES = 12,
	ERSPAN3_SUBHEADER_BYTES = 8,
	ERSPAN_TRUNCATED = 0x0400,
	ERSPAN_VERSION2 = 1,
	ERSPAN_VERSION3 = 2,
	ERSPAN3_FRAME_ETHERNET = 0,
	ERSPAN3_FRAME_IP = 2,
};

/* Larger than any 16-bit length field, and small enough that sums do not overflow. */
#define UNKNOWN_WIRE_BYTES (1u << 20)

static enum wf_next enter_vni(struct wf_layers *layers, uint32_t vni, enum wf_next next)
{
	layers->vni = vni;
	return wf_layers_enter(layers, next);
}

/* ---- over UDP ---- */

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
		/* ethertype.c parses the inner header and calls wf_layers_enter() */
		return WF_NEXT_ETHERTYPE;
	return wf_layers_enter(layers, WF_NEXT_ETHERTYPE);
}

/*
 * Skip the extension headers (3GPP TS 29.281, 5.2). @type: type of the first extension header.
 * Return: false if the chain is malformed.
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

/* One row for each tunnel over UDP. */
static const struct udp_tunnel {
	uint16_t port;
	enum wf_next (*step)(struct wf_layers *layers);
} udp_tunnels[] = {
	{PORT_GTPU, tunnel_gtpu},	  {PORT_VXLAN, tunnel_vxlan},
	{PORT_VXLAN_LINUX, tunnel_vxlan}, {PORT_VXLAN_GPE, tunnel_vxlan_gpe},
	{PORT_GENEVE, tunnel_geneve},
};

static const struct udp_tunnel *udp_tunnel_find(uint16_t port)
{
	for (size_t i = 0; i < sizeof(udp_tunnels) / sizeof(udp_tunnels[0]); i++)
		if (udp_tunnels[i].port == port)
			return &udp_tunnels[i];
	return NULL;
}

bool wf_tunnel_is_udp_port(uint16_t port)
{
	return udp_tunnel_find(port) != NULL;
}

static enum wf_next tunnel_udp(struct wf_layers *layers)
{
	const uint8_t *udp = layers->pos;
	const struct udp_tunnel *tunnel;
	uint16_t bytes;

	if (!wf_layers_skip(layers, UDP_BYTES))
		return WF_NEXT_MALFORMED;
	tunnel = udp_tunnel_find(wf_load_be16(udp + 2));
	if (!tunnel)
		return WF_NEXT_NOT_TCP;
	bytes = wf_load_be16(udp + 4);
	/* Length 0 is accepted only if the IP length is 0 too: the packet is larger than 64 KiB. */
	if (bytes || !(layers->flags & WF_LAYERS_LENGTH_ZERO)) {
		if (bytes < UDP_BYTES || !wf_layers_trim(layers, bytes - UDP_BYTES))
			return WF_NEXT_MALFORMED;
	}
	return tunnel->step(layers);
}

/* ---- over GRE ---- */

/*
 * Record whether the mirroring device truncated the frame (T bit). The inner length fields of a
 * truncated frame are correct although they exceed the bytes present, as in a capture with a short
 * snap length.
 */
static void note_truncation(struct wf_layers *layers, const uint8_t *erspan)
{
	if (!(wf_load_be16(erspan + 2) & ERSPAN_TRUNCATED))
		return;
	layers->wire_bytes = UNKNOWN_WIRE_BYTES;
	layers->flags |= WF_LAYERS_CUT;
}

/*
 * Parse ERSPAN type I or II. Type I has no ERSPAN header: the mirrored frame directly follows a GRE
 * header without a sequence number.
 */
static enum wf_next gre_erspan2(struct wf_layers *layers, uint16_t gre_flags)
{
	const uint8_t *at = layers->pos;

	if (gre_flags & GRE_SEQUENCE) {
		if (!wf_layers_skip(layers, ERSPAN2_BYTES))
			return WF_NEXT_MALFORMED;
		if (at[0] >> 4 != ERSPAN_VERSION2)
			return WF_NEXT_NOT_TCP;
		note_truncation(layers, at);
	}
	return wf_layers_enter(layers, WF_NEXT_ETHERNET);
}

static enum wf_next gre_erspan3(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, ERSPAN3_BYTES))
		return WF_NEXT_MALFORMED;
	if (at[0] >> 4 != ERSPAN_VERSION3)
		return WF_NEXT_NOT_TCP;
	if (at[11] & 1 && !wf_layers_skip(layers, ERSPAN3_SUBHEADER_BYTES))
		return WF_NEXT_MALFORMED;
	note_truncation(layers, at);
	switch (at[10] >> 2 & 0x1f) {
	case ERSPAN3_FRAME_ETHERNET:
		return wf_layers_enter(layers, WF_NEXT_ETHERNET);
	case ERSPAN3_FRAME_IP:
		return wf_layers_enter(layers, WF_NEXT_IP);
	default:
		return WF_NEXT_NOT_TCP;
	}
}

/*
 * Parse the GRE header of PPTP (RFC 2637, 4.1). Its key field contains the payload length and the
 * call id, and PPP follows.
 */
static enum wf_next gre_version1(struct wf_layers *layers, uint16_t gre_flags, uint32_t key)
{
	uint32_t bytes = (gre_flags & GRE_SEQUENCE ? 4 : 0) + (gre_flags & GRE_ACK ? 4 : 0);

	if (layers->ethertype != WF_ETHERTYPE_PPP || !(gre_flags & GRE_KEY) ||
	    !(gre_flags & GRE_SEQUENCE))
		return WF_NEXT_NOT_TCP;
	if (!wf_layers_skip(layers, bytes) || !wf_layers_trim(layers, key >> 16))
		return WF_NEXT_MALFORMED;
	return wf_layers_enter(layers, WF_NEXT_PPP);
}

static enum wf_next gre_version0(struct wf_layers *layers, uint16_t gre_flags, uint32_t key)
{
	if (gre_flags & GRE_SEQUENCE && !wf_layers_skip(layers, 4))
		return WF_NEXT_MALFORMED;
	switch (layers->ethertype) {
	case ETHERTYPE_ERSPAN:
		return gre_erspan2(layers, gre_flags);
	case ETHERTYPE_ERSPAN3:
		return gre_erspan3(layers);
	case WF_ETHERTYPE_TEB:
		if (gre_flags & GRE_KEY)
			layers->vni = key >> 8;
		/* ethertype.c parses the inner header and calls wf_layers_enter() */
		return WF_NEXT_ETHERTYPE;
	default:
		if (gre_flags & GRE_KEY)
			layers->vni = key;
		return wf_layers_enter(layers, WF_NEXT_ETHERTYPE);
	}
}

/*
 * Parse GRE (RFC 2784, RFC 2890). Source routing (RFC 1701) was removed from GRE; receivers reject
 * it.
 */
static enum wf_next tunnel_gre(struct wf_layers *layers)
{
	const uint8_t *gre = layers->pos;
	uint32_t key = 0;
	uint16_t flags;

	if (!wf_layers_skip(layers, GRE_BYTES))
		return WF_NEXT_MALFORMED;
	flags = wf_load_be16(gre);
	layers->ethertype = wf_load_be16(gre + 2);
	if (flags & GRE_ROUTING)
		return WF_NEXT_NOT_TCP;
	if (flags & GRE_CHECKSUM && !wf_layers_skip(layers, 4))
		return WF_NEXT_MALFORMED;
	if (flags & GRE_KEY) {
		if (!wf_layers_skip(layers, 4))
			return WF_NEXT_MALFORMED;
		key = wf_load_be32(layers->pos - 4);
	}
	switch (flags & GRE_VERSION_MASK) {
	case 0:
		return gre_version0(layers, flags, key);
	case 1:
		return gre_version1(layers, flags, key);
	default:
		return WF_NEXT_NOT_TCP;
	}
}

/* ---- IP protocols ---- */

static enum wf_next tunnel_ip(struct wf_layers *layers, enum wf_ethertype ethertype)
{
	layers->ethertype = ethertype;
	return wf_layers_enter(layers, WF_NEXT_ETHERTYPE);
}

bool wf_tunnel_is_proto(uint8_t proto)
{
	return proto == WF_PROTO_UDP || proto == PROTO_GRE || proto == WF_PROTO_IPV4 ||
	       proto == WF_PROTO_IPV6;
}

enum wf_next wf_tunnel_proto(struct wf_layers *layers)
{
	switch (layers->proto) {
	case WF_PROTO_UDP:
		return tunnel_udp(layers);
	case PROTO_GRE:
		return tunnel_gre(layers);
	case WF_PROTO_IPV4:
		return tunnel_ip(layers, WF_ETHERTYPE_IPV4);
	case WF_PROTO_IPV6:
		return tunnel_ip(layers, WF_ETHERTYPE_IPV6);
	default:
		return WF_NEXT_NOT_TCP;
	}
}
