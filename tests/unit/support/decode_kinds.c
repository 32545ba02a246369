// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/decode_kinds.h"

#include "unit/support/cmocka.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

const struct weft_hash_secret decode_secret = {
	{0x0123456789abcdefull, 0xfedcba9876543210ull, 0x5555aaaa3333ccccull, 0x1}};

/* ---- kinds ---- */

static void outer_ip(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_ip(pb, "192.0.2.1", "192.0.2.2");
}

static void outer_ip6(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_ip(pb, "2001:db8::a", "2001:db8::b");
}

static void kind_vlan(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_vlan(pb, 0x8100, 0x6000 | 42);
}

static void kind_priority_tag(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_vlan(pb, 0x8100, 0xa000);
}

/* A priority tag is no VLAN, wherever it is. */
static void kind_priority_tags_around(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_vlan(pb, 0x88a8, 0xe000);
	pb_vlan(pb, 0x8100, 100);
	pb_vlan(pb, 0x8100, 0x2000);
	pb_vlan(pb, 0x8100, 200);
}

static void kind_qinq(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_vlan(pb, 0x88a8, 100);
	pb_vlan(pb, 0x8100, 200);
}

static void kind_four_tags(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_vlan(pb, 0x9100, 1);
	pb_vlan(pb, 0x9200, 2);
	pb_vlan(pb, 0x8100, 3);
	pb_vlan(pb, 0x8100, 4);
}

static void kind_mpls(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_mpls(pb, 16, false);
	pb_mpls(pb, 17, true);
}

static void kind_mpls_pseudowire(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_vlan(pb, 0x8100, 9);
	pb_mpls(pb, 16, true);
	pb_data(pb, NULL, 4); /* control word */
	pb_ethernet(pb);
	pb_vlan(pb, 0x8100, 7);
}

static void kind_mpls_no_control_word(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_mpls(pb, 16, true);
	pb_ethernet(pb);
	pb_vlan(pb, 0x8100, 7);
}

static void kind_vntag(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_tag(pb, 0x8926, "\x80\x01\x00\x02\0\0", 6, 4);
	pb_vlan(pb, 0x8100, 42);
}

static void kind_etag(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_vlan(pb, 0x8100, 42);
	pb_tag(pb, 0x893f, "\xe0\x01\x10\x02\x03\x04\0\0", 8, 6);
}

static void kind_cisco_metadata(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_tag(pb, 0x8909, "\1\1\0\1\0\5\0\0", 8, 6);
}

static void kind_pbb(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_vlan(pb, 0x88a8, 42);
	pb_tag(pb, 0x88e7, "\x20\x12\x34\x56", 4, 0);
	pb_ethernet(pb);
	pb_vlan(pb, 0x8100, 7);
}

static void kind_fabricpath(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_tag(pb, 0x8903, "\x00\x60", 2, 0);
	pb_ethernet(pb);
	pb_vlan(pb, 0x8100, 7);
}

static void kind_nsh_ethernet(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_tag(pb, 0x894f, "\x0f\xc6\1\3\0\0\1\xff\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4", 24, 0);
	pb_ethernet(pb);
}

/* The second of two NSH has MD type 2 without context headers. */
static void kind_nsh_ip(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_tag(pb, 0x894f, "\x0f\xc2\2\4\0\0\1\xff\x0f\xc2\2\2\0\0\1\xff", 16, 0);
}

static void kind_pppoe(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_pppoe(pb, 77);
	pb_ppp(pb, false);
}

static void kind_snap(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_snap(pb);
}

static void kind_raw(struct packet_builder *pb)
{
}

static void kind_null_le(struct packet_builder *pb)
{
	pb_family(pb, 2, false);
}

static void kind_null_be(struct packet_builder *pb)
{
	pb_family(pb, 2, true);
}

static void kind_null_darwin6(struct packet_builder *pb)
{
	pb_family(pb, 30, false);
}

