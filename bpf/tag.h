/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tag.h - parser for the tags that switches and mirror ports add to Ethernet: VN-Tag, E-Tag, Cisco
 * metadata, PBB, FabricPath, NSH, and MACsec without encryption.
 *
 * The rules equal those of user/decode/ethertype.c.
 */
#ifndef WEFT_BPF_TAG_H
#define WEFT_BPF_TAG_H

#include "bpf/packet.h"
#include "bpf/tunnel.h"

#define ETHERTYPE_PBB		 0x88e7
#define ETHERTYPE_MACSEC	 0x88e5
#define ETHERTYPE_FABRICPATH	 0x8903
#define ETHERTYPE_CISCO_METADATA 0x8909
#define ETHERTYPE_VNTAG		 0x8926
#define ETHERTYPE_ETAG		 0x893f
#define ETHERTYPE_NSH		 0x894f

#define MACSEC_HAS_SCI 0x20
#define MACSEC_REFUSED 0x8c /* bits of the TCI: version, E (encrypted), C (changed text) */

/* Skip a tag of @bytes, which ends with the EtherType of the next header. */
static __always_inline int skip_tag(struct cursor *cur, struct packet *packet, __u32 bytes)
{
	const __u8 *at = cursor_take(cur, bytes);

	if (!at)
		return PARSE_SHORT;
	packet->ethertype = load_be16(at + bytes - 2);
	return nest_header(packet, NEXT_ETHERTYPE);
}

static __always_inline int walk_cisco_metadata(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_peek(cur, 2);

	if (!at)
		return PARSE_SHORT;
	/* version 1 with one option; other forms are not supported */
	return load_be16(at) == 0x0101 ? skip_tag(cur, packet, 8) : PARSE_OTHER;
}

static __always_inline int walk_pbb(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_take(cur, 4);

	if (!at)
		return PARSE_SHORT;
	packet->vni = load_be32(at) & 0xffffff;
	return enter_tunnel(packet, NEXT_ETHERNET);
}

static __always_inline int walk_macsec(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_take(cur, 6);

	if (!at)
		return PARSE_SHORT;
	if (at[0] & MACSEC_REFUSED)
		return PARSE_OTHER;
	if (at[0] & MACSEC_HAS_SCI)
		cur->off += 8;
	return skip_tag(cur, packet, 2);
}

/* Parse NSH (RFC 8300). */
static __always_inline int walk_nsh(struct cursor *cur, struct packet *packet)
{
	const __u8 *at = cursor_peek(cur, 8);
	__u32 bytes;

	if (!at)
		return PARSE_SHORT;
	bytes = (at[1] & 0x3fu) * 4;
	if (at[0] & 0xe0 || bytes < 8) /* other version, OAM packet, or invalid length */
		return PARSE_OTHER;
	cur->off += bytes;
	return enter_next_protocol(packet, at[3]);
}

/* Parse the tag whose EtherType is packet->ethertype. */
static __always_inline int walk_tag(struct cursor *cur, struct packet *packet)
{
	switch (packet->ethertype) {
	case ETHERTYPE_VNTAG:
		return skip_tag(cur, packet, 6);
	case ETHERTYPE_ETAG:
		return skip_tag(cur, packet, 8);
	case ETHERTYPE_CISCO_METADATA:
		return walk_cisco_metadata(cur, packet);
	case ETHERTYPE_PBB:
		return walk_pbb(cur, packet);
	case ETHERTYPE_FABRICPATH:
		cur->off += 2;
		return enter_tunnel(packet, NEXT_ETHERNET);
	case ETHERTYPE_MACSEC:
		return walk_macsec(cur, packet);
	case ETHERTYPE_NSH:
		return NEXT_NSH;
	default:
		return PARSE_OTHER;
	}
}

#endif
