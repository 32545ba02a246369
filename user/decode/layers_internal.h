/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layers_internal.h - where decoding stands between two headers of a frame.
 *
 *   frame  [ eth | vlan | ip | udp | vxlan | eth | ip | tcp | data ] padding
 *                                    ▲ pos                         ▲
 *                                    ├──────── wire_bytes ─────────┤
 *                                    ├── cap_bytes ──┤ (the capture may be cut)
 *
 * A header's length field only ever shortens what is left (wf_layers_trim()), so
 * no inner header reaches beyond an outer one, and cap_bytes <= wire_bytes. A
 * step reads the header at pos, moves past it and returns what comes next.
 * A frame with a length that exceeds what the outer headers leave is malformed.
 *
 * Thread: any; lives on the stack of one call.
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
	/* the next header, at pos */
	WF_NEXT_ETHERNET = 0,
	WF_NEXT_ETHERTYPE, /* named by layers->ethertype */
	WF_NEXT_PPP,
	WF_NEXT_IP,    /* version nibble decides */
	WF_NEXT_PROTO, /* named by layers->proto */

	/* decoding has ended */
	WF_NEXT_TCP,
	WF_NEXT_FRAGMENT, /* layers->fragment is filled, payload at pos */
	WF_NEXT_NOT_TCP,
	WF_NEXT_MALFORMED,
	WF_NEXT_CHECKSUM,
};

enum wf_ethertype {
	WF_ETHERTYPE_8023_MAX = 1500, /* up to this value it is a length, and LLC follows */
	WF_ETHERTYPE_IPV4 = 0x0800,
	WF_ETHERTYPE_TEB = 0x6558, /* transparent Ethernet bridging: an Ethernet header follows */
	WF_ETHERTYPE_VLAN = 0x8100,
	WF_ETHERTYPE_IPV6 = 0x86dd,
	WF_ETHERTYPE_PPP = 0x880b,
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

#define WF_LAYERS_VERIFY  (1u << 0) /* verify the checksums of IP headers */
#define WF_LAYERS_LENIENT (1u << 1) /* WEFT_CHECKSUM_AUTO */
#define WF_LAYERS_CUT	  (1u << 2) /* the mirror cut the frame: wire_bytes is not known */
#define WF_LAYERS_NO_IP_CHECKSUM \
	(1u << 3) /* an IP checksum was 0: accepted only if TCP's is partial */
#define WF_LAYERS_LENGTH_ZERO (1u << 4) /* the IP length was taken from the frame */
#define WF_LAYERS_PROBE	      (1u << 5) /* only checks that the chain of headers is whole */

struct wf_layers {
	const uint8_t *pos;
	uint32_t cap_bytes;
	uint32_t wire_bytes;
	uint8_t flags;	    /* WF_LAYERS_* */
	uint8_t depth;	    /* tunnels so far */
	uint8_t tags;	    /* VLAN tags since the last tunnel */
	uint8_t extensions; /* IPv6 extension headers since then */
	uint16_t ethertype;
	uint8_t proto;

	/* the innermost IP header so far */
	uint8_t ip_version;
	uint32_t ip_bytes;
	const uint8_t *ip;
	const uint8_t *src; /* 4 or 16 bytes */
	const uint8_t *dst;
	const uint8_t *next; /* IPv6: where proto was read */

	uint16_t vlan[2];
	uint32_t vni;
	struct wf_fragment fragment;
};

static inline uint16_t wf_load_be16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return be16toh(value);
}

static inline uint32_t wf_load_be32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

/* Move past @bytes of the header at pos. Return: false: they were not captured. */
static inline bool wf_layers_skip(struct wf_layers *layers, uint32_t bytes)
{
	if (wf_unlikely(layers->cap_bytes < bytes))
		return false;
	layers->pos += bytes;
	layers->cap_bytes -= bytes;
	layers->wire_bytes -= bytes;
	return true;
}

/* The rest ends after @bytes. Return: false: the outer headers leave fewer. */
static inline bool wf_layers_trim(struct wf_layers *layers, uint32_t bytes)
{
	if (wf_unlikely(layers->wire_bytes < bytes))
		return false;
	layers->wire_bytes = bytes;
	if (layers->cap_bytes > bytes)
		layers->cap_bytes = bytes;
	return true;
}

/* The next header is inside a tunnel. Return: @next, or malformed if it is nested too deeply. */
static inline enum wf_next wf_layers_enter(struct wf_layers *layers, enum wf_next next)
{
	layers->vlan[0] = 0;
	layers->vlan[1] = 0;
	layers->tags = 0;
	layers->extensions = 0;
	layers->flags &= (uint8_t)~WF_LAYERS_LENGTH_ZERO;
	return ++layers->depth <= WEFT_TUNNEL_DEPTH_MAX ? next : WF_NEXT_MALFORMED;
}

#endif
