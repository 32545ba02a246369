// SPDX-License-Identifier: BSD-2-Clause
/*
 * ethertype.c - parses VLAN tags, tags of vendors and of IEEE 802.1, NSH, MACsec, MPLS, PPPoE and
 * LLC.
 *
 * Link-layer addresses are ignored. Only VLAN ids and the service id of PBB become part of the flow
 * key: PPPoE sessions, MPLS labels and the numbers in all other tags may differ by direction.
 */
#include "decode/ethertype.h"

enum {
	ETHERTYPE_PBB = 0x88e7, /* backbone service tag (IEEE 802.1ah) */
	ETHERTYPE_MACSEC = 0x88e5,
	ETHERTYPE_FABRICPATH = 0x8903,
	ETHERTYPE_CISCO_METADATA = 0x8909,
	ETHERTYPE_VNTAG = 0x8926,
	ETHERTYPE_ETAG = 0x893f, /* IEEE 802.1BR */
};

enum {
	/* lengths of tags after their own EtherType; the first three end with the next EtherType */
	VNTAG_BYTES = 6,
	ETAG_BYTES = 8,
	CISCO_METADATA_BYTES = 8,
	PBB_BYTES = 4,
	FABRICPATH_BYTES = 2,

	NSH_BYTES = 8,
	NSH_VERSION_OAM = 0xe0,

	MACSEC_BYTES = 6,
	MACSEC_SCI_BYTES = 8,
	MACSEC_ICV_BYTES = 16,
	MACSEC_HAS_SCI = 0x20,
	MACSEC_REFUSED = 0x8c, /* bits of the TCI: version, E (encrypted), C (changed text) */
	MACSEC_SHORT_MASK = 0x3f,

	MPLS_BOTTOM_OF_STACK = 0x100,
	PPPOE_VERSION_TYPE = 0x11,
	PPPOE_BYTES = 6,
	ETHERNET_BYTES = 14,
	SNAP_BYTES = 8,
};

/* ---- tags ---- */

/* Record a VLAN id, unless two are recorded. A priority tag has id 0, which names no VLAN. */
static void add_vlan(struct wf_layers *layers, uint16_t id)
{
	if (layers->flags & WF_LAYERS_IGNORE_VLAN)
		return;
	if (!layers->vlan[0])
		layers->vlan[0] = id;
	else if (!layers->vlan[1])
		layers->vlan[1] = id;
}

static enum wf_next tag_vlan(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, 4) || layers->tags >= WEFT_VLAN_DEPTH_MAX)
		return WF_NEXT_MALFORMED;
	add_vlan(layers, wf_load_be16(at) & 0x0fff);
	layers->tags++;
	return wf_layers_ethertype(layers, wf_load_be16(at + 2));
}

/* Skip a tag of @bytes, which ends with the EtherType of the next header. */
static enum wf_next tag_skip(struct wf_layers *layers, uint32_t bytes)
{
	if (!wf_layers_skip(layers, bytes))
		return WF_NEXT_MALFORMED;
	return wf_layers_nest(layers, wf_layers_ethertype(layers, wf_load_be16(layers->pos - 2)));
}

/* Parse Cisco metadata: version 1, with one option, the security group tag. */
static enum wf_next tag_cisco_metadata(struct wf_layers *layers)
{
	if (layers->cap_bytes >= 2 && wf_load_be16(layers->pos) != 0x0101)
		return WF_NEXT_NOT_TCP;
	return tag_skip(layers, CISCO_METADATA_BYTES);
}

static enum wf_next tag_pbb(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;

	if (!wf_layers_skip(layers, PBB_BYTES))
		return WF_NEXT_MALFORMED;
	layers->vni = wf_load_be32(at) & 0x00ffffff;
	return wf_layers_enter(layers, WF_NEXT_ETHERNET);
}

static enum wf_next tag_fabricpath(struct wf_layers *layers)
{
	if (!wf_layers_skip(layers, FABRICPATH_BYTES))
		return WF_NEXT_MALFORMED;
	return wf_layers_enter(layers, WF_NEXT_ETHERNET);
}

enum wf_next wf_ethertype_next_protocol(struct wf_layers *layers, uint8_t protocol)
{
	enum { NEXT_IPV4 = 1, NEXT_IPV6 = 2, NEXT_ETHERNET = 3, NEXT_NSH = 4, NEXT_MPLS = 5 };

