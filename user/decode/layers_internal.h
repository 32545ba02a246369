/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layers_internal.h - the state of decoding between two headers of a frame.
 *
 *   frame  [ eth | vlan | ip | udp | vxlan | eth | ip | tcp | data ] padding
 *                                    ▲ pos                         ▲
 *                                    ├──────── wire_bytes ─────────┤
 *                                    ├── cap_bytes ──┤ (the capture may be truncated)
 *
 * The length field of a header can only reduce the remaining bytes (wf_layers_trim()). Therefore
 * an inner header never extends beyond an outer one, and cap_bytes <= wire_bytes. A frame is
 * malformed if a length field exceeds the remaining bytes. One exception: if ERSPAN states that it
 * truncated the frame, tunnel.c increases wire_bytes to more than any length field can state. Each
 * step parses the header at pos, advances pos past it, and returns the kind of the next header.
 *
 * Thread: any; the struct is on the stack of one call.
 */
#ifndef WF_DECODE_LAYERS_INTERNAL_H
#define WF_DECODE_LAYERS_INTERNAL_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <weft/limits.h>

#include "base/assert.h"
#include "packet/packet.h"

enum wf_next {
	/* the next header, which is at layers->pos, is of this kind */
	WF_NEXT_ETHERNET = 0,
	WF_NEXT_ETHERTYPE, /* the type of the next header is in layers->ethertype */
	WF_NEXT_PPP,
	WF_NEXT_IP,    /* IPv4 or IPv6, by the version field */
	WF_NEXT_PROTO, /* the type of the next header is in layers->proto */

	/* decoding ends with one of these results */
	WF_NEXT_TCP,
	/* an IP fragment: layers->fragment is set, layers->pos is at its payload */
	WF_NEXT_FRAGMENT,
	WF_NEXT_NOT_TCP,
	WF_NEXT_MALFORMED,
	WF_NEXT_CHECKSUM,
};

enum wf_ethertype {
	/* EtherType values up to this one are lengths, and an LLC header follows */
	WF_ETHERTYPE_8023_MAX = 1500,
	WF_ETHERTYPE_IPV4 = 0x0800,
	WF_ETHERTYPE_TEB = 0x6558, /* transparent Ethernet bridging: an Ethernet header follows */
	WF_ETHERTYPE_VLAN = 0x8100,
	WF_ETHERTYPE_IPV6 = 0x86dd,
	WF_ETHERTYPE_PPP = 0x880b,
	WF_ETHERTYPE_NSH = 0x894f, /* network service header (RFC 8300) */
	WF_ETHERTYPE_MPLS = 0x8847,
	WF_ETHERTYPE_MPLS_UPSTREAM = 0x8848,
	WF_ETHERTYPE_PPPOE = 0x8864,
	WF_ETHERTYPE_QINQ = 0x88a8,
	WF_ETHERTYPE_QINQ_OLD = 0x9100,
	WF_ETHERTYPE_QINQ_OLDER = 0x9200,
};

enum wf_ip_proto {
	WF_PROTO_HOP_BY_HOP = 0,
	WF_PROTO_IPV4 = 4,
	WF_PROTO_TCP = 6,
	WF_PROTO_UDP = 17,
	WF_PROTO_IPV6 = 41,
	WF_PROTO_ROUTING = 43,
	WF_PROTO_FRAGMENT = 44,
	WF_PROTO_AH = 51,
	WF_PROTO_NONE = 59,
	WF_PROTO_DESTINATION = 60,
};

