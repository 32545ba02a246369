// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_link.c - tests errors and special cases of link layers. test_decode.c tests frames of each
 * kind, whole and truncated.
 */
#include "unit/support/test.h"

#include "unit/support/decode_kinds.h"

static struct packet_builder pb;

static void finish_segment(void)
{
	pb_ip(&pb, KIND_SRC, KIND_DST);
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 40000, .dst_port = 80});
	pb_data(&pb, KIND_DATA, KIND_BYTES);
	pb_finish(&pb);
}

static enum wf_decode_result decode_link(enum weft_link link, struct wf_packet *ret_packet)
{
	struct decoded decoded;
	struct wf_frame frame;

	pb_frame(&pb, 0, &frame);
	frame.link = (uint16_t)link;
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_VERIFY);
	decoded_fini(&decoded);
	*ret_packet = decoded.packet;
	return decoded.result;
}

static enum wf_decode_result decode(void)
{
	return decode_builder(&pb, WEFT_CHECKSUM_VERIFY);
}

TEST(link_family_of_every_system_in_both_orders)
{
	static const uint32_t families6[] = {10, 23, 24, 28, 30};
	struct wf_packet packet;

	for (unsigned int i = 0; i < 5; i++) {
		for (int big = 0; big < 2; big++) {
			for (int loop = 0; loop < 2; loop++) {
				pb_init(&pb);
				pb_family(&pb, families6[i], big);
				pb_ip(&pb, KIND_SRC6, KIND_DST6);
				pb_tcp(&pb, &(struct pb_tcp){.src_port = 1});
				pb_finish(&pb);
				assert_int_equal(decode_link(loop ? WEFT_LINK_LOOP : WEFT_LINK_NULL,
							     &packet),
						 WF_DECODE_TCP);
				assert_int_equal(packet.ip_version, 6);
			}
		}
	}
}

