// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_tunnel_udp.c - tests errors and special cases of tunnels over UDP that only user space
 * reads, and the ports of VXLAN and GENEVE. test_tunnel.c tests the other tunnels.
 */
#include "unit/support/test.h"

#include <string.h>

#include "unit/support/decode_kinds.h"

/* Offset of the tunnel header in frames of Ethernet, IPv4 and UDP. */
enum { HEADER_OFF = 14 + 20 + 8 };

static struct packet_builder pb;

static void build(const char *name)
{
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		if (strcmp(decode_kinds[i].name, name) != 0)
			continue;
		decode_kind_build(&decode_kinds[i], &pb);
		return;
	}
	fail_msg("there is no kind %s", name);
}

/* Build @kind, change the byte at @off of the tunnel header, and decode. */
static enum wf_decode_result decode_changed(const char *kind, size_t off, uint8_t value)
{
	build(kind);
	pb.bytes[HEADER_OFF + off] = value;
	return decode_builder(&pb, WEFT_CHECKSUM_VERIFY);
}

TEST(tunnel_gue_control_flags_or_protocol_is_not_tcp)
{
	assert_int_equal(decode_changed("gue", 0, 0x21), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("gue", 0, 0x81), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("gue", 1, 6), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("gue", 2, 0x80), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("gue", 0, 31), WF_DECODE_MALFORMED);
}

TEST(tunnel_lisp_encrypted_is_not_tcp)
{
	assert_int_equal(decode_changed("lisp", 0, 0x89), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("lisp", 0, 0x88), WF_DECODE_TCP);
}

TEST(tunnel_teredo_that_ipv6_does_not_fill_is_not_tcp)
{
	enum { LENGTH_OFF = 23 + 5, LENGTH = 20 + KIND_BYTES };

	assert_int_equal(decode_changed("teredo", LENGTH_OFF, LENGTH), WF_DECODE_TCP);
	assert_int_equal(decode_changed("teredo", LENGTH_OFF, LENGTH + 1), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("teredo", LENGTH_OFF, LENGTH - 1), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("teredo", 2, 255), WF_DECODE_MALFORMED);
}

TEST(tunnel_l2tp_control_or_other_version_is_not_tcp)
{
	assert_int_equal(decode_changed("l2tp", 0, 0xca), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("l2tp", 1, 3), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("l2tp", 0, 0x6a), WF_DECODE_NOT_TCP);
}

TEST(tunnel_l2tp_length_that_lies_is_malformed)
{
	enum { LENGTH = 15 + 4 + 40 + KIND_BYTES };

	assert_int_equal(decode_changed("l2tp", 3, LENGTH), WF_DECODE_TCP);
	assert_int_equal(decode_changed("l2tp", 3, LENGTH + 1), WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("l2tp", 3, LENGTH - 1), WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("l2tp", 3, 14), WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("l2tp", 12, 1), WF_DECODE_MALFORMED);
}

TEST(tunnel_capwap_fragment_keepalive_or_encrypted_is_not_tcp)
{
	assert_int_equal(decode_changed("capwap ethernet", 0, 1), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("capwap ethernet", 3, 0x80), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("capwap ethernet", 3, 0x08), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("capwap wireless", 2, 5), WF_DECODE_NOT_TCP);
}

TEST(tunnel_capwap_length_that_lies_is_malformed)
{
	assert_int_equal(decode_changed("capwap ethernet", 1, 1 << 3), WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("capwap ethernet", 1, 0xf8), WF_DECODE_MALFORMED);
}

TEST(tunnel_tzsp_of_other_version_type_or_link_is_not_tcp)
{
	assert_int_equal(decode_changed("tzsp", 0, 2), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("tzsp", 1, 4), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("tzsp", 3, 119), WF_DECODE_NOT_TCP);
}

TEST(tunnel_tzsp_tags_that_never_end_are_malformed)
{
	assert_int_equal(decode_changed("tzsp", 6, 255), WF_DECODE_MALFORMED);
	build("tzsp");
	memset(pb.bytes + HEADER_OFF + 4, 0, pb.len_bytes - HEADER_OFF - 4);
	assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_VERIFY), WF_DECODE_MALFORMED);
}

/* L2TP has its port at either end, LISP only at the destination; other datagrams are no tunnels. */
TEST(tunnel_port_of_the_source_counts_only_where_the_protocol_says_so)
{
	build("l2tp");
	pb_put16(pb_at(&pb, PB_UDP, 0), 50001);
	assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_VERIFY), WF_DECODE_NOT_TCP);
	build("lisp");
	pb_put16(pb_at(&pb, PB_UDP, 0), 4341);
	pb_put16(pb_at(&pb, PB_UDP, 0) + 2, 50001);
	assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_VERIFY), WF_DECODE_NOT_TCP);
}

static enum wf_decode_result decode_with_ports(const char *kind, uint16_t port,
					       const struct weft_tunnel_ports *ports)
{
	struct wf_decoder decoder = {.secret = decode_secret, .ports = ports};
	struct wf_packet packet;
	struct wf_frame frame;

	build(kind);
	pb_put16(pb_at(&pb, PB_UDP, 0) + 2, port);
	pb_frame(&pb, 0, &frame);
	return wf_decode(&decoder, &frame, &packet);
}

TEST(tunnel_ports_of_vxlan_and_geneve_replace_the_default_ones)
{
	static const struct weft_tunnel_ports ports = {.vxlan = {10800, 10801}, .geneve = {65330}};

	assert_int_equal(decode_with_ports("vxlan", 10800, &ports), WF_DECODE_TCP);
	assert_int_equal(decode_with_ports("vxlan", 10801, &ports), WF_DECODE_TCP);
	assert_int_equal(decode_with_ports("vxlan", 4789, &ports), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_with_ports("vxlan", 0, &ports), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_with_ports("vxlan", 10800, NULL), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_with_ports("geneve ip", 65330, &ports), WF_DECODE_TCP);
	assert_int_equal(decode_with_ports("geneve ip", 6081, &ports), WF_DECODE_NOT_TCP);
}
