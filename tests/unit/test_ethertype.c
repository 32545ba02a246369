// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_ethertype.c - tests errors and special cases of tags, pseudowires, wireless frames, and link
 * types that contain a length. test_decode.c tests frames of each kind, whole and truncated.
 */
#include "unit/support/test.h"

#include <string.h>

#include "unit/support/decode_kinds.h"

static struct packet_builder pb;
static struct wf_packet packet;

static enum wf_decode_result decode(void)
{
	struct decoded decoded;
	struct wf_frame frame;

	pb_frame(&pb, 0, &frame);
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_VERIFY);
	packet = decoded.packet;
	decoded_fini(&decoded);
	return decoded.result;
}

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

static void inner(const char *src, const char *dst)
{
	pb_ip(&pb, src, dst);
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 40000, .dst_port = 80});
	pb_data(&pb, KIND_DATA, KIND_BYTES);
	pb_finish(&pb);
}

/* Build @kind, change the byte at @off, and decode. */
static enum wf_decode_result decode_changed(const char *kind, size_t off, uint8_t value)
{
	build(kind);
	pb.bytes[off] = value;
	return decode();
}

/* ---- tags ---- */

TEST(ethertype_vendor_tags_up_to_their_limit)
{
	for (int tags = WEFT_TUNNEL_DEPTH_MAX; tags <= WEFT_TUNNEL_DEPTH_MAX + 1; tags++) {
		pb_init(&pb);
		pb_ethernet(&pb);
		for (int i = 0; i < tags; i++)
			pb_tag(&pb, 0x8926, "\0\0\0\0\0\0", 6, 4);
		inner(KIND_SRC, KIND_DST);
		assert_int_equal(decode(), tags == WEFT_TUNNEL_DEPTH_MAX ? WF_DECODE_TCP
									 : WF_DECODE_MALFORMED);
	}
}

TEST(ethertype_cisco_metadata_of_other_version_or_length_is_not_tcp)
{
	assert_int_equal(decode_changed("cisco metadata", 14, 2), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("cisco metadata", 15, 2), WF_DECODE_NOT_TCP);
}

TEST(ethertype_nsh_management_or_unknown_is_not_tcp)
{
	assert_int_equal(decode_changed("nsh ip", 14, 0x2f), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("nsh ip", 14, 0x4f), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("nsh ip", 17, 6), WF_DECODE_NOT_TCP);
}

TEST(ethertype_nsh_length_that_lies_is_malformed)
{
	assert_int_equal(decode_changed("nsh ip", 15, 0xc1), WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("nsh ip", 15, 0xff), WF_DECODE_MALFORMED);
}

/* ---- MACsec ---- */

static void build_macsec(uint8_t flags, uint8_t short_bytes, size_t data_bytes)
{
	uint8_t tag[16] = {flags, short_bytes};

	pb_init(&pb);
	pb_ethernet(&pb);
	if (flags & 0x20)
		pb_tag(&pb, 0x88e5, tag, 16, 14);
	else
		pb_tag(&pb, 0x88e5, tag, 8, 6);
	pb_ip(&pb, KIND_SRC, KIND_DST);
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 40000, .dst_port = 80});
	pb_data(&pb, NULL, data_bytes);
	pb_finish(&pb);
	pb_data(&pb, NULL, 16);
}

TEST(ethertype_macsec_without_encryption_is_read)
{
	build_macsec(0x00, 0, 20);
	assert_int_equal(decode(), WF_DECODE_TCP);
	assert_int_equal(packet.payload_bytes, 20);
	build_macsec(0x20, 0, 20);
	assert_int_equal(decode(), WF_DECODE_TCP);
	build_macsec(0x20, 2 + 40 + 3, 3);
	pb_data(&pb, NULL, 9); /* padding */
	assert_int_equal(decode(), WF_DECODE_TCP);
	assert_int_equal(packet.payload_bytes, 3);
}

TEST(ethertype_macsec_encrypted_or_of_other_version_is_not_tcp)
{
	static const uint8_t flags[] = {0x08, 0x04, 0x0c, 0x2c, 0x80};

	for (size_t i = 0; i < sizeof(flags); i++) {
		build_macsec(flags[i], 0, 20);
		assert_int_equal(decode(), WF_DECODE_NOT_TCP);
	}
}