TEST(link_family_unknown_is_not_tcp)
{
	pb_init(&pb);
	pb_family(&pb, 7, false);
	finish_segment();
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

/* The family says IPv4 and the header says IPv6: one of them is wrong. */
TEST(link_family_against_version_is_malformed)
{
	pb_init(&pb);
	pb_family(&pb, 2, false);
	pb_ip(&pb, KIND_SRC6, KIND_DST6);
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 1});
	pb_finish(&pb);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(link_raw_of_no_ip_version_is_not_tcp)
{
	pb_init(&pb);
	finish_segment();
	pb.bytes[0] = 0x55;
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

TEST(link_cooked_small_protocol_is_not_tcp)
{
	pb_init(&pb);
	pb_sll(&pb);
	finish_segment();
	pb_put16(pb.bytes + 14, 4); /* protocol of 802.2 frames without SNAP */
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

/*
 * The cooked header has a length, 1500, instead of an EtherType: decode must not search for a
 * packet behind it, even if it finds a SNAP header there.
 */
TEST(link_cooked_small_protocol_with_snap_is_not_tcp)
{
	pb_init(&pb);
	pb_sll(&pb);
	pb_snap(&pb);
	finish_segment();
	pb_put16(pb.bytes + 14, 1500);
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

TEST(link_five_tags_are_malformed)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	for (int i = 0; i < WEFT_VLAN_DEPTH_MAX + 1; i++)
		pb_vlan(&pb, 0x8100, 1);
	finish_segment();
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

/* Priority and drop bits are not part of the id; a priority tag has VLAN id 0 and is skipped. */
TEST(link_tag_id_has_12_bits)
{
	struct wf_packet packet;

	pb_init(&pb);
	pb_ethernet(&pb);
	pb_vlan(&pb, 0x88a8, 0xe000);
	pb_vlan(&pb, 0x8100, 0xffff);
	finish_segment();
	assert_int_equal(decode_link(WEFT_LINK_ETHERNET, &packet), WF_DECODE_TCP);
	assert_int_equal(packet.key.vlan[0], 0xfff);
	assert_int_equal(packet.key.vlan[1], 0);
}

TEST(link_mpls_stack_up_to_its_limit)
{
	for (int labels = WEFT_MPLS_LABELS_MAX; labels <= WEFT_MPLS_LABELS_MAX + 1; labels++) {
		pb_init(&pb);
		pb_ethernet(&pb);
		for (int i = 1; i <= labels; i++)
			pb_mpls(&pb, 100, i == labels);
		finish_segment();
		assert_int_equal(decode(), labels == WEFT_MPLS_LABELS_MAX ? WF_DECODE_TCP
									  : WF_DECODE_MALFORMED);
	}
}

TEST(link_mpls_upstream_labels_are_read)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_mpls(&pb, 100, true);
	finish_segment();
	pb_put16(pb.bytes + 12, 0x8848);
	assert_int_equal(decode(), WF_DECODE_TCP);
}

TEST(link_mpls_of_unknown_nibble_is_not_tcp)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_mpls(&pb, 100, true);
	pb_data(&pb, "\x10\0\0\0", 4); /* control channel of a pseudowire */
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

static void build_pppoe(void)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_pppoe(&pb, 1);
	pb_ppp(&pb, false);
	finish_segment();
}

TEST(link_pppoe_length_beyond_the_frame_is_malformed)
{
	build_pppoe();
	pb_put16(pb_at(&pb, PB_PPPOE, 0) + 4, (uint16_t)(2 + 40 + KIND_BYTES + 1));
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(link_pppoe_length_short_of_the_datagram_is_malformed)
{
	build_pppoe();
	pb_put16(pb_at(&pb, PB_PPPOE, 0) + 4, (uint16_t)(2 + 40 + KIND_BYTES - 1));
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(link_pppoe_of_other_version_or_code_is_malformed)
{
	build_pppoe();
	pb_at(&pb, PB_PPPOE, 0)[0] = 0x12;
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
	build_pppoe();
	pb_at(&pb, PB_PPPOE, 0)[1] = 9;
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(link_ppp_other_protocols_are_not_tcp)
{
	pb_init(&pb);
	pb_ppp(&pb, true);
	pb_data(&pb, NULL, 40);
	pb_put16(pb.bytes + 2, 0xc021); /* protocol LCP */
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

TEST(link_ppp_compressed_protocol_field_is_read)
{
	struct wf_packet packet;

	pb_init(&pb);
	pb_data(&pb, "\x21", 1);
	finish_segment();
	assert_int_equal(decode_link(WEFT_LINK_PPP, &packet), WF_DECODE_TCP);
	pb_init(&pb);
	pb_data(&pb, "\xff\x03\x21", 3);
	finish_segment();
	assert_int_equal(decode_link(WEFT_LINK_PPP, &packet), WF_DECODE_TCP);
}

TEST(link_ppp_mpls_is_read)
{
	pb_init(&pb);
	pb_ppp(&pb, true);
	pb_mpls(&pb, 3, true);
	finish_segment();
	pb_put16(pb.bytes + 2, 0x0281);
	assert_int_equal(decode(), WF_DECODE_TCP);
}

TEST(link_llc_without_snap_is_not_tcp)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_put16(pb.bytes + 12, 38);
	pb_data(&pb, "\x42\x42\x03", 3); /* LLC header of spanning tree */
	pb_data(&pb, NULL, 43);
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}

static void build_snap(void)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_snap(&pb);
	finish_segment();
}

TEST(link_snap_length_beyond_the_frame_is_malformed)
{
	build_snap();
	pb_put16(pb.bytes + 12, (uint16_t)(8 + 40 + KIND_BYTES + 1));
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(link_snap_length_short_of_the_datagram_is_malformed)
{
	build_snap();
	pb_put16(pb.bytes + 12, (uint16_t)(8 + 40 + KIND_BYTES - 1));
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(link_snap_of_a_length_is_not_tcp)
{
	build_snap();
	pb_put16(pb_at(&pb, PB_SNAP, 0) + 6, 40);
	assert_int_equal(decode(), WF_DECODE_NOT_TCP);
}
