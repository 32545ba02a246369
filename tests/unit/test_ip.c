// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_ip.c - decodes IP headers: wrong or missing lengths, options, extension headers, fragments.
 */
#include "unit/support/test.h"

#include <string.h>

#include "unit/support/decode_kinds.h"

enum { BIG_BYTES = 70000 };

static struct packet_builder pb;
static struct wf_packet packet;
static const uint8_t zeroes[BIG_BYTES];

static enum wf_decode_result decode_cut(uint32_t cut_bytes)
{
	struct decoded decoded;
	struct wf_frame frame;

	pb_frame(&pb, 0, &frame);
	frame.cap_bytes -= cut_bytes;
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_IGNORE);
	packet = decoded.packet;
	decoded_fini(&decoded);
	return decoded.result;
}

static enum wf_decode_result decode(void)
{
	return decode_cut(0);
}

static void build(bool ip6, uint32_t payload_bytes)
{
	pb_segment(&pb, ip6 ? KIND_SRC6 : KIND_SRC, ip6 ? KIND_DST6 : KIND_DST,
		   &(struct pb_tcp){.src_port = 1, .dst_port = 2}, zeroes, payload_bytes);
}

static void add_tcp(void)
{
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 1, .dst_port = 2});
	pb_data(&pb, KIND_DATA, KIND_BYTES);
	pb_finish(&pb);
}

/* ---- lengths ---- */

TEST(ip4_total_length_beyond_the_frame_is_malformed)
{
	build(false, 10);
	pb_put16(pb_at(&pb, PB_IPV4, 0) + 2, 51);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
	pb_put16(pb_at(&pb, PB_IPV4, 0) + 2, 65535);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(ip4_total_length_rules_over_the_frame)
{
	build(false, 10);
	for (uint16_t total = 1; total <= 50; total++) {
		pb_put16(pb_at(&pb, PB_IPV4, 0) + 2, total);
		assert_int_equal(decode(), total < 40 ? WF_DECODE_MALFORMED : WF_DECODE_TCP);
		if (total < 40)
			continue;
		assert_int_equal(packet.ip_bytes, total);
		assert_int_equal(packet.payload_bytes, total - 40);
	}
}

TEST(ip4_header_length_too_small_or_too_big_is_malformed)
{
	for (uint8_t words = 0; words < 16; words++) {
		if (words == 5)
			continue;
		build(false, 0);
		pb_at(&pb, PB_IPV4, 0)[0] = 0x40 | words;
		/*
		 * Fewer than 5 words are no IP header. With 6 to 10 words the rest is shorter than
		 * a TCP header; a longer IP header exceeds the datagram.
		 */
		assert_int_equal(decode(), WF_DECODE_MALFORMED);
	}
}

/* The bytes after the first four words of the header look like a valid TCP header. */
TEST(ip4_header_of_four_words_hides_no_segment)
{
	pb_segment(&pb, KIND_SRC, KIND_DST,
		   &(struct pb_tcp){.src_port = 1, .dst_port = 2, .ack = 0x50100000}, zeroes, 10);
	pb_at(&pb, PB_IPV4, 0)[0] = 0x44;
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

/*
 * decode must not read options that were not captured, nor a TCP header that seems to begin within
 * the IP header.
 */
TEST(ip4_options_that_were_not_captured_are_malformed)
{
	static const uint8_t options[40] = {1};

	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ipv4_options(&pb, "80.16.0.1", KIND_DST, options, sizeof(options));
	add_tcp();
	for (uint32_t left = 0; left < 60; left++)
		assert_int_equal(decode_cut((uint32_t)pb.len_bytes - 14 - left),
				 WF_DECODE_MALFORMED);
}

TEST(ip4_options_are_skipped)
{
	uint8_t options[40];

	memset(options, 1, sizeof(options));
	for (uint32_t bytes = 4; bytes <= 40; bytes += 4) {
		pb_init(&pb);
		pb_ethernet(&pb);
		pb_ipv4_options(&pb, KIND_SRC, KIND_DST, options, bytes);
		add_tcp();
		assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_VERIFY), WF_DECODE_TCP);
		assert_int_equal(decode(), WF_DECODE_TCP);
		assert_int_equal(packet.payload_bytes, KIND_BYTES);
	}
}

