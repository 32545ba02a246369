// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_checksum.c - computes checksums, and tests which checksums each mode accepts.
 */
#include "unit/support/test.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "decode/checksum.h"
#include "unit/support/decode_kinds.h"

static struct packet_builder pb;

/* ---- the sum ---- */

TEST(checksum_sum_any_length_and_alignment_equals_slow_sum)
{
	unsigned int seed = 1;

	for (uint32_t len = 0; len < 600; len++) {
		for (uint32_t at = 0; at < 8; at++) {
			uint8_t *bytes = malloc(at + len + 1);

			for (uint32_t i = 0; i < at + len; i++)
				bytes[i] = (uint8_t)(rand_r(&seed) >> 3);
			assert_int_equal(wf_checksum_fold(wf_checksum_sum(bytes + at, len)),
					 be16toh(pb_fold(pb_sum(bytes + at, len))));
			free(bytes);
		}
	}
}

/* Nearly every addition carries, and there are more bytes than in any datagram. */
TEST(checksum_sum_all_ones_never_overflows)
{
	uint32_t len = 1 << 20;
	uint8_t *bytes = malloc(len);

	memset(bytes, 0xff, len);
	assert_int_equal(wf_checksum_fold(wf_checksum_sum(bytes, len)), 0xffff);
	assert_int_equal(wf_checksum_fold(wf_checksum_sum(bytes, len - 1)), be16toh(0xff00));
	free(bytes);
}

TEST(checksum_fold_of_the_largest_sums)
{
	assert_int_equal(wf_checksum_fold(0), 0);
	assert_int_equal(wf_checksum_fold(UINT64_MAX), 0xffff);
	assert_int_equal(wf_checksum_fold(0xffff0001ffff0001ull), 2);
	assert_int_equal(wf_checksum_fold(0x10000), 1);
}

/* ---- what a mode accepts ---- */

enum tcp_sum {
	TCP_RIGHT = 0,
	TCP_PARTIAL,
	TCP_PARTIAL_COMPLEMENTED, /* complement of the pseudo header's sum */
	TCP_PARTIAL_OFF_BY_ONE,
	TCP_ZERO,
	TCP_WRONG,
};
#define TCP_SUM_COUNT (TCP_WRONG + 1)

enum ip_sum { IP_RIGHT = 0, IP_ZERO, IP_WRONG };
#define IP_SUM_COUNT (IP_WRONG + 1)

static uint16_t pseudo_sum(bool ip6, size_t tcp_bytes)
{
	const uint8_t *addrs = ip6 ? pb_at(&pb, PB_IPV6, 0) + 8 : pb_at(&pb, PB_IPV4, 0) + 12;

	return pb_fold(pb_sum(addrs, ip6 ? 32 : 8) + 6 + tcp_bytes);
}

static void build_sums(bool ip6, enum tcp_sum tcp_sum, enum ip_sum ip_sum)
{
	uint16_t pseudo;
	uint8_t *field;

	pb_segment(&pb, ip6 ? KIND_SRC6 : KIND_SRC, ip6 ? KIND_DST6 : KIND_DST,
		   &(struct pb_tcp){.src_port = 1, .dst_port = 2}, KIND_DATA, KIND_BYTES);
	field = pb_at(&pb, PB_TCP, 0) + 16;
	pseudo = pseudo_sum(ip6, 20 + KIND_BYTES);
	switch (tcp_sum) {
	case TCP_RIGHT:
		break;
	case TCP_PARTIAL:
		pb_put16(field, pseudo);
		break;
	case TCP_PARTIAL_COMPLEMENTED:
		pb_put16(field, (uint16_t)~pseudo);
		break;
	case TCP_PARTIAL_OFF_BY_ONE:
		pb_put16(field, (uint16_t)(pseudo + 1));
		break;
	case TCP_ZERO:
		pb_put16(field, 0);
		break;
	case TCP_WRONG:
		field[0] ^= 0x40;
		break;
	}
	if (!ip6 && ip_sum != IP_RIGHT)
		pb_put16(pb_at(&pb, PB_IPV4, 0) + 10, ip_sum == IP_ZERO ? 0 : 0x1234);
}

/* The mode auto marks a wrong segment instead of rejecting it; both count as CHECKSUM here. */
static enum wf_decode_result result_of(const struct decoded *decoded, enum weft_checksum mode)
{
	bool is_marked =
		decoded->result == WF_DECODE_TCP && decoded->packet.checksum == WF_CHECKSUM_WRONG;