static void kind_sll_vlan(struct packet_builder *pb)
{
	pb_sll(pb);
	pb_vlan(pb, 0x8100, 5);
}

static void kind_ppp(struct packet_builder *pb)
{
	pb_ppp(pb, true);
}

static void kind_ppp_bare(struct packet_builder *pb)
{
	pb_ppp(pb, false);
}

static void kind_ppp_direction(struct packet_builder *pb)
{
	pb_data(pb, "\1", 1);
	pb_ppp(pb, true);
	pb->link = WEFT_LINK_PPP_DIRECTION;
}

static void kind_ppp_pppd(struct packet_builder *pb)
{
	pb_data(pb, "\1\3", 2);
	pb_ppp(pb, false);
	pb->link = WEFT_LINK_PPP_PPPD;
}

static void kind_link_pppoe(struct packet_builder *pb)
{
	pb_pppoe(pb, 77);
	pb_ppp(pb, false);
	pb->link = WEFT_LINK_PPPOE;
}

static void kind_cisco_hdlc(struct packet_builder *pb)
{
	pb_tag(pb, 0, "\x0f\0\0\0", 4, 2);
	pb->link = WEFT_LINK_CISCO_HDLC;
}

static void kind_cisco_hdlc_in_ppp(struct packet_builder *pb)
{
	kind_cisco_hdlc(pb);
	pb->link = WEFT_LINK_PPP_HDLC;
}

/* Attributes "packet header" and "payload", whose length is that of the packet. */
static void kind_nflog_little(struct packet_builder *pb)
{
	pb_data(pb, "\2\0\0\1\7\0\1\0\x08\0\1\0", 12);
	pb_data(pb, (uint8_t[]){4 + 40 + KIND_BYTES, 0, 9, 0}, 4);
	pb->link = WEFT_LINK_NFLOG;
}

static void kind_nflog_big(struct packet_builder *pb)
{
	pb_data(pb, "\12\0\0\1\0\7\0\1\x08\0\1\0", 12);
	pb_data(pb, (uint8_t[]){0, 4 + 60 + KIND_BYTES, 0, 9}, 4);
	pb->link = WEFT_LINK_NFLOG;
}

static void kind_ieee80211(struct packet_builder *pb)
{
	uint8_t header[24] = {0x08, 0x01};

	pb_data(pb, header, sizeof(header));
	pb_snap(pb);
	pb->link = WEFT_LINK_IEEE80211;
}

/* A QoS frame between two access points: four addresses, HT control. */
static void kind_ieee80211_qos(struct packet_builder *pb)
{
	uint8_t header[36] = {0x88, 0x83};

	pb_data(pb, header, sizeof(header));
	pb_snap(pb);
	pb->link = WEFT_LINK_IEEE80211;
}

/* Two bitmaps of fields, TSFT, flags with "padded", two bytes of other fields. */
static void kind_radiotap_padded(struct packet_builder *pb)
{
	uint8_t radiotap[27] = {0, 0, 27, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, [24] = 0x20};
	uint8_t header[28] = {0x88, 0x02};

	pb_data(pb, radiotap, sizeof(radiotap));
	pb_data(pb, header, sizeof(header));
	pb_snap(pb);
	pb->link = WEFT_LINK_RADIOTAP;
}

static void kind_pktap(struct packet_builder *pb)
{
	uint8_t header[108] = {108, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 'e', 'n', '0'};

	pb_data(pb, header, sizeof(header));
	pb_ethernet(pb);
	pb->link = WEFT_LINK_PKTAP;
}

static void kind_pktap_raw(struct packet_builder *pb)
{
	uint8_t header[108] = {108, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0, 'u', 't', 'u', 'n'};

	pb_data(pb, header, sizeof(header));
	pb->link = WEFT_LINK_PKTAP;
}

