// SPDX-License-Identifier: BSD-2-Clause
/*
 * wrap.c - writes outer headers byte by byte, then the frame or its datagram.
 */
#include "fuzz/wrap.h"

#include <string.h>
#include <sys/socket.h>

#include "fuzz/put.h"

enum {
	ETHERNET_BYTES = 14,
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_BRIDGED = 0x6558,
	TENANT = 0x123456,
};

/* Content of the outer headers: a whole Ethernet frame, or its IP datagram only. */
struct inner {
	const uint8_t *frame;
	uint32_t len_bytes;
};

static uint32_t type_of(const struct inner *inner)
{
	return (uint32_t)inner->frame[12] << 8 | inner->frame[13];
}

static uint32_t datagram_bytes(const struct inner *inner)
{
	return inner->len_bytes - ETHERNET_BYTES;
}

static uint8_t *put_frame(uint8_t *at, const struct inner *inner)
{
	memcpy(at, inner->frame, inner->len_bytes);
	return at + inner->len_bytes;
}

static uint8_t *put_datagram(uint8_t *at, const struct inner *inner)
{
	memcpy(at, inner->frame + ETHERNET_BYTES, datagram_bytes(inner));
	return at + datagram_bytes(inner);
}

static uint8_t *put_link(uint8_t *at, uint32_t type)
{
	memcpy(at, "\x02\0\0\0\0\x09\x02\0\0\0\0\x08", 12);
	return put16(at + 12, type);
}

/* ---- outer datagrams ---- */

static uint8_t *put_outer_ip(uint8_t *at, uint32_t proto, uint32_t bytes, uint32_t noise)
{
	uint8_t *ip = put_link(at, TYPE_IPV4);

	at = put16(put16(ip, 0x4500), 20 + bytes);
	at = put16(put16(at, noise & 0xffff), 0);
	at = put16(put8(put8(at, 64), proto), 0);
	at = put32(put32(at, 0x0a090001), 0x0a090002);
	put16(ip + 10, sum_fold(sum16(ip, 20, 0)));
	return at;
}

static uint8_t *put_outer_ip6(uint8_t *at, uint32_t proto, uint32_t bytes)
{
	at = put32(put_link(at, TYPE_IPV6), 0x60000000);
	at = put8(put8(put16(at, bytes), proto), 64);
	memcpy(at, "\x20\x01\x0d\xb8\0\x09\0\0\0\0\0\0\0\0\0\1", 16);
	memcpy(at + 16, "\x20\x01\x0d\xb8\0\x09\0\0\0\0\0\0\0\0\0\2", 16);
	return at + 32;
}

static uint8_t *put_udp(uint8_t *at, uint32_t port, uint32_t bytes, uint32_t noise)
{
	at = put_outer_ip(at, 17, 8 + bytes, noise);
	at = put16(put16(at, 0xc000 | (noise & 0xfff)), port);
	return put16(put16(at, 8 + bytes), 0);
}

/* Returns the protocol number of the inner datagram for an outer IP header. */
static uint32_t proto_of(const struct inner *inner)
{
	return type_of(inner) == TYPE_IPV4 ? 4 : 41;
}

static uint8_t *ip_in_ip(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put_outer_ip(at, proto_of(inner), datagram_bytes(inner), noise);
	return put_datagram(at, inner);
}

static uint8_t *ip_in_ip6(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	(void)noise;
	at = put_outer_ip6(at, proto_of(inner), datagram_bytes(inner));
	return put_datagram(at, inner);
}

/* ---- GRE and the protocols in it ---- */

static uint8_t *gre(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put_outer_ip(at, 47, 12 + datagram_bytes(inner), noise);
	at = put16(put16(at, 0x3000), type_of(inner)); /* GRE flags: key and sequence number */
	at = put32(put32(at, TENANT), noise);
	return put_datagram(at, inner);
}

static uint8_t *nvgre(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put_outer_ip(at, 47, 8 + inner->len_bytes, noise);
	at = put16(put16(at, 0x2000), TYPE_BRIDGED);
	at = put32(at, (uint32_t)TENANT << 8 | (noise & 0xff));
	return put_frame(at, inner);
}

