// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_decode.c - decodes frames of every kind, whole, truncated at any byte, and with wrong
 * lengths; checks keys and hashes.
 */
#include "unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/support/decode_kinds.h"

static struct packet_builder pb;

static void build_plain(const char *src, uint16_t src_port, const char *dst, uint16_t dst_port)
{
	pb_segment(&pb, src, dst, &(struct pb_tcp){.src_port = src_port, .dst_port = dst_port},
		   KIND_DATA, KIND_BYTES);
}

static void assert_segment(const struct decode_kind *kind, const struct decoded *decoded)
{
	const struct wf_packet *packet = &decoded->packet;
	struct weft_flow_key key;
	unsigned int src = decode_expected_key(kind->ip6 ? KIND_SRC6 : KIND_SRC, 40000,
					       kind->ip6 ? KIND_DST6 : KIND_DST, 80, &key);

	memcpy(key.vlan, kind->vlan, sizeof(key.vlan));
	key.vni = kind->vni;
	assert_int_equal(decoded->result, WF_DECODE_TCP);
	assert_memory_equal(&packet->key, &key, sizeof(key));
	assert_int_equal(packet->src, src);
	assert_int_equal(packet->ip_version, kind->ip6 ? 6 : 4);
	assert_int_equal(packet->seq, 1000);
	assert_int_equal(packet->ack, 2000);
	assert_int_equal(packet->tcp_flags, WF_TCP_PSH | WF_TCP_ACK);
	assert_int_equal(packet->window, 64240);
	assert_int_equal(packet->options, 0);
	assert_int_equal(packet->payload_bytes, KIND_BYTES);
	assert_int_equal(packet->payload_captured_bytes, KIND_BYTES);
	assert_memory_equal(packet->payload, KIND_DATA, KIND_BYTES);
}

TEST(decode_every_kind_gives_the_inner_segment)
{
	static const enum weft_checksum modes[] = {WEFT_CHECKSUM_AUTO, WEFT_CHECKSUM_VERIFY,
						   WEFT_CHECKSUM_IGNORE};
	struct decoded decoded;
	struct wf_frame frame;

	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		for (unsigned int m = 0; m < 3; m++) {
			decode_kind_build(&decode_kinds[i], &pb);
			pb_frame(&pb, 77, &frame);
			decoded_init(&decoded, &frame, modes[m]);
			assert_segment(&decode_kinds[i], &decoded);
			assert_int_equal(decoded.packet.time_ns, 77);
			decoded_fini(&decoded);
		}
	}
}

/* Bytes behind the IP datagram, such as padding or a trailing checksum, are not data. */
TEST(decode_bytes_behind_the_datagram_are_not_data)
{
	struct decoded decoded;
	struct wf_frame frame;

	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		decode_kind_build(&decode_kinds[i], &pb);
		pb_data(&pb, "XXXXXXXXXXXXXXXXXXXXXXX", 23);
		pb_frame(&pb, 77, &frame);
		decoded_init(&decoded, &frame, WEFT_CHECKSUM_VERIFY);
		assert_segment(&decode_kinds[i], &decoded);
		decoded_fini(&decoded);
	}
}

/*
 * Truncates each kind at each byte, as a snap length does: the result is a segment whose payload
 * has its whole length and the captured bytes, or no segment if the TCP header is not whole.
 */
TEST(decode_cut_at_every_byte_never_yields_more)
{
	struct decoded decoded;
	struct wf_frame frame;

	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		decode_kind_build(&decode_kinds[i], &pb);
		pb_frame(&pb, 77, &frame);
		for (uint32_t cap = 0; cap < frame.wire_bytes; cap++) {
			uint32_t missing = frame.wire_bytes - cap;

			frame.cap_bytes = cap;
			decoded_init(&decoded, &frame, WEFT_CHECKSUM_VERIFY);
			if (missing > KIND_BYTES + 20) {
				assert_int_not_equal(decoded.result, WF_DECODE_TCP);
			} else if (missing <= KIND_BYTES) {
				assert_int_equal(decoded.result, WF_DECODE_TCP);
				assert_int_equal(decoded.packet.payload_bytes, KIND_BYTES);
				assert_int_equal(decoded.packet.payload_captured_bytes,
						 KIND_BYTES - missing);
			} else {
				assert_int_equal(decoded.result, WF_DECODE_MALFORMED);
			}
			decoded_fini(&decoded);
		}
	}
}

