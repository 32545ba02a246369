// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_tunnel.c - tests errors and special cases of tunnels. test_decode.c tests frames of each
 * kind, whole and truncated.
 */
#include "unit/support/test.h"

#include <string.h>

#include "unit/support/decode_kinds.h"

static struct packet_builder pb;
static struct wf_packet packet;

static void outer(void)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, "192.0.2.1", "192.0.2.2");
}

static void inner(void)
{
	pb_ip(&pb, KIND_SRC, KIND_DST);
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 40000, .dst_port = 80});
	pb_data(&pb, KIND_DATA, KIND_BYTES);
	pb_finish(&pb);
}

static enum wf_decode_result decode(void)
{
	struct decoded decoded;
	struct wf_frame frame;

	pb_frame(&pb, 0, &frame);
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_IGNORE);
	packet = decoded.packet;
	decoded_fini(&decoded);
	return decoded.result;
}

/* ---- nesting ---- */

TEST(tunnel_ip_in_ip_up_to_the_limit)
{
	for (int depth = WEFT_TUNNEL_DEPTH_MAX; depth <= WEFT_TUNNEL_DEPTH_MAX + 1; depth++) {
		outer();
		for (int i = 1; i < depth; i++)
			pb_ip(&pb, "192.0.2.3", "192.0.2.4");
		inner();
		assert_int_equal(decode(), depth == WEFT_TUNNEL_DEPTH_MAX ? WF_DECODE_TCP
									  : WF_DECODE_MALFORMED);
	}
}

TEST(tunnel_ethernet_in_gre_counts_once)
{
	for (int depth = WEFT_TUNNEL_DEPTH_MAX; depth <= WEFT_TUNNEL_DEPTH_MAX + 1; depth++) {
		outer();
		for (int i = 0; i < depth; i++) {
			if (i)
				pb_ip(&pb, "192.0.2.3", "192.0.2.4");
			pb_gre(&pb, 0, 0);
			pb_ethernet(&pb);
		}
		inner();
		assert_int_equal(decode(), depth == WEFT_TUNNEL_DEPTH_MAX ? WF_DECODE_TCP
									  : WF_DECODE_MALFORMED);
	}
}

/* Inside a tunnel, VLAN tags are counted from 0 again. */
TEST(tunnel_inner_tags_have_their_own_limit)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	for (int i = 0; i < WEFT_VLAN_DEPTH_MAX; i++)
		pb_vlan(&pb, 0x8100, 100);
	pb_ip(&pb, "192.0.2.1", "192.0.2.2");
	pb_gre(&pb, 0, 0);
	pb_ethernet(&pb);
	for (int i = 0; i < WEFT_VLAN_DEPTH_MAX; i++)
		pb_vlan(&pb, 0x8100, (uint16_t)(200 + i));
	inner();
	assert_int_equal(decode(), WF_DECODE_TCP);
	assert_int_equal(packet.key.vlan[0], 200);
	assert_int_equal(packet.key.vlan[1], 201);
}

TEST(tunnel_inner_extensions_have_their_own_limit)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	for (int i = 0; i < 2; i++) {
		pb_ip(&pb, KIND_SRC6, KIND_DST6);
		for (int j = 0; j < WEFT_IPV6_EXTENSIONS_MAX; j++)
			pb_ipv6_ext(&pb, 60, NULL, 6);
	}
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 40000, .dst_port = 80});
	pb_finish(&pb);
	assert_int_equal(decode(), WF_DECODE_TCP);
}

/*
 * A tunnel without an identifier inside a tunnel with one: the outer identifier stays in the key.
 */
TEST(tunnel_identifier_lasts_through_inner_tunnels_without)
{
	outer();
	pb_udp(&pb, 1, 4789);
	pb_vxlan(&pb, 99);
	pb_ethernet(&pb);
	pb_ip(&pb, "192.0.2.3", "192.0.2.4");
	inner();
	assert_int_equal(decode(), WF_DECODE_TCP);
	assert_int_equal(packet.key.vni, 99);
}

TEST(tunnel_inner_datagram_beyond_the_outer_is_malformed)
{
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		bool ip6 = decode_kinds[i].ip6;
		uint8_t *outer_ip;

		if (strcmp(decode_kinds[i].name, "gre") && strcmp(decode_kinds[i].name, "ip in ip"))
			continue;
		decode_kind_build(&decode_kinds[i], &pb);
		assert_false(ip6);
		outer_ip = pb_at(&pb, PB_IPV4, 0);
		pb_put16(outer_ip + 2, (uint16_t)(pb_get16(outer_ip + 2) - 1));
		assert_int_equal(decode(), WF_DECODE_MALFORMED);
	}
}