TEST(ip4_wrong_version_is_malformed)
{
	build(false, 10);
	pb_at(&pb, PB_IPV4, 0)[0] = 0x65;
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(ip6_payload_length_beyond_the_frame_is_malformed)
{
	build(true, 10);
	pb_put16(pb_at(&pb, PB_IPV6, 0) + 4, 31);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(ip6_payload_length_rules_over_the_frame)
{
	build(true, 10);
	for (uint16_t bytes = 0; bytes <= 30; bytes++) {
		pb_put16(pb_at(&pb, PB_IPV6, 0) + 4, bytes);
		assert_int_equal(decode(), bytes < 20 ? WF_DECODE_MALFORMED : WF_DECODE_TCP);
		if (bytes >= 20)
			assert_int_equal(packet.payload_bytes, bytes - 20);
	}
}

/* ---- length 0: the sender's adapter was to cut the segment ---- */

TEST(ip_length_zero_of_big_frame_is_that_of_the_frame)
{
	for (int ip6 = 0; ip6 < 2; ip6++) {
		build(ip6, 3000);
		pb_put16(pb_at(&pb, ip6 ? PB_IPV6 : PB_IPV4, 0) + (ip6 ? 4 : 2), 0);
		assert_int_equal(decode(), WF_DECODE_TCP);
		assert_int_equal(packet.payload_bytes, 3000);
		assert_int_equal(packet.ip_bytes, ip6 ? 3060 : 3040);
	}
}

TEST(ip_length_zero_beyond_64_kib)
{
	for (int ip6 = 0; ip6 < 2; ip6++) {
		build(ip6, BIG_BYTES);
		assert_int_equal(pb_get16(pb_at(&pb, ip6 ? PB_IPV6 : PB_IPV4, 0) + (ip6 ? 4 : 2)),
				 0);
		assert_int_equal(decode(), WF_DECODE_TCP);
		assert_int_equal(packet.payload_bytes, BIG_BYTES);
		assert_int_equal(packet.payload_captured_bytes, BIG_BYTES);
		assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_VERIFY), WF_DECODE_TCP);
	}
}

TEST(ip_length_zero_of_cut_big_frame_knows_the_whole_length)
{
	build(false, 3000);
	pb_put16(pb_at(&pb, PB_IPV4, 0) + 2, 0);
	assert_int_equal(decode_cut(2990), WF_DECODE_TCP);
	assert_int_equal(packet.payload_bytes, 3000);
	assert_int_equal(packet.payload_captured_bytes, 10);
}

/*
 * The sender leaves only segments longer than the MTU for the adapter to split. A receiver on the
 * wire would reject this packet.
 */
TEST(ip_length_zero_of_small_frame_is_malformed)
{
	for (int ip6 = 0; ip6 < 2; ip6++) {
		build(ip6, 1500 - (ip6 ? 60 : 40));
		pb_put16(pb_at(&pb, ip6 ? PB_IPV6 : PB_IPV4, 0) + (ip6 ? 4 : 2), 0);
		assert_int_equal(decode(), WF_DECODE_MALFORMED);
		build(ip6, 1501 - (ip6 ? 60 : 40));
		pb_put16(pb_at(&pb, ip6 ? PB_IPV6 : PB_IPV4, 0) + (ip6 ? 4 : 2), 0);
		assert_int_equal(decode(), WF_DECODE_TCP);
	}
}

/* ---- jumbograms ---- */

/*
 * Builds a jumbogram. @option_bytes: length in the option; @pad: PadN bytes in front of the option.
 */
static void build_jumbo(uint32_t payload_bytes, uint32_t option_bytes, uint32_t pad)
{
	uint8_t body[14] = {0};
	uint32_t at = 0;

	if (pad >= 2) {
		body[0] = 1;
		body[1] = (uint8_t)(pad - 2);
	}
	at = pad;
	body[at] = 0xc2;
	body[at + 1] = 4;
	pb_put32(body + at + 2, option_bytes);
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, KIND_SRC6, KIND_DST6);
	pb_ipv6_ext(&pb, 0, body, at + 6);
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 1, .dst_port = 2});
	pb_data(&pb, zeroes, payload_bytes);
	pb_finish(&pb);
	pb_put16(pb_at(&pb, PB_IPV6, 0) + 4, 0);
}

TEST(ip6_jumbogram_has_the_length_of_its_option)
{
	static const uint32_t pads[] = {0, 1, 8};

	for (unsigned int i = 0; i < 3; i++) {
		build_jumbo(BIG_BYTES, 8 + (pads[i] ? 8 : 0) + 20 + 66000, pads[i]);
		assert_int_equal(decode(), WF_DECODE_TCP);
		assert_int_equal(packet.payload_bytes, 66000);
	}
}

