// SPDX-License-Identifier: BSD-2-Clause
/*
 * tunnel.c - parses GRE (and NVGRE, ERSPAN, PPTP) and IP in IP.
 *
 * A tunnel identifier becomes the vni of the flow key if both directions use the same identifier.
 * With NVGRE, each end writes its own per-flow number into the low byte of the key (RFC 7637, 3.2),
 * so only the upper 24 bits of the key are used if GRE carries Ethernet. PPTP call ids
 * differ by direction, and an ERSPAN session id identifies the mirror; they are not used.
 */
#include "decode/tunnel.h"

#include "decode/tunnel_udp.h"

/* IP protocol numbers and EtherTypes in GRE. */
enum {
	PROTO_GRE = 47,
	ETHERTYPE_ERSPAN3 = 0x22eb,
	ETHERTYPE_ERSPAN = 0x88be,
};

enum {
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

/* Used for an unknown length: above any 16-bit length, and small enough that no sum overflows. */
#define UNKNOWN_WIRE_BYTES (1u << 20)

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
		/* wf_ethertype() calls wf_layers_enter(); an Ethernet header follows */
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
		return wf_tunnel_udp(layers);
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