TEST(ethertype_macsec_without_room_for_its_check_value_is_malformed)
{
	build_macsec(0x20, 0, 20);
	pb.len_bytes -= 1;
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
	build_macsec(0x20, 2 + 40 + 3 - 1, 3);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
	build_macsec(0x20, 2 + 40 + 3 + 1, 3);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

/* ---- pseudowires ---- */

static void build_pseudowire(uint32_t control_word, bool has_word, uint8_t first, bool tagged)
{
	uint8_t word[4];

	pb_init(&pb);
	pb_ethernet(&pb);
	pb_mpls(&pb, 16, true);
	pb_put32(word, control_word);
	if (has_word)
		pb_data(&pb, word, sizeof(word));
	pb_ethernet(&pb);
	pb_at(&pb, PB_ETHERNET, 1)[0] = first;
	pb_at(&pb, PB_ETHERNET, 1)[1] = 0x1b;
	if (tagged)
		pb_vlan(&pb, 0x8100, 7);
	inner(KIND_SRC, KIND_DST);
}

/*
 * The first byte of a host's MAC address is even, so it is never 0x45, the first byte of most IPv4
 * headers.
 */
TEST(ethertype_pseudowire_with_and_without_control_word)
{
	for (int first = 0; first < 256; first += 2) {
		for (int tagged = 0; tagged < 2; tagged++) {
			build_pseudowire(0, false, (uint8_t)first, tagged);
			assert_int_equal(decode(), WF_DECODE_TCP);
			assert_int_equal(packet.key.vlan[0], tagged ? 7 : 0);
			build_pseudowire(0, true, (uint8_t)first, tagged);
			assert_int_equal(decode(), WF_DECODE_TCP);
			assert_int_equal(packet.key.vlan[0], tagged ? 7 : 0);
			build_pseudowire(0x00001234, true, (uint8_t)first, tagged);
			assert_int_equal(decode(), WF_DECODE_TCP);
			assert_int_equal(packet.key.vlan[0], tagged ? 7 : 0);
		}
	}
}

/* Bytes 12 to 14 of these IP packets are part of an address, but look like Ethernet with IPv4. */
TEST(ethertype_mpls_of_ip_is_not_taken_for_ethernet)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_mpls(&pb, 16, true);
	inner("8.0.69.1", "10.0.0.1");
	assert_int_equal(decode(), WF_DECODE_TCP);
	assert_int_equal(packet.ip_version, 4);
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_mpls(&pb, 16, true);
	inner("2001:db8:800:1::1", "2001:db8:800:2::1");
	assert_int_equal(decode(), WF_DECODE_TCP);
	assert_int_equal(packet.ip_version, 6);
}

/* ---- wireless ---- */

TEST(ethertype_wireless_without_a_whole_packet_is_not_tcp)
{
	assert_int_equal(decode_changed("802.11", 0, 0x80), WF_DECODE_NOT_TCP); /* beacon */
	assert_int_equal(decode_changed("802.11", 0, 0x48), WF_DECODE_NOT_TCP); /* no data */
	assert_int_equal(decode_changed("802.11", 1, 0x41), WF_DECODE_NOT_TCP); /* encrypted */
	assert_int_equal(decode_changed("802.11", 1, 0x05), WF_DECODE_NOT_TCP); /* fragments */
	assert_int_equal(decode_changed("802.11", 22, 0x01), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("802.11 qos", 30, 0x80), WF_DECODE_NOT_TCP); /* A-MSDU */
}

TEST(ethertype_radiotap_length_that_lies_is_malformed)
{
	assert_int_equal(decode_changed("radiotap padded", 2, 7), WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("radiotap padded", 3, 1), WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("radiotap padded", 0, 1), WF_DECODE_MALFORMED);
}

/* ---- links ---- */

TEST(ethertype_nflog_length_that_lies_is_malformed)
{
	assert_int_equal(decode_changed("nflog little endian", 4, 3), WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("nflog little endian", 4, 255), WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("nflog little endian", 12, 4 + 40 + KIND_BYTES + 1),
			 WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("nflog little endian", 12, 4 + 40 + KIND_BYTES - 1),
			 WF_DECODE_MALFORMED);
}

TEST(ethertype_nflog_of_a_bridge_is_not_tcp)
{
	assert_int_equal(decode_changed("nflog little endian", 0, 7), WF_DECODE_NOT_TCP);
}

TEST(ethertype_pktap_that_lies_is_malformed_or_not_tcp)
{
	assert_int_equal(decode_changed("pktap", 0, 11), WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("pktap", 2, 1), WF_DECODE_MALFORMED);
	assert_int_equal(decode_changed("pktap", 4, 0), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("pktap", 9, 1), WF_DECODE_NOT_TCP);
}

TEST(ethertype_cisco_hdlc_of_other_address_is_not_tcp)
{
	assert_int_equal(decode_changed("cisco hdlc", 0, 0x10), WF_DECODE_NOT_TCP);
	assert_int_equal(decode_changed("cisco hdlc", 0, 0x8f), WF_DECODE_TCP);
}