static void kind_ipv6_extensions(struct packet_builder *pb)
{
	static const uint8_t padding[6] = {1, 4};

	pb_ethernet(pb);
	pb_ip(pb, KIND_SRC6, KIND_DST6);
	pb_ipv6_ext(pb, 0, padding, 6);
	pb_ipv6_ext(pb, 60, NULL, 14);
	pb_ipv6_ext(pb, 43, "\0\0\0\0\0\0", 6);
	pb_ipv6_ext(pb, 51, NULL, 22);
	pb_ipv6_ext(pb, 60, NULL, 6);
}

static void kind_ipv6_atomic(struct packet_builder *pb)
{
	pb_ethernet(pb);
	pb_ip(pb, KIND_SRC6, KIND_DST6);
	pb_ipv6_fragment(pb, 0x12345678, 0, false);
}

static void kind_ip4_in_ip4(struct packet_builder *pb)
{
	kind_vlan(pb);
	pb_ip(pb, "192.0.2.1", "192.0.2.2");
}

static void kind_vxlan(struct packet_builder *pb)
{
	kind_vlan(pb);
	pb_ip(pb, "192.0.2.1", "192.0.2.2");
	pb_udp(pb, 50000, 4789);
	pb_vxlan(pb, 0x123456);
	pb_ethernet(pb);
	pb_vlan(pb, 0x8100, 11);
}

static void kind_vxlan_linux_port(struct packet_builder *pb)
{
	outer_ip6(pb);
	pb_udp(pb, 50000, 8472);
	pb_vxlan(pb, 7);
	pb_ethernet(pb);
}

static void kind_vxlan_gpe(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_udp(pb, 50000, 4790);
	pb_vxlan(pb, 8);
	pb_at(pb, PB_VXLAN, 0)[0] = 0x0c;
	pb_at(pb, PB_VXLAN, 0)[3] = 1;
}

static void kind_geneve_ethernet(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_udp(pb, 50000, 6081);
	pb_geneve(pb, 0xabcdef, "\0\1\2\1abcd", 8);
	pb_ethernet(pb);
}

static void kind_geneve_ip(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_udp(pb, 50000, 6081);
	pb_geneve(pb, 3, NULL, 0);
}

static void kind_udp(struct packet_builder *pb, uint16_t port, const void *header, size_t bytes)
{
	outer_ip(pb);
	pb_udp(pb, 50000, port);
	pb_data(pb, header, bytes);
}

static void kind_vxlan_gpe_nsh(struct packet_builder *pb)
{
	kind_udp(pb, 4790, "\x0c\0\0\4\0\0\x08\0\x0f\xc2\2\3\0\0\1\xff", 16);
	pb_ethernet(pb);
}

static void kind_gue(struct packet_builder *pb)
{
	kind_udp(pb, 6080, "\1\4\0\1\0\0\0\0", 8);
}

static void kind_gue_without_header(struct packet_builder *pb)
{
	kind_udp(pb, 6080, NULL, 0);
}

static void kind_lisp(struct packet_builder *pb)
{
	kind_udp(pb, 4341, "\x88\1\2\3\0\0\x09\1", 8);
}

/* An authentication header with one byte of id and of value, then an origin indication. */
static void kind_teredo(struct packet_builder *pb)
{
	kind_udp(pb, 3544, "\0\1\1\1ab12345678\0\0\0\1\2\3\4\5\6", 23);
}

static void kind_l2tp(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_udp(pb, 1701, 50000);
	pb_data(pb, "\x4a\2\0\0\0\1\0\2\0\0\0\0\0\1\0", 15);
	pb_put16(pb_at(pb, PB_UDP, 0) + 10, 15 + 4 + 40 + KIND_BYTES);
	pb_ppp(pb, true);
}

static void kind_l2tp_short(struct packet_builder *pb)
{
	kind_udp(pb, 1701, "\0\2\0\1\0\2", 6);
	pb_ppp(pb, false);
}