#define WF_LAYERS_VERIFY	 (1u << 0) /* verify the checksums of IP headers and of TCP */
/* accept an IPv4 checksum of 0 if the TCP checksum is partial */
#define WF_LAYERS_LENIENT	 (1u << 1)
#define WF_LAYERS_CUT		 (1u << 2) /* ERSPAN truncated the frame; wire_bytes is unknown */
/* An IPv4 checksum was 0, which is accepted only if the TCP checksum is partial. */
#define WF_LAYERS_NO_IP_CHECKSUM (1u << 3)
/* The IP length field is 0, and the length of the frame is used instead. */
#define WF_LAYERS_LENGTH_ZERO	 (1u << 4)
/* Only check that the first fragment of a datagram contains all headers (ip.c). */
#define WF_LAYERS_PROBE		 (1u << 5)
/* Record wrong checksums of IP headers in WF_LAYERS_IP_WRONG instead of rejecting the frame. */
#define WF_LAYERS_TOLERANT	 (1u << 6)
#define WF_LAYERS_IP_WRONG	 (1u << 7)
/* The packet holds several segments; IP length fields may be 0. */
#define WF_LAYERS_GSO		 (1u << 8)
/* VLAN ids are not part of the flow key. */
#define WF_LAYERS_IGNORE_VLAN	 (1u << 9)
/* A tunnel header was parsed. */
#define WF_LAYERS_INNER		 (1u << 10)
/* Decoding ended because the EtherType is not known. */
#define WF_LAYERS_NO_ETHERTYPE	 (1u << 11)
/* Decoding ended after a UDP header, because its ports are of no tunnel. */
#define WF_LAYERS_NO_TUNNEL	 (1u << 12)

struct wf_layers {
	const uint8_t *pos;
	uint32_t cap_bytes;
	uint32_t wire_bytes;
	uint16_t flags;	    /* WF_LAYERS_* */
	uint8_t depth;	    /* number of headers counted by wf_layers_nest() */
	uint8_t tags;	    /* number of VLAN tags since the last tunnel header */
	uint8_t extensions; /* number of IP extension headers since the last tunnel header */
	uint16_t ethertype;
	uint8_t proto;

	/* the last IP header before pos */
	uint8_t ip_version;
	uint32_t ip_bytes;
	const uint8_t *ip;
	const uint8_t *src; /* source address, 4 or 16 bytes */
	const uint8_t *dst;
	const uint8_t *next; /* for IPv6: the Next Header field from which proto was read */

	uint16_t vlan[2]; /* the first two VLAN ids other than 0 since the last tunnel header */
	uint32_t vni;
	const struct weft_tunnel_ports *ports; /* borrowed from the decoder */
	struct wf_fragment fragment;
};

static inline uint16_t wf_load_be16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return be16toh(value);
}

static inline uint16_t wf_load_le16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t wf_load_le32(const uint8_t *at)
{
	return wf_load_le16(at) | (uint32_t)wf_load_le16(at + 2) << 16;
}

static inline uint32_t wf_load_be32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

/* Advance layers->pos by @bytes. Return: false if the bytes were not captured. */
static inline bool wf_layers_skip(struct wf_layers *layers, uint32_t bytes)
{
	if (wf_unlikely(layers->cap_bytes < bytes))
		return false;
	layers->pos += bytes;
	layers->cap_bytes -= bytes;
	layers->wire_bytes -= bytes;
	return true;
}

/* Continue with the header that @ethertype names. */
static inline enum wf_next wf_layers_ethertype(struct wf_layers *layers, uint16_t ethertype)
{
	layers->ethertype = ethertype;
	return WF_NEXT_ETHERTYPE;
}

/* Limit the remaining frame to @bytes. Return: false if fewer bytes remain. */
static inline bool wf_layers_trim(struct wf_layers *layers, uint32_t bytes)
{
	if (wf_unlikely(layers->wire_bytes < bytes))
		return false;
	layers->wire_bytes = bytes;
	if (layers->cap_bytes > bytes)
		layers->cap_bytes = bytes;
	return true;
}

/*
 * Count one header that can be nested. Return: @next, or WF_NEXT_MALFORMED if the frame has more
 * than WEFT_TUNNEL_DEPTH_MAX of them.
 */
static inline enum wf_next wf_layers_nest(struct wf_layers *layers, enum wf_next next)
{
	return ++layers->depth <= WEFT_TUNNEL_DEPTH_MAX ? next : WF_NEXT_MALFORMED;
}

/*
 * Enter a tunnel: forget the VLAN ids before it, and reset the counts since the last tunnel header.
 * Return: as wf_layers_nest().
 */
static inline enum wf_next wf_layers_enter(struct wf_layers *layers, enum wf_next next)
{
	layers->vlan[0] = 0;
	layers->vlan[1] = 0;
	layers->tags = 0;
	layers->extensions = 0;
	layers->flags &= (uint16_t)~WF_LAYERS_LENGTH_ZERO;
	layers->flags |= WF_LAYERS_INNER;
	return wf_layers_nest(layers, next);
}

#endif