/* Protocol 4 must carry IPv4 and protocol 41 IPv6, as in receivers. */
TEST(tunnel_protocol_against_version_is_malformed)
{
	outer();
	inner();
	pb_at(&pb, PB_IPV4, 0)[9] = 41;
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

/* ---- UDP ---- */

static void build_vxlan(uint16_t port)
{
	outer();
	pb_udp(&pb, 4789, port);
	pb_vxlan(&pb, 5);
	pb_ethernet(&pb);
	inner();
}

TEST(tunnel_udp_of_other_ports_is_not_tcp)
{
	build_vxlan(53);
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

TEST(tunnel_udp_length_that_lies_is_malformed)
{
	static const int off_by[] = {1, -1, -1000};

	build_vxlan(4789);
	for (int i = 0; i < 3; i++) {
		uint8_t *udp = pb_at(&pb, PB_UDP, 0);
		uint16_t right = pb_get16(udp + 4);

		pb_put16(udp + 4, off_by[i] == -1000 ? 7 : (uint16_t)(right + off_by[i]));
		assert_int_equal(decode(), WF_DECODE_MALFORMED);
		pb_put16(udp + 4, right);
	}
	pb_put16(pb_at(&pb, PB_UDP, 0) + 4, 0);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

static void put_vxlan_segment(const uint8_t *data, size_t len_bytes)
{
	pb_udp(&pb, 1, 4789);
	pb_vxlan(&pb, 5);
	pb_ethernet(&pb);
	pb_ip(&pb, KIND_SRC, KIND_DST);
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 40000, .dst_port = 80});
	pb_data(&pb, data, len_bytes);
	pb_finish(&pb);
}

/* Before the adapter splits it, the outer datagram may exceed 64 KiB: its lengths are then 0. */
TEST(tunnel_udp_length_zero_where_ip_length_is_too)
{
	static const uint8_t data[3000];

	outer();
	put_vxlan_segment(data, sizeof(data));
	pb_put16(pb_at(&pb, PB_IPV4, 0) + 2, 0);
	pb_put16(pb_at(&pb, PB_UDP, 0) + 4, 0);
	assert_int_equal(decode(), WF_DECODE_TCP);
	assert_int_equal(packet.payload_bytes, sizeof(data));
}

/* The inner IP header has a length, so a UDP length of 0 is malformed, whatever the outer header
 * has. */
TEST(tunnel_udp_length_zero_in_datagram_of_known_length_is_malformed)
{
	static const uint8_t data[3000];

	outer();
	pb_ip(&pb, "192.0.2.3", "192.0.2.4");
	put_vxlan_segment(data, sizeof(data));
	pb_put16(pb_at(&pb, PB_IPV4, 0) + 2, 0);
	assert_int_equal(decode(), WF_DECODE_TCP);
	pb_put16(pb_at(&pb, PB_UDP, 0) + 4, 0);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(tunnel_vxlan_without_identifier_is_not_tcp)
{
	build_vxlan(4789);
	pb_at(&pb, PB_VXLAN, 0)[0] = 0;
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

/*
 * The group policy extension sets additional bits; the position of the inner frame does not change.
 */
TEST(tunnel_vxlan_group_policy_is_read)
{
	build_vxlan(4789);
	pb_at(&pb, PB_VXLAN, 0)[0] = 0x88;
	pb_at(&pb, PB_VXLAN, 0)[3] = 7;
	assert_int_equal(decode(), WF_DECODE_TCP);
	assert_int_equal(packet.key.vni, 5);
}

TEST(tunnel_vxlan_gpe_next_protocols)
{
	outer();
	pb_udp(&pb, 1, 4790);
	pb_vxlan(&pb, 5);
	pb_at(&pb, PB_VXLAN, 0)[0] = 0x0c;
	pb_at(&pb, PB_VXLAN, 0)[3] = 3;
	pb_ethernet(&pb);
	inner();
	assert_int_equal(decode(), WF_DECODE_TCP);
	pb_at(&pb, PB_VXLAN, 0)[0] = 0x08; /* bit P is 0: Ethernet */
	assert_int_equal(decode(), WF_DECODE_TCP);
	pb_at(&pb, PB_VXLAN, 0)[0] = 0x0c;
	pb_at(&pb, PB_VXLAN, 0)[3] = 6; /* unknown */
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
	pb_at(&pb, PB_VXLAN, 0)[0] = 0x0d; /* bit O: management frame */
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

TEST(tunnel_vxlan_gpe_of_ip_has_no_ethernet)
{
	for (int ip6 = 0; ip6 < 2; ip6++) {
		outer();
		pb_udp(&pb, 1, 4790);
		pb_vxlan(&pb, 5);
		pb_at(&pb, PB_VXLAN, 0)[0] = 0x0c;
		pb_at(&pb, PB_VXLAN, 0)[3] = ip6 ? 2 : 1;
		pb_ip(&pb, ip6 ? KIND_SRC6 : KIND_SRC, ip6 ? KIND_DST6 : KIND_DST);
		pb_tcp(&pb, &(struct pb_tcp){.src_port = 40000, .dst_port = 80});
		pb_finish(&pb);
		assert_int_equal(decode(), WF_DECODE_TCP);
		assert_int_equal(packet.ip_version, ip6 ? 6 : 4);
		assert_int_equal(packet.key.vni, 5);
	}
}

static void build_geneve(size_t options_bytes)
{
	outer();
	pb_udp(&pb, 1, 6081);
	pb_geneve(&pb, 5, NULL, options_bytes);
	inner();
}

TEST(tunnel_geneve_all_option_lengths)
{
	for (size_t bytes = 0; bytes <= 252; bytes += 4) {
		build_geneve(bytes);
		assert_int_equal(decode(), WF_DECODE_TCP);
		assert_int_equal(packet.payload_bytes, KIND_BYTES);
	}
}

TEST(tunnel_geneve_options_beyond_the_datagram_are_malformed)
{
	build_geneve(0);
	pb_at(&pb, PB_GENEVE, 0)[0] = 63;
	pb_data(&pb, NULL, 300);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(tunnel_geneve_control_or_unknown_is_not_tcp)
{
	build_geneve(0);
	pb_at(&pb, PB_GENEVE, 0)[1] = 0x80;
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
	build_geneve(0);
	pb_at(&pb, PB_GENEVE, 0)[0] = 0x40;
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
	build_geneve(0);
	pb_put16(pb_at(&pb, PB_GENEVE, 0) + 2, 0x88b5);
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

/* ---- GTP-U ---- */

static void build_gtpu(uint8_t flags, const void *more, size_t more_bytes)
{
	outer();
	pb_udp(&pb, 2152, 2152);
	pb_gtpu(&pb, 0x01020304);
	pb_at(&pb, PB_GTPU, 0)[0] = flags;
	pb_data(&pb, more, more_bytes);
	inner();
}

/* Each direction has its own TEID: with the TEID in the key, a connection would have two keys. */
TEST(tunnel_gtpu_teid_is_not_part_of_the_key)
{
	build_gtpu(0x30, NULL, 0);
	assert_int_equal(decode(), WF_DECODE_TCP);
	assert_int_equal(packet.key.vni, 0);
}

TEST(tunnel_gtpu_optional_fields)
{
	static const uint8_t no_chain[4] = {0, 1, 2, 0x85};
	static const uint8_t chain[16] = {0, 1, 0, 0x85, 1, 0, 9, 0xc0, 2, 0, 0, 0, 0, 0, 0, 0};

	build_gtpu(0x32, no_chain, sizeof(no_chain)); /* flag E is 0: type is ignored */
	assert_int_equal(decode(), WF_DECODE_TCP);
	build_gtpu(0x31, no_chain, sizeof(no_chain));
	assert_int_equal(decode(), WF_DECODE_TCP);
	build_gtpu(0x34, chain, sizeof(chain));
	assert_int_equal(decode(), WF_DECODE_TCP);
}

TEST(tunnel_gtpu_extension_chain_that_lies_is_malformed)
{
	static const uint8_t zero[8] = {0, 1, 0, 0x85, 0, 0, 0, 0};
	static const uint8_t beyond[8] = {0, 1, 0, 0x85, 200, 0, 0, 0};
	uint8_t endless[4 + 4 * 20] = {0, 0, 0, 1};

	for (int i = 0; i < 20; i++) {
		endless[4 + 4 * i] = 1;
		endless[7 + 4 * i] = 1;
	}
	build_gtpu(0x34, zero, sizeof(zero));
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
	build_gtpu(0x34, beyond, sizeof(beyond));
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
	build_gtpu(0x34, endless, sizeof(endless));
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(tunnel_gtpu_length_that_lies_is_malformed)
{
	build_gtpu(0x30, NULL, 0);
	pb_put16(pb_at(&pb, PB_GTPU, 0) + 2, 40 + KIND_BYTES + 1);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
	pb_put16(pb_at(&pb, PB_GTPU, 0) + 2, 40 + KIND_BYTES - 1);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(tunnel_gtpu_signalling_or_other_version_is_not_tcp)
{
	build_gtpu(0x30, NULL, 0);
	pb_at(&pb, PB_GTPU, 0)[1] = 1; /* message type echo request */
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
	build_gtpu(0x20, NULL, 0); /* protocol type GTP' */
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
	build_gtpu(0x48, NULL, 0); /* GTP version 2 */
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

/* ---- GRE ---- */

TEST(tunnel_gre_every_set_of_fields)
{
	for (uint16_t bits = 0; bits < 8; bits++) {
		uint16_t flags = (uint16_t)((bits & 1 ? 0x8000 : 0) | (bits & 2 ? 0x2000 : 0) |
					    (bits & 4 ? 0x1000 : 0));

		outer();
		pb_gre(&pb, flags, 77);
		inner();
		assert_int_equal(decode(), WF_DECODE_TCP);
		assert_int_equal(packet.key.vni, bits & 2 ? 77 : 0);
	}
}

TEST(tunnel_gre_routing_or_unknown_version_is_not_tcp)
{
	static const uint16_t flags[] = {0x4000, 0x0002, 0x0007};

	for (int i = 0; i < 3; i++) {
		outer();
		pb_gre(&pb, 0, 0);
		inner();
		pb_put16(pb_at(&pb, PB_GRE, 0), flags[i]);
		assert_int_equal(decode(), WF_DECODE_NOT_TCP);
	}
}

TEST(tunnel_gre_mpls_is_read)
{
	outer();
	pb_gre(&pb, 0, 0);
	pb_mpls(&pb, 100, true);
	inner();
	assert_int_equal(decode(), WF_DECODE_TCP);
}

/* The low byte of NVGRE's key is a flow id, which each end chooses independently. */
TEST(tunnel_nvgre_flow_id_is_not_part_of_the_key)
{
	for (uint32_t flow_id = 0; flow_id < 256; flow_id += 51) {
		outer();
		pb_gre(&pb, 0x2000, 0x00123400 | flow_id);
		pb_ethernet(&pb);
		inner();
		assert_int_equal(decode(), WF_DECODE_TCP);
		assert_int_equal(packet.key.vni, 0x1234);
	}
}

TEST(tunnel_pptp_length_that_lies_is_malformed)
{
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		if (strcmp(decode_kinds[i].name, "pptp"))
			continue;
		decode_kind_build(&decode_kinds[i], &pb);
		pb_put16(pb_at(&pb, PB_GRE, 0) + 4, 4 + 40 + KIND_BYTES + 1);
		assert_int_equal(decode(), WF_DECODE_MALFORMED);
		pb_put16(pb_at(&pb, PB_GRE, 0) + 4, 4 + 40 + KIND_BYTES - 1);
		assert_int_equal(decode(), WF_DECODE_MALFORMED);
		pb_put16(pb_at(&pb, PB_GRE, 0), 0x2081); /* no data, only an ack */
		assert_int_equal(decode(), WF_DECODE_NOT_TCP);
	}
}

/* ---- ERSPAN ---- */

static void build_erspan(unsigned int version, bool truncated, size_t cut_bytes)
{
	uint8_t *ip;

	outer();
	pb_gre(&pb, 0x1000, 0);
	pb_erspan(&pb, version, 1, truncated, false);
	pb_ethernet(&pb);
	inner();
	pb.len_bytes -= cut_bytes;
	ip = pb_at(&pb, PB_IPV4, 0);
	pb_put16(ip + 2, (uint16_t)(pb_get16(ip + 2) - cut_bytes));
	pb_put16(ip + 10, 0);
	pb_put16(ip + 10, (uint16_t)~pb_fold(pb_sum(ip, 20)));
}

/*
 * The ERSPAN header says that the mirror truncated the frame; decode treats it as truncated by the
 * capture.
 */
TEST(tunnel_erspan_truncated_frame_is_a_cut_one)
{
	for (unsigned int version = 1; version <= 2; version++) {
		build_erspan(version, true, 4);
		assert_int_equal(decode(), WF_DECODE_TCP);
		assert_int_equal(packet.payload_bytes, KIND_BYTES);
		assert_int_equal(packet.payload_captured_bytes, KIND_BYTES - 4);
		assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_VERIFY), WF_DECODE_TCP);
	}
}

TEST(tunnel_erspan_short_frame_without_truncation_is_malformed)
{
	for (unsigned int version = 1; version <= 2; version++) {
		build_erspan(version, false, 4);
		assert_int_equal(decode(), WF_DECODE_MALFORMED);
	}
}

/* The original length of the truncated frame is unknown, so nothing can replace the IP length 0. */
TEST(tunnel_erspan_truncated_with_inner_length_zero_is_malformed)
{
	build_erspan(1, true, 0);
	pb_put16(pb_at(&pb, PB_IPV4, 1) + 2, 0);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(tunnel_erspan_of_other_version_or_frame_type_is_not_tcp)
{
	for (unsigned int version = 1; version <= 2; version++) {
		build_erspan(version, false, 0);
		pb_at(&pb, PB_ERSPAN, 0)[0] = 0x70;
		assert_int_equal(decode(), WF_DECODE_NOT_TCP);
	}
	build_erspan(2, false, 0);
	pb_at(&pb, PB_ERSPAN, 0)[10] = 1 << 2;
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}