	if (is_marked)
		assert_int_equal(mode, WEFT_CHECKSUM_AUTO);
	if (decoded->result == WF_DECODE_CHECKSUM)
		assert_int_not_equal(mode, WEFT_CHECKSUM_AUTO);
	return is_marked ? WF_DECODE_CHECKSUM : decoded->result;
}

static enum wf_decode_result decode_sums(enum weft_checksum mode, uint16_t frame_flags)
{
	struct decoded decoded;
	struct wf_frame frame;

	pb_frame(&pb, 0, &frame);
	frame.flags = frame_flags;
	decoded_init(&decoded, &frame, mode);
	decoded_fini(&decoded);
	return result_of(&decoded, mode);
}

static bool should_accept(enum weft_checksum mode, bool own, enum tcp_sum tcp, enum ip_sum ip)
{
	bool lenient = mode == WEFT_CHECKSUM_AUTO || own;

	if (mode == WEFT_CHECKSUM_IGNORE)
		return true;
	if (ip == IP_WRONG)
		return false;
	if (ip == IP_ZERO)
		return lenient && tcp == TCP_PARTIAL;
	return tcp == TCP_RIGHT || (tcp == TCP_PARTIAL && lenient);
}

static void check_matrix(bool ip6)
{
	static const enum weft_checksum modes[] = {WEFT_CHECKSUM_AUTO, WEFT_CHECKSUM_VERIFY,
						   WEFT_CHECKSUM_IGNORE};

	for (int m = 0; m < 3; m++)
		for (int own = 0; own < 2; own++)
			for (int tcp = 0; tcp < TCP_SUM_COUNT; tcp++)
				for (int ip = 0; ip < (ip6 ? 1 : IP_SUM_COUNT); ip++) {
					build_sums(ip6, (enum tcp_sum)tcp, (enum ip_sum)ip);
					assert_int_equal(decode_sums(modes[m],
								     own ? WF_FRAME_TX_OFFLOAD : 0),
							 should_accept(modes[m], own,
								       (enum tcp_sum)tcp,
								       (enum ip_sum)ip)
								 ? WF_DECODE_TCP
								 : WF_DECODE_CHECKSUM);
				}
}

TEST(checksum_matrix_ipv4)
{
	check_matrix(false);
}

TEST(checksum_matrix_ipv6)
{
	check_matrix(true);
}

TEST(checksum_any_flipped_bit_of_a_segment_is_found)
{
	pb_segment(&pb, KIND_SRC, KIND_DST, &(struct pb_tcp){.src_port = 1, .dst_port = 2},
		   KIND_DATA, KIND_BYTES);
	for (size_t at = 26; at < pb.len_bytes; at++) {
		for (int bit = 0; bit < 8; bit++) {
			pb.bytes[at] ^= (uint8_t)(1 << bit);
			assert_int_not_equal(decode_sums(WEFT_CHECKSUM_VERIFY, 0), WF_DECODE_TCP);
			pb.bytes[at] ^= (uint8_t)(1 << bit);
		}
	}
}

/* The cut-off bytes could make the sum correct, so the checksum is not judged. */
TEST(checksum_of_cut_segment_is_not_held_against_it)
{
	struct decoded decoded;
	struct wf_frame frame;

	build_sums(false, TCP_WRONG, IP_RIGHT);
	pb_frame(&pb, 0, &frame);
	frame.cap_bytes -= 1;
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_VERIFY);
	assert_int_equal(decoded.result, WF_DECODE_TCP);
	decoded_fini(&decoded);
}

/* The IP header was captured as a whole, so its checksum is still verified. */
TEST(checksum_of_ip_header_in_cut_frame_is_verified)
{
	struct decoded decoded;
	struct wf_frame frame;

	build_sums(false, TCP_RIGHT, IP_WRONG);
	pb_frame(&pb, 0, &frame);
	frame.cap_bytes -= 1;
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_AUTO);
	assert_int_equal(result_of(&decoded, WEFT_CHECKSUM_AUTO), WF_DECODE_CHECKSUM);
	decoded_fini(&decoded);
}

TEST(checksum_wrong_outer_ip_header_is_found)
{
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		if (strcmp(decode_kinds[i].name, "vxlan") && strcmp(decode_kinds[i].name, "gre"))
			continue;
		decode_kind_build(&decode_kinds[i], &pb);
		pb_at(&pb, PB_IPV4, 0)[8]--;
		assert_int_equal(decode_sums(WEFT_CHECKSUM_AUTO, 0), WF_DECODE_CHECKSUM);
		assert_int_equal(decode_sums(WEFT_CHECKSUM_IGNORE, 0), WF_DECODE_TCP);
	}
}