static void kind_capwap_ethernet(struct packet_builder *pb)
{
	kind_udp(pb, 5247, "\0\x10\2\0\0\0\0\0", 8);
	pb_ethernet(pb);
}

/* The two bytes of frame control are swapped. */
static void kind_capwap_wireless(struct packet_builder *pb)
{
	uint8_t header[24] = {0x02, 0x08};

	kind_udp(pb, 5247, "\0\x10\3\0\0\0\0\0", 8);
	pb_data(pb, header, sizeof(header));
	pb_snap(pb);
}

static void kind_tzsp(struct packet_builder *pb)
{
	kind_udp(pb, 37008, "\1\0\0\1\0\x0a\1\xdd\1", 9);
	pb_ethernet(pb);
}

static void kind_tzsp_wireless(struct packet_builder *pb)
{
	uint8_t header[24] = {0x08, 0x01};

	kind_udp(pb, 37008, "\1\0\0\x12\1", 5);
	pb_data(pb, header, sizeof(header));
	pb_snap(pb);
}

static void kind_hp_erm(struct packet_builder *pb)
{
	kind_udp(pb, 7932, NULL, 12);
	pb_ethernet(pb);
}

static void kind_gre(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_gre(pb, 0, 0);
}

static void kind_gre_all_fields(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_gre(pb, 0xb000, 0x11223344);
}

static void kind_nvgre(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_gre(pb, 0x2000, 0x00777701);
	pb_ethernet(pb);
}

static void kind_erspan1(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_gre(pb, 0, 0);
	pb_ethernet(pb);
	pb_put16(pb_at(pb, PB_GRE, 0) + 2, 0x88be);
}

static void kind_erspan2(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_gre(pb, 0x1000, 0);
	pb_erspan(pb, 1, 100, false, false);
	pb_ethernet(pb);
	pb_vlan(pb, 0x8100, 33);
}

static void kind_erspan3(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_gre(pb, 0x1000, 0);
	pb_erspan(pb, 2, 100, false, false);
	pb_ethernet(pb);
}

static void kind_erspan3_subheader(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_gre(pb, 0x1000, 0);
	pb_erspan(pb, 2, 100, false, true);
	pb_ethernet(pb);
}

static void kind_erspan3_ip(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_gre(pb, 0x1000, 0);
	pb_erspan(pb, 2, 100, false, false);
	pb_at(pb, PB_ERSPAN, 0)[10] = 2 << 2;
}

static void kind_pptp(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_gre(pb, 0x3000, 0);
	pb_put16(pb_at(pb, PB_GRE, 0), 0x3081); /* GRE version 1 with an acknowledgement number */
	pb_put16(pb_at(pb, PB_GRE, 0) + 4, 4 + 20 + 20 + KIND_BYTES);
	pb_data(pb, NULL, 4);
	pb_ppp(pb, true);
}

static void kind_gtpu(struct packet_builder *pb)
{
	outer_ip(pb);
	pb_udp(pb, 2152, 2152);
	pb_gtpu(pb, 0xdeadbeef);
}

/* Appends a sequence number and a PDU session container, as in 5G. */
static void kind_gtpu_extension(struct packet_builder *pb)
{
	static const uint8_t more[8] = {0, 1, 0, 0x85, 1, 0, 9, 0};

	kind_gtpu(pb);
	pb_at(pb, PB_GTPU, 0)[0] = 0x36;
	pb_data(pb, more, sizeof(more));
}

static void kind_nested(struct packet_builder *pb)
{
	kind_vxlan(pb);
	pb_ip(pb, "198.51.100.1", "198.51.100.2");
	pb_gre(pb, 0x2000, 5);
	pb_ip(pb, "2001:db8::c", "2001:db8::d");
	pb_udp(pb, 2152, 2152);
	pb_gtpu(pb, 1);
	pb_ip(pb, "198.51.100.3", "198.51.100.4");
}