TEST(ip6_jumbogram_beyond_the_frame_is_malformed)
{
	build_jumbo(BIG_BYTES, 8 + 20 + BIG_BYTES + 1, 0);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
	build_jumbo(BIG_BYTES, UINT32_MAX, 0);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
	build_jumbo(BIG_BYTES, UINT32_MAX - 30, 0);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(ip6_jumbo_option_of_small_length_is_malformed)
{
	build_jumbo(3000, 8 + 20 + 3000, 0);
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(ip6_jumbo_option_that_lies_is_as_none)
{
	build_jumbo(3000, 3028, 0);
	pb_at(&pb, PB_IPV6_EXT, 0)[3] = 200;
	assert_int_equal(decode(), WF_DECODE_TCP); /* decode uses the frame's length */
	assert_int_equal(packet.payload_bytes, 3000);
	build_jumbo(100, 128, 0);
	pb_at(&pb, PB_IPV6_EXT, 0)[3] = 200;
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

/* ---- extension headers ---- */

static void begin_ip6(void)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, KIND_SRC6, KIND_DST6);
}

TEST(ip6_extension_longer_than_the_datagram_is_malformed)
{
	static const uint8_t kinds[] = {0, 43, 60, 51};

	for (unsigned int i = 0; i < sizeof(kinds); i++) {
		begin_ip6();
		pb_ipv6_ext(&pb, kinds[i], NULL, 6);
		add_tcp();
		pb_at(&pb, PB_IPV6_EXT, 0)[1] = 50;
		pb_data(&pb, NULL, 1000); /* the TCP header would begin after the datagram's end */
		assert_int_equal(decode(), WF_DECODE_MALFORMED);
	}
}

TEST(ip6_extensions_up_to_their_limit)
{
	for (int count = WEFT_IPV6_EXTENSIONS_MAX; count <= WEFT_IPV6_EXTENSIONS_MAX + 1; count++) {
		begin_ip6();
		for (int i = 0; i < count; i++)
			pb_ipv6_ext(&pb, 60, NULL, 6);
		add_tcp();
		assert_int_equal(decode(), count == WEFT_IPV6_EXTENSIONS_MAX ? WF_DECODE_TCP
									     : WF_DECODE_MALFORMED);
	}
}

TEST(ip4_authentication_headers_up_to_their_limit)
{
	for (int count = WEFT_IPV6_EXTENSIONS_MAX; count <= WEFT_IPV6_EXTENSIONS_MAX + 1; count++) {
		pb_init(&pb);
		pb_ethernet(&pb);
		pb_ip(&pb, KIND_SRC, KIND_DST);
		for (int i = 0; i < count; i++)
			pb_ipv6_ext(&pb, 51, NULL, 10);
		add_tcp();
		assert_int_equal(decode(), count == WEFT_IPV6_EXTENSIONS_MAX ? WF_DECODE_TCP
									     : WF_DECODE_MALFORMED);
	}
}

TEST(ip6_hop_by_hop_options_must_be_first)
{
	begin_ip6();
	pb_ipv6_ext(&pb, 60, NULL, 6);
	pb_ipv6_ext(&pb, 0, NULL, 6);
	add_tcp();
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

TEST(ip6_no_next_header_and_esp_are_not_tcp)
{
	static const uint8_t kinds[] = {59, 50, 58, 132, 253};

	for (unsigned int i = 0; i < sizeof(kinds); i++) {
		begin_ip6();
		pb_ipv6_ext(&pb, 60, NULL, 6);
		pb_set_proto(&pb, kinds[i]);
		pb_data(&pb, zeroes, 100);
		pb_finish(&pb);
		assert_int_equal(decode(), WF_DECODE_NOT_TCP);
	}
}

/* The numbers of IPv6 extension headers are not valid in IPv4. */
TEST(ip4_extension_header_numbers_are_not_tcp)
{
	static const uint8_t kinds[] = {0, 43, 44, 60};

	for (unsigned int i = 0; i < sizeof(kinds); i++) {
		pb_init(&pb);
		pb_ethernet(&pb);
		pb_ip(&pb, KIND_SRC, KIND_DST);
		pb_set_proto(&pb, kinds[i]);
		pb_data(&pb, "\6\0\0\0\0\0\0\0", 8);
		pb_data(&pb, zeroes, 100);
		pb_finish(&pb);
		assert_int_equal(decode(), WF_DECODE_NOT_TCP);
	}
}

/*
 * A routing header with no segments left, or of an unknown type, does not change the destination.
 */
TEST(ip6_route_at_its_end_leaves_the_destination)
{
	uint8_t body[22] = {0, 0};
	struct weft_flow_key key;

	decode_expected_key(KIND_SRC6, 1, KIND_DST6, 2, &key);
	for (uint8_t type = 0; type < 6; type++) {
		body[0] = type;
		body[1] = type == 3 || type == 5 ? 1 : 0;
		begin_ip6();
		pb_ipv6_ext(&pb, 43, body, sizeof(body));
		add_tcp();
		assert_int_equal(decode(), WF_DECODE_TCP);
		assert_memory_equal(&packet.key, &key, sizeof(key));
	}
}

/* ---- fragments ---- */

static void build_fragment4(uint8_t proto, uint32_t off_bytes, bool more)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_vlan(&pb, 0x8100, 9);
	pb_ip(&pb, KIND_DST, KIND_SRC);
	pb_ipv4_set_fragment(&pb, 0xbeef, off_bytes, more);
	pb_set_proto(&pb, proto);
	pb_data(&pb, zeroes, 24);
	pb_finish(&pb);
}

TEST(ip4_fragment_shows_its_datagram_and_place)
{
	struct weft_flow_key key;

	build_fragment4(6, 1480, true);
	pb_data(&pb, NULL, 7); /* Ethernet padding */
	assert_int_equal(decode(), WF_DECODE_FRAGMENT);
	decode_expected_key(KIND_SRC, 0, KIND_DST, 0, &key);
	/* the key is not in canonical order, because a datagram has one direction */
	assert_memory_equal(packet.key.addr[0], key.addr[1], 16);
	assert_memory_equal(packet.key.addr[1], key.addr[0], 16);
	assert_int_equal(packet.key.vlan[0], 9);
	assert_int_equal(packet.key.port[0], 0);
	assert_int_equal(packet.ip_version, 4);
	assert_int_equal(packet.fragment.id, 0xbeef);
	assert_int_equal(packet.fragment.off_bytes, 1480);
	assert_int_equal(packet.fragment.proto, 6);
	assert_int_equal(packet.fragment.header_bytes, 20);
	assert_true(packet.fragment.more);
	assert_int_equal(packet.payload_bytes, 24);
}

TEST(ip4_fragment_hash_is_of_addresses_and_id)
{
	uint64_t word[4];
	uint32_t first;
	uint16_t id;

	build_fragment4(6, 0, true);
	assert_int_equal(decode(), WF_DECODE_FRAGMENT);
	first = packet.hash;
	build_fragment4(6, 1480, false);
	assert_int_equal(decode(), WF_DECODE_FRAGMENT);
	assert_int_equal(packet.hash, first);
	pb_put16(pb_at(&pb, PB_IPV4, 0) + 4, 0xbee0);
	assert_int_equal(decode(), WF_DECODE_FRAGMENT);
	assert_int_not_equal(packet.hash, first);

	/* Computes the hash by the rule in decode.h, which the XDP program uses too. */
	memcpy(word, packet.key.addr, sizeof(word));
	memcpy(&id, pb_at(&pb, PB_IPV4, 0) + 4, sizeof(id));
	assert_int_equal(packet.hash,
			 weft_hash_flow(&decode_secret,
					weft_hash_endpoint(&decode_secret, word[0], word[1], 0),
					weft_hash_endpoint(&decode_secret, word[2], word[3], 0),
					((uint64_t)(9 << 16) << 32) ^ id));
}

TEST(ip4_fragment_only_of_protocols_that_may_carry_tcp)
{
	for (int proto = 0; proto < 256; proto++) {
		bool may = proto == 6 || proto == 17 || proto == 4 || proto == 41 || proto == 47 ||
			   proto == 51;

		build_fragment4((uint8_t)proto, 8, true);
		assert_int_equal(decode(), may ? WF_DECODE_FRAGMENT : WF_DECODE_NOT_TCP);
	}
}

TEST(ip4_fragment_with_wrong_or_no_checksum_is_refused)
{
	build_fragment4(6, 0, true);
	assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_AUTO), WF_DECODE_FRAGMENT);
	pb_put16(pb_at(&pb, PB_IPV4, 0) + 10, 0);
	assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_AUTO), WF_DECODE_CHECKSUM);
	pb_put16(pb_at(&pb, PB_IPV4, 0) + 10, 1);
	assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_VERIFY), WF_DECODE_CHECKSUM);
}