static uint8_t *erspan_1(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put_outer_ip(at, 47, 4 + inner->len_bytes, noise);
	at = put16(put16(at, 0), 0x88be);
	return put_frame(at, inner);
}

static uint8_t *erspan_2(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put_outer_ip(at, 47, 16 + inner->len_bytes, noise);
	at = put32(put16(put16(at, 0x1000), 0x88be), noise);
	at = put32(put16(put16(at, 0x1000), 0x0042), noise & 0xfffff); /* version 1, session id */
	return put_frame(at, inner);
}

static uint8_t *erspan_3(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put_outer_ip(at, 47, 20 + inner->len_bytes, noise);
	at = put32(put16(put16(at, 0x1000), 0x22eb), noise);
	at = put32(put16(put16(at, 0x2000), 0x0042), noise); /* version 2, session id, time stamp */
	at = put16(put16(at, 0), 0x8000);		     /* SGT; bit P: Ethernet follows */
	return put_frame(at, inner);
}

/* ---- over UDP ---- */

static uint8_t *vxlan(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put_udp(at, 4789, 8 + inner->len_bytes, noise);
	at = put32(put32(at, 0x08000000), (uint32_t)TENANT << 8);
	return put_frame(at, inner);
}

/* Writes a GENEVE header with one option of four bytes. */
static uint8_t *put_geneve(uint8_t *at, uint32_t type, uint32_t bytes, uint32_t noise)
{
	at = put_udp(at, 6081, 16 + bytes, noise);
	at = put32(put16(put16(at, 0x0200), type), (uint32_t)TENANT << 8);
	return put32(put32(at, 0x01020301), noise);
}

static uint8_t *geneve_ethernet(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	return put_frame(put_geneve(at, TYPE_BRIDGED, inner->len_bytes, noise), inner);
}

static uint8_t *geneve_ip(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put_geneve(at, type_of(inner), datagram_bytes(inner), noise);
	return put_datagram(at, inner);
}

static uint8_t *gtpu(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put_udp(at, 2152, 12 + datagram_bytes(inner), noise);
	at = put16(put16(at, 0x32ff), 4 + datagram_bytes(inner)); /* has a sequence number */
	at = put32(put32(at, noise), noise << 16);
	return put_datagram(at, inner);
}

static uint8_t *nested(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	uint8_t rooms[2][16384];
	struct inner layer = {.frame = rooms[0]};

	layer.len_bytes = (uint32_t)(vxlan(rooms[0], inner, noise) - rooms[0]);
	layer.len_bytes = (uint32_t)(gre(rooms[1], &layer, noise) - rooms[1]);
	layer.frame = rooms[1];
	return ip_in_ip6(at, &layer, noise);
}

/* ---- on the link ---- */

static uint8_t *padded(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	uint32_t bytes = inner->len_bytes < 60 ? 60 - inner->len_bytes : noise % 32;

	at = put_frame(at, inner);
	memset(at, (int)(noise >> 8), bytes);
	return at + bytes;
}

static uint8_t *cut(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	(void)noise;
	return put_frame(at, inner);
}

static uint8_t *mpls(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put_link(at, 0x8847);
	at = put32(at, (16 + (noise & 0xff)) << 12 | 0xff); /* labels below 16 are reserved */
	at = put32(at, 64 << 12 | 0x1ff);		    /* last label of the stack */
	return put_datagram(at, inner);
}

static uint8_t *pppoe(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put16(put16(put_link(at, 0x8864), 0x1100), noise & 0xffff);
	at = put16(at, 2 + datagram_bytes(inner));
	at = put16(at, type_of(inner) == TYPE_IPV4 ? PPP_IPV4 : PPP_IPV6);
	return put_datagram(at, inner);
}

static uint8_t *raw(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	(void)noise;
	return put_datagram(at, inner);
}

/* The capturing host's byte order is chosen at random. */
static uint8_t *null(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	uint32_t family = type_of(inner) == TYPE_IPV4 ? 2 : 30;

	put32(at, noise & 1 ? family : family << 24);
	return put_datagram(at + 4, inner);
}

static uint8_t *loop(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	(void)noise;
	at = put32(at, type_of(inner) == TYPE_IPV4 ? 2 : 24);
	return put_datagram(at, inner);
}