const struct decode_kind decode_kinds[] = {
	{"ethernet", pb_ethernet, false, {0, 0}, 0, false},
	{"ethernet ipv6", pb_ethernet, true, {0, 0}, 0, false},
	{"vlan", kind_vlan, false, {42, 0}, 0, false},
	{"vlan ipv6", kind_vlan, true, {42, 0}, 0, false},
	{"qinq", kind_qinq, false, {100, 200}, 0, false},
	{"priority tag", kind_priority_tag, false, {0, 0}, 0, false},
	{"priority tags around", kind_priority_tags_around, false, {100, 200}, 0, false},
	{"four tags", kind_four_tags, false, {1, 2}, 0, false},
	{"mpls", kind_mpls, false, {0, 0}, 0, false},
	{"mpls ipv6", kind_mpls, true, {0, 0}, 0, false},
	{"mpls pseudowire", kind_mpls_pseudowire, false, {7, 0}, 0, false},
	{"mpls no control word", kind_mpls_no_control_word, false, {7, 0}, 0, false},
	{"mpls no control word ipv6", kind_mpls_no_control_word, true, {7, 0}, 0, false},
	{"vn-tag", kind_vntag, false, {42, 0}, 0, false},
	{"e-tag", kind_etag, true, {42, 0}, 0, false},
	{"cisco metadata", kind_cisco_metadata, false, {0, 0}, 0, false},
	{"pbb", kind_pbb, false, {7, 0}, 0x123456, false},
	{"fabricpath", kind_fabricpath, true, {7, 0}, 0, false},
	{"nsh ethernet", kind_nsh_ethernet, false, {0, 0}, 0, false},
	{"nsh ip", kind_nsh_ip, true, {0, 0}, 0, false},
	{"pppoe", kind_pppoe, false, {0, 0}, 0, false},
	{"pppoe ipv6", kind_pppoe, true, {0, 0}, 0, false},
	{"802.3 snap", kind_snap, false, {0, 0}, 0, false},
	{"raw", kind_raw, false, {0, 0}, 0, false},
	{"raw ipv6", kind_raw, true, {0, 0}, 0, false},
	{"null little endian", kind_null_le, false, {0, 0}, 0, false},
	{"null big endian", kind_null_be, false, {0, 0}, 0, false},
	{"null darwin ipv6", kind_null_darwin6, true, {0, 0}, 0, false},
	{"sll", pb_sll, false, {0, 0}, 0, false},
	{"sll vlan ipv6", kind_sll_vlan, true, {5, 0}, 0, false},
	{"sll2", pb_sll2, false, {0, 0}, 0, false},
	{"ppp", kind_ppp, false, {0, 0}, 0, false},
	{"ppp bare ipv6", kind_ppp_bare, true, {0, 0}, 0, false},
	{"ppp with direction", kind_ppp_direction, false, {0, 0}, 0, false},
	{"ppp of pppd", kind_ppp_pppd, true, {0, 0}, 0, false},
	{"pppoe without ethernet", kind_link_pppoe, false, {0, 0}, 0, false},
	{"cisco hdlc", kind_cisco_hdlc, false, {0, 0}, 0, false},
	{"cisco hdlc in ppp", kind_cisco_hdlc_in_ppp, true, {0, 0}, 0, false},
	{"nflog little endian", kind_nflog_little, false, {0, 0}, 0, false},
	{"nflog big endian", kind_nflog_big, true, {0, 0}, 0, false},
	{"802.11", kind_ieee80211, false, {0, 0}, 0, false},
	{"802.11 qos", kind_ieee80211_qos, true, {0, 0}, 0, false},
	{"radiotap padded", kind_radiotap_padded, false, {0, 0}, 0, false},
	{"pktap", kind_pktap, false, {0, 0}, 0, false},
	{"pktap raw", kind_pktap_raw, true, {0, 0}, 0, false},
	{"ipv6 extension headers", kind_ipv6_extensions, true, {0, 0}, 0, false},
	{"ipv6 atomic fragment", kind_ipv6_atomic, true, {0, 0}, 0, false},
	{"ip in ip", kind_ip4_in_ip4, false, {0, 0}, 0, false},
	{"6in4", kind_ip4_in_ip4, true, {0, 0}, 0, false},
	{"4in6", outer_ip6, false, {0, 0}, 0, false},
	{"vxlan", kind_vxlan, false, {11, 0}, 0x123456, false},
	{"vxlan linux port", kind_vxlan_linux_port, true, {0, 0}, 7, false},
	{"vxlan gpe", kind_vxlan_gpe, false, {0, 0}, 8, false},
	{"vxlan gpe nsh", kind_vxlan_gpe_nsh, true, {0, 0}, 8, false},
	{"gue", kind_gue, false, {0, 0}, 0, true},
	{"gue without header", kind_gue_without_header, true, {0, 0}, 0, true},
	{"lisp", kind_lisp, false, {0, 0}, 9, true},
	{"teredo", kind_teredo, true, {0, 0}, 0, true},
	{"l2tp", kind_l2tp, false, {0, 0}, 0, true},
	{"l2tp short", kind_l2tp_short, true, {0, 0}, 0, true},
	{"capwap ethernet", kind_capwap_ethernet, false, {0, 0}, 0, true},
	{"capwap wireless", kind_capwap_wireless, true, {0, 0}, 0, true},
	{"tzsp", kind_tzsp, false, {0, 0}, 0, true},
	{"tzsp wireless", kind_tzsp_wireless, false, {0, 0}, 0, true},
	{"hp erm", kind_hp_erm, true, {0, 0}, 0, true},
	{"geneve ethernet", kind_geneve_ethernet, true, {0, 0}, 0xabcdef, false},
	{"geneve ip", kind_geneve_ip, false, {0, 0}, 3, false},
	{"gre", kind_gre, false, {0, 0}, 0, false},
	{"gre all fields", kind_gre_all_fields, true, {0, 0}, 0x11223344, false},
	{"nvgre", kind_nvgre, false, {0, 0}, 0x7777, false},
	{"erspan I", kind_erspan1, false, {0, 0}, 0, false},
	{"erspan II", kind_erspan2, false, {33, 0}, 0, false},
	{"erspan III", kind_erspan3, true, {0, 0}, 0, false},
	{"erspan III subheader", kind_erspan3_subheader, false, {0, 0}, 0, false},
	{"erspan III ip", kind_erspan3_ip, false, {0, 0}, 0, false},
	{"pptp", kind_pptp, false, {0, 0}, 0, false},
	{"gtp-u", kind_gtpu, false, {0, 0}, 0, false},
	{"gtp-u extension", kind_gtpu_extension, true, {0, 0}, 0, false},
	{"nested", kind_nested, true, {0, 0}, 5, false},
};
const unsigned int decode_kinds_count = sizeof(decode_kinds) / sizeof(decode_kinds[0]);