/* The flag "don't fragment" and the reserved bit do not make a packet a fragment. */
TEST(ip4_other_flags_are_no_fragment)
{
	build(false, 10);
	pb_put16(pb_at(&pb, PB_IPV4, 0) + 6, 0xc000);
	assert_int_equal(decode(), WF_DECODE_TCP);
}

TEST(ip4_first_udp_fragment_of_no_tunnel_says_so)
{
	static const uint16_t ports[] = {53, 2152, 4789, 4790, 6081, 8472};

	for (unsigned int i = 0; i < 6; i++) {
		build_fragment4(17, 0, true);
		pb_put16(pb_at(&pb, PB_IPV4, 0) + 22, ports[i]);
		assert_int_equal(decode(), WF_DECODE_FRAGMENT);
		assert_int_equal(packet.fragment.not_tcp, i == 0);
		build_fragment4(17, 8, true);
		pb_put16(pb_at(&pb, PB_IPV4, 0) + 22, ports[i]);
		assert_int_equal(decode(), WF_DECODE_FRAGMENT);
		assert_false(packet.fragment.not_tcp);
	}
}

static void build_fragment6(uint32_t off_bytes, bool more, bool extensions)
{
	begin_ip6();
	if (extensions)
		pb_ipv6_ext(&pb, 0, NULL, 14);
	pb_ipv6_fragment(&pb, 0xdeadbeef, off_bytes, more);
	pb_set_proto(&pb, 6);
	pb_data(&pb, zeroes, 24);
	pb_finish(&pb);
}