/* The frame was already short on the wire, so some header has a wrong length. */
TEST(decode_shortened_at_every_byte_is_not_tcp)
{
	struct decoded decoded;
	struct wf_frame frame;

	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		decode_kind_build(&decode_kinds[i], &pb);
		pb_frame(&pb, 77, &frame);
		for (uint32_t bytes = 0; bytes < pb.len_bytes; bytes++) {
			frame.cap_bytes = bytes;
			frame.wire_bytes = bytes;
			decoded_init(&decoded, &frame, WEFT_CHECKSUM_IGNORE);
			assert_int_not_equal(decoded.result, WF_DECODE_TCP);
			decoded_fini(&decoded);
		}
	}
}

/* Flips bits of each byte by each of several masks; only ASan and the invariants detect errors. */
TEST(decode_any_changed_byte_keeps_the_invariants)
{
	static const uint8_t masks[] = {0x01, 0x10, 0x40, 0x80, 0xff};
	struct decoded decoded;
	struct wf_frame frame;

	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		decode_kind_build(&decode_kinds[i], &pb);
		pb_frame(&pb, 77, &frame);
		for (size_t at = 0; at < pb.len_bytes; at++) {
			for (unsigned int m = 0; m < sizeof(masks); m++) {
				pb.bytes[at] ^= masks[m];
				decoded_init(&decoded, &frame, WEFT_CHECKSUM_IGNORE);
				decoded_fini(&decoded);
				pb.bytes[at] ^= masks[m];
			}
		}
	}
}

static void assert_key(const char *src, uint16_t src_port, const char *dst, uint16_t dst_port)
{
	struct weft_flow_key key;
	unsigned int at = decode_expected_key(src, src_port, dst, dst_port, &key);
	struct decoded there, back;
	struct wf_frame frame;

	build_plain(src, src_port, dst, dst_port);
	pb_frame(&pb, 0, &frame);
	decoded_init(&there, &frame, WEFT_CHECKSUM_VERIFY);
	build_plain(dst, dst_port, src, src_port);
	pb_frame(&pb, 0, &frame);
	decoded_init(&back, &frame, WEFT_CHECKSUM_VERIFY);

	assert_memory_equal(&there.packet.key, &key, sizeof(key));
	assert_memory_equal(&back.packet.key, &key, sizeof(key));
	assert_int_equal(there.packet.src, at);
	if (strcmp(src, dst) || src_port != dst_port)
		assert_int_equal(back.packet.src, !at);
	assert_int_equal(there.packet.hash, back.packet.hash);
	decoded_fini(&there);
	decoded_fini(&back);
}

TEST(decode_key_is_that_of_both_directions)
{
	assert_key("10.0.0.1", 80, "10.0.0.2", 80);
	assert_key("10.0.0.2", 80, "10.0.0.1", 90);
	assert_key("10.0.0.1", 0x0102, "10.0.0.1", 0x0201);
	assert_key("10.0.0.1", 80, "10.0.0.1", 80);
	assert_key("1.0.0.2", 80, "2.0.0.1", 80);
	assert_key("255.0.0.1", 1, "1.0.0.255", 65535);
	assert_key("2001:db8::1", 1, "2001:db8::2", 1);
	assert_key("2001:db8:0:ff::", 1, "2001:db8:0:1::ffff", 1);
	assert_key("ff::1", 1, "fe::ffff", 2);
	assert_key("::1", 4000, "::1", 80);
}

TEST(decode_key_random_endpoints_match_memcmp_order)
{
	unsigned int seed = 7;

	for (int i = 0; i < 2000; i++) {
		char a[64], b[64];
		uint16_t pa = (uint16_t)(rand_r(&seed) % 3), pb_ = (uint16_t)(rand_r(&seed) % 3);

		snprintf(a, sizeof(a), "%d.0.0.%d", 1 + rand_r(&seed) % 2, rand_r(&seed) % 3);
		snprintf(b, sizeof(b), "%d.0.0.%d", 1 + rand_r(&seed) % 2, rand_r(&seed) % 3);
		assert_key(a, pa, b, pb_);
		snprintf(a, sizeof(a), "%d::%d", 1 + rand_r(&seed) % 2, rand_r(&seed) % 3);
		snprintf(b, sizeof(b), "%d::%d", 1 + rand_r(&seed) % 2, rand_r(&seed) % 3);
		assert_key(a, pa, b, pb_);
	}
}

static uint32_t hash_of_builder(void)
{
	struct decoded decoded;
	struct wf_frame frame;

	pb_frame(&pb, 0, &frame);
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_IGNORE);
	assert_int_equal(decoded.result, WF_DECODE_TCP);
	decoded_fini(&decoded);
	return decoded.packet.hash;
}