void decode_kind_build(const struct decode_kind *kind, struct packet_builder *pb)
{
	bool has_ip = kind->build == kind_ipv6_extensions || kind->build == kind_ipv6_atomic;

	pb_init(pb);
	kind->build(pb);
	if (!has_ip && kind->ip6)
		pb_ip(pb, KIND_SRC6, KIND_DST6);
	else if (!has_ip)
		pb_ip(pb, KIND_SRC, KIND_DST);
	pb_tcp(pb, &(struct pb_tcp){.src_port = 40000,
				    .dst_port = 80,
				    .seq = 1000,
				    .ack = 2000,
				    .flags = WF_TCP_PSH | WF_TCP_ACK});
	pb_data(pb, KIND_DATA, KIND_BYTES);
	pb_finish(pb);
}

bool decode_kind_is_for_kernel(const struct decode_kind *kind, const struct packet_builder *pb)
{
	return pb->layers[0].kind == PB_ETHERNET && pb->link == WEFT_LINK_ETHERNET &&
	       !kind->replay_only;
}

/* ---- decoding with checks ---- */

static void check_pointers(const struct decoded *decoded)
{
	const struct wf_packet *packet = &decoded->packet;
	const uint8_t *begin = decoded->frame.bytes, *end = begin + decoded->frame.cap_bytes;

	assert_true(packet->payload >= begin && packet->payload <= end);
	assert_true(packet->payload_captured_bytes <= (size_t)(end - packet->payload));
	assert_true(packet->payload_captured_bytes <= packet->payload_bytes);
	assert_true(packet->src <= 1);
	if (decoded->result == WF_DECODE_FRAGMENT) {
		const struct wf_fragment *fragment = &packet->fragment;

		assert_true(fragment->header >= begin && fragment->header <= end);
		assert_true(fragment->header_bytes <= (size_t)(end - fragment->header));
		assert_true(fragment->next_off < fragment->header_bytes);
	}
}