static uint8_t *sll(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put16(put16(put16(at, noise % 5), 1), 6);
	at = put16(put32(put32(at, noise), 0), type_of(inner));
	return put_datagram(at, inner);
}

static uint8_t *sll2(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	at = put32(put16(put16(at, type_of(inner)), 0), 7);
	at = put8(put8(put16(at, 1), noise % 5), 6);
	at = put32(put32(at, noise), 0);
	return put_datagram(at, inner);
}

static uint8_t *ppp(uint8_t *at, const struct inner *inner, uint32_t noise)
{
	(void)noise;
	at = put16(at, 0xff03);
	at = put16(at, type_of(inner) == TYPE_IPV4 ? PPP_IPV4 : PPP_IPV6);
	return put_datagram(at, inner);
}

/* ---- all of them ---- */

static const struct {
	const char *name;
	uint8_t *(*put)(uint8_t *at, const struct inner *inner, uint32_t noise);
	enum weft_link link;
} kinds[] = {
	[WRAP_PADDED] = {"padded", padded, WEFT_LINK_ETHERNET},
	[WRAP_CUT] = {"cut, then whole", cut, WEFT_LINK_ETHERNET},
	[WRAP_MPLS] = {"MPLS", mpls, WEFT_LINK_ETHERNET},
	[WRAP_PPPOE] = {"PPPoE", pppoe, WEFT_LINK_ETHERNET},
	[WRAP_IP_IN_IP] = {"4in4, 6in4", ip_in_ip, WEFT_LINK_ETHERNET},
	[WRAP_IP_IN_IP6] = {"4in6, 6in6", ip_in_ip6, WEFT_LINK_ETHERNET},
	[WRAP_GRE] = {"GRE", gre, WEFT_LINK_ETHERNET},
	[WRAP_NVGRE] = {"NVGRE", nvgre, WEFT_LINK_ETHERNET},
	[WRAP_ERSPAN_I] = {"ERSPAN I", erspan_1, WEFT_LINK_ETHERNET},
	[WRAP_ERSPAN_II] = {"ERSPAN II", erspan_2, WEFT_LINK_ETHERNET},
	[WRAP_ERSPAN_III] = {"ERSPAN III", erspan_3, WEFT_LINK_ETHERNET},
	[WRAP_VXLAN] = {"VXLAN", vxlan, WEFT_LINK_ETHERNET},
	[WRAP_GENEVE_ETHERNET] = {"GENEVE, Ethernet", geneve_ethernet, WEFT_LINK_ETHERNET},
	[WRAP_GENEVE_IP] = {"GENEVE, IP", geneve_ip, WEFT_LINK_ETHERNET},
	[WRAP_GTPU] = {"GTP-U", gtpu, WEFT_LINK_ETHERNET},
	[WRAP_NESTED] = {"VXLAN in GRE in IPv6", nested, WEFT_LINK_ETHERNET},
	[WRAP_RAW] = {"raw IP", raw, WEFT_LINK_RAW},
	[WRAP_NULL] = {"NULL", null, WEFT_LINK_NULL},
	[WRAP_LOOP] = {"LOOP", loop, WEFT_LINK_LOOP},
	[WRAP_SLL] = {"SLL", sll, WEFT_LINK_SLL},
	[WRAP_SLL2] = {"SLL2", sll2, WEFT_LINK_SLL2},
	[WRAP_PPP] = {"PPP", ppp, WEFT_LINK_PPP},
};

struct wrapped wrap_frame(enum wrap_kind kind, const uint8_t *frame, uint32_t len, uint32_t noise,
			  uint8_t *room)
{
	const struct inner inner = {.frame = frame, .len_bytes = len};
	struct wrapped wrapped = {.link = kinds[kind].link};

	wrapped.len_bytes = (uint32_t)(kinds[kind].put(room, &inner, noise) - room);
	if (kind == WRAP_CUT)
		wrapped.cut_bytes = ETHERNET_BYTES + noise % (len - ETHERNET_BYTES);
	return wrapped;
}

const char *wrap_kind_name(enum wrap_kind kind)
{
	return kinds[kind].name;
}