/* Computes the hash by the rule in decode.h, which the XDP program uses too. */
TEST(decode_hash_is_of_endpoints_and_tenant)
{
	struct weft_flow_key key;
	uint64_t word[4], end[2];

	decode_expected_key(KIND_SRC, 40000, KIND_DST, 80, &key);
	memcpy(word, key.addr, sizeof(word));
	end[0] = weft_hash_endpoint(&decode_secret, word[0], word[1], key.port[0]);
	end[1] = weft_hash_endpoint(&decode_secret, word[2], word[3], key.port[1]);
	decode_kind_build(&decode_kinds[4], &pb);
	assert_int_equal(hash_of_builder(), weft_hash_flow(&decode_secret, end[0], end[1],
							   (uint64_t)(100u << 16 | 200) << 32));
}

TEST(decode_hash_differs_by_vlan_and_vni)
{
	uint32_t hashes[3];

	build_plain(KIND_SRC, 40000, KIND_DST, 80);
	hashes[0] = hash_of_builder();
	decode_kind_build(&decode_kinds[2], &pb);
	hashes[1] = hash_of_builder();
	decode_kind_build(&decode_kinds[4], &pb);
	hashes[2] = hash_of_builder();
	assert_int_not_equal(hashes[0], hashes[1]);
	assert_int_not_equal(hashes[0], hashes[2]);
	assert_int_not_equal(hashes[1], hashes[2]);
}

TEST(decode_hashed_frame_keeps_its_hash)
{
	struct decoded decoded;
	struct wf_frame frame;

	build_plain(KIND_SRC, 1, KIND_DST, 2);
	pb_frame(&pb, 0, &frame);
	frame.flags = WF_FRAME_HASHED;
	frame.hash = 0xfeedf00d;
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_AUTO);
	assert_int_equal(decoded.packet.hash, 0xfeedf00d);
	decoded_fini(&decoded);
}

TEST(decode_context_of_the_frame_enters_the_key)
{
	struct decoded decoded;
	struct wf_frame frame;

	pb_init(&pb);
	pb_ip(&pb, KIND_SRC, KIND_DST);
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 1});
	pb_finish(&pb);
	pb_frame(&pb, 0, &frame);
	frame.vlan[0] = 12;
	frame.vlan[1] = 13;
	frame.vni = 14;
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_AUTO);
	assert_int_equal(decoded.packet.key.vlan[0], 12);
	assert_int_equal(decoded.packet.key.vlan[1], 13);
	assert_int_equal(decoded.packet.key.vni, 14);
	decoded_fini(&decoded);
}

/* A tag that the hardware removed is the outer tag; a tag in the frame is the inner one. */
TEST(decode_tag_in_frame_follows_the_stripped_one)
{
	struct decoded decoded;
	struct wf_frame frame;

	decode_kind_build(&decode_kinds[2], &pb);
	pb_frame(&pb, 0, &frame);
	frame.vlan[0] = 12;
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_AUTO);
	assert_int_equal(decoded.packet.key.vlan[0], 12);
	assert_int_equal(decoded.packet.key.vlan[1], 42);
	decoded_fini(&decoded);
}

TEST(decode_wire_bytes_below_captured_counts_as_captured)
{
	struct decoded decoded;
	struct wf_frame frame;

	build_plain(KIND_SRC, 1, KIND_DST, 2);
	pb_frame(&pb, 0, &frame);
	frame.wire_bytes = 3;
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_AUTO);
	assert_int_equal(decoded.result, WF_DECODE_TCP);
	assert_int_equal(decoded.packet.payload_captured_bytes, KIND_BYTES);
	decoded_fini(&decoded);
}

TEST(decode_arp_and_unknown_types_are_not_tcp)
{
	static const uint16_t types[] = {0x0806, 0x0000, 0x0500, 0x05dd, 0x88cc, 0xffff};

	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		pb_init(&pb);
		pb_ethernet(&pb);
		pb_put16(pb.bytes + 12, types[i]);
		pb_data(&pb, NULL, 46);
		assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_AUTO), WF_DECODE_NOT_TCP);
	}
}

TEST(decode_unknown_link_is_malformed)
{
	struct decoded decoded;
	struct wf_frame frame;

	build_plain(KIND_SRC, 1, KIND_DST, 2);
	pb_frame(&pb, 0, &frame);
	frame.link = 200;
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_AUTO);
	assert_int_equal(decoded.result, WF_DECODE_MALFORMED);
	decoded_fini(&decoded);
}