void decoded_init(struct decoded *decoded, const struct wf_frame *frame,
		  enum weft_checksum checksum)
{
	struct wf_decoder decoder = {.secret = decode_secret, .checksum = checksum};

	decoded->frame = *frame;
	decoded->copy = malloc(frame->cap_bytes ? frame->cap_bytes : 1);
	assert_non_null(decoded->copy);
	memcpy(decoded->copy, frame->bytes, frame->cap_bytes);
	/* An empty frame gets an invalid pointer, because decode must not read it. */
	decoded->frame.bytes = decoded->copy + (frame->cap_bytes ? 0 : 1);
	memset(&decoded->packet, 0xa5, sizeof(decoded->packet));
	decoded->result = wf_decode(&decoder, &decoded->frame, &decoded->packet);
	if (decoded->result == WF_DECODE_TCP || decoded->result == WF_DECODE_FRAGMENT) {
		check_pointers(decoded);
		if (!(frame->flags & WF_FRAME_HASHED))
			assert_int_equal(wf_decode_steer_hash(&decoder, &decoded->frame, NULL),
					 decoded->packet.hash);
	} else {
		(void)wf_decode_steer_hash(&decoder, &decoded->frame, NULL);
	}
}

void decoded_fini(struct decoded *decoded)
{
	free(decoded->copy);
}

enum wf_decode_result decode_builder(const struct packet_builder *pb, enum weft_checksum checksum)
{
	struct decoded decoded;
	struct wf_frame frame;

	pb_frame(pb, 0, &frame);
	decoded_init(&decoded, &frame, checksum);
	decoded_fini(&decoded);
	return decoded.result;
}

static void expected_addr(const char *text, uint8_t *ret_addr)
{
	memset(ret_addr, 0, 16);
	if (strchr(text, ':')) {
		assert_int_equal(inet_pton(AF_INET6, text, ret_addr), 1);
		return;
	}
	ret_addr[10] = 0xff;
	ret_addr[11] = 0xff;
	assert_int_equal(inet_pton(AF_INET, text, ret_addr + 12), 1);
}

unsigned int decode_expected_key(const char *src, uint16_t src_port, const char *dst,
				 uint16_t dst_port, struct weft_flow_key *ret_key)
{
	uint8_t from[16], to[16];
	unsigned int at;
	int order;

	expected_addr(src, from);
	expected_addr(dst, to);
	order = memcmp(from, to, 16);
	at = order > 0 || (order == 0 && src_port > dst_port);
	memset(ret_key, 0, sizeof(*ret_key));
	memcpy(ret_key->addr[at], from, 16);
	memcpy(ret_key->addr[!at], to, 16);
	ret_key->port[at] = src_port;
	ret_key->port[!at] = dst_port;
	return at;
}