	switch (protocol) {
	case NEXT_IPV4:
	case NEXT_IPV6:
		return wf_layers_enter(layers, WF_NEXT_IP);
	case NEXT_ETHERNET:
		return wf_layers_enter(layers, WF_NEXT_ETHERNET);
	case NEXT_NSH:
		return wf_layers_enter(layers, wf_layers_ethertype(layers, WF_ETHERTYPE_NSH));
	case NEXT_MPLS:
		return wf_layers_enter(layers, wf_layers_ethertype(layers, WF_ETHERTYPE_MPLS));
	default:
		return WF_NEXT_NOT_TCP;
	}
}

/* Parse NSH (RFC 8300). */
static enum wf_next tag_nsh(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;
	uint32_t bytes;

	if (layers->cap_bytes < NSH_BYTES)
		return WF_NEXT_MALFORMED;
	if (at[0] & NSH_VERSION_OAM)
		return WF_NEXT_NOT_TCP;
	bytes = (at[1] & 0x3fu) * 4;
	if (bytes < NSH_BYTES || !wf_layers_skip(layers, bytes))
		return WF_NEXT_MALFORMED;
	return wf_ethertype_next_protocol(layers, at[3]);
}

/*
 * Parse a MACsec tag (IEEE 802.1AE, 9.3) whose frame is authenticated, but not encrypted. The frame
 * ends with an integrity check value. The field "short length" of the tag holds the number of bytes
 * between tag and check value; it is 0 if they are 48 or more.
 */
static enum wf_next tag_macsec(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;
	uint32_t bytes;

	if (!wf_layers_skip(layers, MACSEC_BYTES))
		return WF_NEXT_MALFORMED;
	if (at[0] & MACSEC_REFUSED)
		return WF_NEXT_NOT_TCP;
	if (at[0] & MACSEC_HAS_SCI && !wf_layers_skip(layers, MACSEC_SCI_BYTES))
		return WF_NEXT_MALFORMED;
	if (layers->wire_bytes < MACSEC_ICV_BYTES)
		return WF_NEXT_MALFORMED;
	bytes = layers->wire_bytes - MACSEC_ICV_BYTES;
	if (at[1] & MACSEC_SHORT_MASK && (at[1] & MACSEC_SHORT_MASK) > bytes)
		return WF_NEXT_MALFORMED;
	(void)wf_layers_trim(layers, at[1] & MACSEC_SHORT_MASK ? at[1] & MACSEC_SHORT_MASK : bytes);
	return tag_skip(layers, 2);
}

/* ---- MPLS ---- */

static bool is_vlan(uint16_t ethertype)
{
	return ethertype == WF_ETHERTYPE_VLAN || ethertype == WF_ETHERTYPE_QINQ;
}

/*
 * Return true if an Ethernet header, at most two VLAN tags and the first byte of IP are found at
 * @off. About 20 bits must match, which is unlikely for other data.
 */
static bool looks_like_ethernet(const struct wf_layers *layers, uint32_t off)
{
	const uint8_t *at = layers->pos + off + ETHERNET_BYTES;
	uint16_t ethertype;

	if (layers->cap_bytes < off + ETHERNET_BYTES + 9)
		return false;
	for (int tag = 0; tag < 2 && is_vlan(wf_load_be16(at - 2)); tag++)
		at += 4;
	ethertype = wf_load_be16(at - 2);
	return (ethertype == WF_ETHERTYPE_IPV4 && at[0] >= 0x45 && at[0] <= 0x4f) ||
	       (ethertype == WF_ETHERTYPE_IPV6 && at[0] >> 4 == 6);
}

static enum wf_next pseudowire(struct wf_layers *layers, bool control_word)
{
	if (control_word && !wf_layers_skip(layers, 4))
		return WF_NEXT_MALFORMED;
	return wf_layers_enter(layers, WF_NEXT_ETHERNET);
}

/*
 * Return true if a pseudowire that begins with four zero bits has a control word. A VLAN tag is as
 * long as a control word, so a tagged frame may look like Ethernet both at its start and 4 bytes
 * later. Then a control word is assumed if the first four bytes are 0, because those of an Ethernet
 * address rarely are.
 */
static bool has_control_word(const struct wf_layers *layers)
{
	static const uint8_t zero[4];

	return !looks_like_ethernet(layers, 0) ||
	       (!memcmp(layers->pos, zero, sizeof(zero)) && looks_like_ethernet(layers, 4));
}