TEST(ip6_fragment_shows_its_datagram_and_place)
{
	build_fragment6(1448, true, false);
	assert_int_equal(decode(), WF_DECODE_FRAGMENT);
	assert_int_equal(packet.ip_version, 6);
	assert_int_equal(packet.fragment.id, 0xdeadbeef);
	assert_int_equal(packet.fragment.off_bytes, 1448);
	assert_int_equal(packet.fragment.proto, 6);
	assert_int_equal(packet.fragment.header_bytes, 40);
	assert_int_equal(packet.fragment.next_off, 6);
	assert_true(packet.fragment.more);
	assert_int_equal(packet.payload_bytes, 24);

	build_fragment6(8, false, true);
	assert_int_equal(decode(), WF_DECODE_FRAGMENT);
	assert_int_equal(packet.fragment.header_bytes, 56);
	assert_int_equal(packet.fragment.next_off, 40);
	assert_false(packet.fragment.more);
}

/* RFC 8200, 4.5: a first fragment that lacks headers is dropped. */
TEST(ip6_first_fragment_without_whole_header_is_malformed)
{
	for (uint32_t bytes = 0; bytes <= 32; bytes += 8) {
		begin_ip6();
		pb_ipv6_fragment(&pb, 1, 0, true);
		pb_ipv6_ext(&pb, 60, NULL, 6);
		pb_set_proto(&pb, 6);
		pb_data(&pb, zeroes, bytes);
		pb_finish(&pb);
		assert_int_equal(decode(), bytes >= 20 ? WF_DECODE_FRAGMENT : WF_DECODE_MALFORMED);
	}
}

TEST(ip6_first_fragment_with_chain_beyond_it_is_malformed)
{
	begin_ip6();
	pb_ipv6_fragment(&pb, 1, 0, true);
	pb_ipv6_ext(&pb, 60, NULL, 6);
	pb_finish(&pb);
	pb_at(&pb, PB_IPV6_EXT, 0)[1] = 3;
	assert_int_equal(decode(), WF_DECODE_MALFORMED);
}

/* A fragment within a fragment: the inner one is decoded after the outer datagram is rebuilt. */
TEST(ip6_fragment_header_within_first_fragment_is_a_fragment)
{
	begin_ip6();
	for (int i = 0; i < 10; i++)
		pb_ipv6_fragment(&pb, 1, 0, true);
	pb_set_proto(&pb, 6);
	pb_data(&pb, zeroes, 24);
	pb_finish(&pb);
	assert_int_equal(decode(), WF_DECODE_FRAGMENT);
	assert_int_equal(packet.fragment.proto, 44);
}