/* The checksum of the IP header covers its options. */
TEST(checksum_covers_ipv4_options)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ipv4_options(&pb, KIND_SRC, KIND_DST, "\x94\x04\0\0", 4);
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 1});
	pb_finish(&pb);
	assert_int_equal(decode_sums(WEFT_CHECKSUM_VERIFY, 0), WF_DECODE_TCP);
	pb_at(&pb, PB_IPV4, 0)[23] = 1;
	assert_int_equal(decode_sums(WEFT_CHECKSUM_VERIFY, 0), WF_DECODE_CHECKSUM);
}

/*
 * A segment that the adapter was to split: its IP length is 0, and its checksum is the pseudo
 * header's sum with the length (Linux) or without it (Windows).
 */
TEST(checksum_auto_takes_both_partial_sums_of_offloaded_segment)
{
	static const uint8_t data[3000];
	uint8_t *ip, *field;

	pb_segment(&pb, KIND_SRC, KIND_DST, &(struct pb_tcp){.src_port = 1}, data, sizeof(data));
	ip = pb_at(&pb, PB_IPV4, 0);
	field = pb_at(&pb, PB_TCP, 0) + 16;
	pb_put16(ip + 2, 0);
	pb_put16(ip + 10, 0);

	pb_put16(field, pseudo_sum(false, 20 + sizeof(data)));
	assert_int_equal(decode_sums(WEFT_CHECKSUM_AUTO, 0), WF_DECODE_TCP);
	pb_put16(field, pseudo_sum(false, 0));
	assert_int_equal(decode_sums(WEFT_CHECKSUM_AUTO, 0), WF_DECODE_TCP);
	assert_int_equal(decode_sums(WEFT_CHECKSUM_VERIFY, 0), WF_DECODE_CHECKSUM);
	assert_int_equal(decode_sums(WEFT_CHECKSUM_VERIFY, WF_FRAME_TX_OFFLOAD), WF_DECODE_TCP);
	pb_put16(field, pseudo_sum(false, 1));
	assert_int_equal(decode_sums(WEFT_CHECKSUM_AUTO, 0), WF_DECODE_CHECKSUM);
}

/* If the IP length is not 0, a pseudo-header sum without the length is wrong. */
TEST(checksum_partial_without_length_needs_ip_length_zero)
{
	build_sums(false, TCP_RIGHT, IP_RIGHT);
	pb_put16(pb_at(&pb, PB_TCP, 0) + 16, pseudo_sum(false, 0));
	assert_int_equal(decode_sums(WEFT_CHECKSUM_AUTO, 0), WF_DECODE_CHECKSUM);
}

/* The pseudo header and the key both have the final destination of the route (RFC 8200, 8.1). */
static void check_route(uint8_t type, unsigned int final_index, uint8_t left)
{
	uint8_t body[6 + 32] = {type, left};
	struct weft_flow_key key;
	struct decoded decoded;
	struct wf_frame frame;
	uint8_t final[16];

	if (type == 4)
		body[2] = 1; /* index of the last entry */
	decode_expected_key(KIND_SRC6, 1, KIND_DST6, 2, &key);
	memcpy(final, key.addr[1], 16);
	memcpy(body + 6 + 16 * final_index, final, 16);
	body[6 + 16 * !final_index] = 0x20;

	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, KIND_SRC6, KIND_DST6);
	pb_ipv6_ext(&pb, 43, body, sizeof(body));
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 1, .dst_port = 2});
	pb_finish(&pb);
	pb_at(&pb, PB_IPV6, 0)[39] = 0x77; /* the next hop of the route */
	pb_frame(&pb, 0, &frame);
	frame.flags = WF_FRAME_HASHED;
	frame.hash = 1;
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_VERIFY);
	assert_int_equal(decoded.result, WF_DECODE_TCP);
	assert_memory_equal(&decoded.packet.key, &key, sizeof(key));
	assert_int_equal(decoded.packet.hash, 1); /* the XDP program reads routing headers too */
	decoded_fini(&decoded);
}

TEST(checksum_and_key_have_the_final_destination_of_a_route)
{
	check_route(0, 1, 1);
	check_route(2, 1, 2);
	check_route(4, 0, 1);
}