/*
 * Identify the header after MPLS labels by its first bytes, because labels do not contain its type.
 * The first four bits are the version of IP (RFC 4928), 0 in the control word of a pseudowire or 1
 * in its control channel (RFC 4385). A pseudowire without control word begins with an Ethernet
 * address, whose first byte may have any value, but is not expected to be 0x45: the first byte of
 * a host's address is even.
 */
static enum wf_next mpls_payload(struct wf_layers *layers)
{
	if (!layers->cap_bytes)
		return WF_NEXT_MALFORMED;
	if (layers->pos[0] >> 4 == 0)
		return pseudowire(layers, has_control_word(layers));
	if (layers->pos[0] != 0x45 && looks_like_ethernet(layers, 0))
		return pseudowire(layers, false);
	switch (layers->pos[0] >> 4) {
	case 4:
	case 6:
		return WF_NEXT_IP;
	case 1:
		return WF_NEXT_NOT_TCP;
	default:
		return pseudowire(layers, false);
	}
}

static enum wf_next mpls(struct wf_layers *layers)
{
	uint32_t labels = 0;
	uint32_t entry;

	do {
		const uint8_t *at = layers->pos;

		if (++labels > WEFT_MPLS_LABELS_MAX || !wf_layers_skip(layers, 4))
			return WF_NEXT_MALFORMED;
		entry = wf_load_be32(at);
	} while (!(entry & MPLS_BOTTOM_OF_STACK));
	return mpls_payload(layers);
}

/* ---- PPPoE and LLC ---- */

static enum wf_next pppoe(struct wf_layers *layers)
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

enum wf_next wf_ethertype_snap(struct wf_layers *layers)
{
	static const uint8_t snap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0};
	const uint8_t *at = layers->pos;

	if (layers->cap_bytes < SNAP_BYTES || memcmp(at, snap, sizeof(snap)) != 0)
		return WF_NEXT_NOT_TCP;
	(void)wf_layers_skip(layers, SNAP_BYTES);
	/*
	 * A small value would be a length, followed by another LLC header, which is not valid
	 * inside LLC.
	 */
	if (wf_load_be16(at + 6) <= WF_ETHERTYPE_8023_MAX)
		return WF_NEXT_NOT_TCP;
	return wf_layers_ethertype(layers, wf_load_be16(at + 6));
}

/* Parse the LLC header of an IEEE 802.3 frame, whose type field is a length. */
static enum wf_next llc(struct wf_layers *layers)
{
	uint32_t bytes = layers->ethertype;
	enum wf_next next = wf_ethertype_snap(layers);

	if (next != WF_NEXT_ETHERTYPE)
		return next;
	return bytes >= SNAP_BYTES && wf_layers_trim(layers, bytes - SNAP_BYTES)
		       ? WF_NEXT_ETHERTYPE
		       : WF_NEXT_MALFORMED;
}

enum wf_next wf_ethertype(struct wf_layers *layers)
{
	switch (layers->ethertype) {
	case WF_ETHERTYPE_VLAN:
	case WF_ETHERTYPE_QINQ:
	case WF_ETHERTYPE_QINQ_OLD:
	case WF_ETHERTYPE_QINQ_OLDER:
		return tag_vlan(layers);
	case ETHERTYPE_VNTAG:
		return tag_skip(layers, VNTAG_BYTES);
	case ETHERTYPE_ETAG:
		return tag_skip(layers, ETAG_BYTES);
	case ETHERTYPE_CISCO_METADATA:
		return tag_cisco_metadata(layers);
	case ETHERTYPE_MACSEC:
		return tag_macsec(layers);
	case ETHERTYPE_PBB:
		return tag_pbb(layers);
	case ETHERTYPE_FABRICPATH:
		return tag_fabricpath(layers);
	case WF_ETHERTYPE_NSH:
		return tag_nsh(layers);
	case WF_ETHERTYPE_MPLS:
	case WF_ETHERTYPE_MPLS_UPSTREAM:
		return mpls(layers);
	case WF_ETHERTYPE_PPPOE:
		return pppoe(layers);
	case WF_ETHERTYPE_PPP:
		return WF_NEXT_PPP;
	case WF_ETHERTYPE_TEB:
		return wf_layers_enter(layers, WF_NEXT_ETHERNET);
	default:
		if (layers->ethertype <= WF_ETHERTYPE_8023_MAX)
			return llc(layers);
		layers->flags |= WF_LAYERS_NO_ETHERTYPE;
		return WF_NEXT_NOT_TCP;
	}
}
