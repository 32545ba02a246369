// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of packet/rss.c: the hash equals the NIC's, and both directions of a connection have one
 * owner in every mode.
 */
#include "unit/support/test.h"

#include <string.h>

#include <weft/limits.h>

#include "decode/decode.h"
#include "packet/rss.h"
#include "unit/support/decode_kinds.h"
#include "unit/support/packet_builder.h"

/* The key of Microsoft's "Verifying the RSS Hash Calculation". */
static const uint8_t published_key[WF_RSS_KEY_BYTES] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static uint8_t symmetric_key[WF_RSS_KEY_BYTES];
static uint32_t entries[512];
static struct wf_rss rss;

static int setup(void **state)
{
	for (uint32_t i = 0; i < WF_RSS_KEY_BYTES; i++)
		symmetric_key[i] = i % 2 ? 0x5a : 0x6d;
	for (uint32_t i = 0; i < 512; i++)
		entries[i] = i % 8;
	return 0;
}

static void init(const uint8_t *key, enum wf_rss_input input, uint32_t workers, bool ports)
{
	const struct wf_rss_opts opts = {
		.key = key,
		.input = input,
		.ports = {ports, ports},
		.entries = entries,
		.entries_count = 512,
		.workers = workers,
	};

	wf_rss_init(&rss, &opts);
}

static struct weft_flow_key key_of(const char *src, uint16_t src_port, const char *dst,
				   uint16_t dst_port)
{
	struct weft_flow_key sorted, key;
	unsigned int at = decode_expected_key(src, src_port, dst, dst_port, &sorted);

	memset(&key, 0, sizeof(key));
	for (unsigned int i = 0; i < 2; i++) {
		memcpy(key.addr[i], sorted.addr[at ^ i], sizeof(key.addr[i]));
		key.port[i] = sorted.port[at ^ i];
	}
	return key;
}

TEST_WITH(rss_hash_is_the_published_one, setup, NULL)
{
	const struct weft_flow_key v4 = key_of("66.9.149.187", 2794, "161.142.100.80", 1766);
	const struct weft_flow_key v6 =
		key_of("3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766);

	init(published_key, WF_RSS_AS_IS, 8, true);
	assert_int_equal(wf_rss_hash(&rss, &v4), 0x51ccc178);
	assert_int_equal(wf_rss_hash(&rss, &v6), 0x40207d3d);
	init(published_key, WF_RSS_AS_IS, 8, false);
	assert_int_equal(wf_rss_hash(&rss, &v4), 0x323e8fc2);
	assert_int_equal(wf_rss_hash(&rss, &v6), 0x2cc18cd5);
}

static void assert_symmetric(const char *a, const char *b)
{
	for (uint16_t port = 1000; port < 1050; port++) {
		const struct weft_flow_key there = key_of(a, port, b, 443);
		const struct weft_flow_key back = key_of(b, 443, a, port);

		assert_int_equal(wf_rss_hash(&rss, &there), wf_rss_hash(&rss, &back));
	}
}

TEST_WITH(rss_symmetric_kinds_give_both_directions_one_hash, setup, NULL)
{
	static const struct {
		const uint8_t *key;
		enum wf_rss_input input;
	} kinds[] = {
		{symmetric_key, WF_RSS_AS_IS},
		{published_key, WF_RSS_XOR},
		{published_key, WF_RSS_OR_XOR},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		init(kinds[i].key, kinds[i].input, 8, true);
		assert_symmetric("10.0.0.1", "192.0.2.77");
		assert_symmetric("2001:db8::1", "2001:db8:5::99");
	}
}

TEST_WITH(rss_place_is_the_worker_of_the_queue_for_any_number, setup, NULL)
{
	for (uint32_t workers = 1; workers <= WEFT_WORKERS_MAX; workers++) {
		init(published_key, WF_RSS_XOR, workers, true);
		for (uint16_t port = 1; port < 200; port++) {
			const struct weft_flow_key key = key_of("10.0.0.1", port, "10.9.8.7", 80);
			uint32_t queue = entries[wf_rss_hash(&rss, &key) % 512];
			uint32_t hash = port * 0x9e3779b1u;
			uint32_t placed = wf_rss_place(&rss, &key, hash);

			assert_int_equal(weft_hash_worker(placed, workers), queue % workers);
			assert_int_equal(placed & 0xffffff, hash & 0xffffff);
			assert_int_equal(wf_rss_place(&rss, &key, placed), placed);
		}
	}
}

static void decode_one(const struct packet_builder *pb, struct wf_decoder *decoder, uint16_t flags,
		       uint32_t *ret_hash, uint32_t *ret_steer)
{
	struct wf_packet packet;
	struct wf_frame frame;

	pb_frame(pb, 1, &frame);
	*ret_steer = wf_decode_steer_hash(decoder, &frame, NULL);
	decoder->rss = NULL;
	frame.hash = wf_decode_steer_hash(decoder, &frame, NULL);
	decoder->rss = &rss;
	frame.flags |= flags;
	wf_decode(decoder, &frame, &packet);
	*ret_hash = packet.hash;
}

TEST_WITH(rss_decode_places_a_flow_alike_in_every_way, setup, NULL)
{
	static struct packet_builder pb;
	struct wf_decoder decoder = {.secret = decode_secret, .rss = &rss};

	init(symmetric_key, WF_RSS_AS_IS, 4, true);
	for (uint16_t port = 1; port < 100; port++) {
		const struct pb_tcp there = {.src_port = port, .dst_port = 80};
		const struct pb_tcp back = {.src_port = 80, .dst_port = port};
		const struct weft_flow_key key = key_of("10.0.0.1", port, "10.0.0.2", 80);
		uint32_t hashes[3][2];

		pb_segment(&pb, "10.0.0.1", "10.0.0.2", &there, "x", 1);
		decode_one(&pb, &decoder, 0, &hashes[0][0], &hashes[0][1]);
		pb_segment(&pb, "10.0.0.2", "10.0.0.1", &back, "x", 1);
		decode_one(&pb, &decoder, WF_FRAME_HASHED, &hashes[1][0], &hashes[1][1]);
		pb_init(&pb);
		pb_ethernet(&pb);
		pb_ip(&pb, "172.16.0.1", "172.16.0.2");
		pb_gre(&pb, 0, 0);
		pb_ip(&pb, "10.0.0.1", "10.0.0.2");
		pb_tcp(&pb, &there);
		pb_finish(&pb);
		decode_one(&pb, &decoder, WF_FRAME_HASHED, &hashes[2][0], &hashes[2][1]);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(hashes[i][0], hashes[0][0]);
			assert_int_equal(hashes[i][1], hashes[0][0]);
		}
		assert_int_equal(weft_hash_worker(hashes[0][0], 4),
				 entries[wf_rss_hash(&rss, &key) % 512] % 4);
	}
}

TEST_WITH(rss_leaves_the_hash_of_fragments, setup, NULL)
{
	static struct packet_builder pb;
	struct wf_decoder decoder = {.secret = decode_secret};
	uint32_t hash, steer;
	struct wf_frame frame;

	init(symmetric_key, WF_RSS_AS_IS, 4, true);
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, "10.0.0.1", "10.0.0.2");
	pb_set_proto(&pb, 6);
	pb_ipv4_set_fragment(&pb, 7, 8, true);
	pb_data(&pb, NULL, 64);
	pb_finish(&pb);
	pb_frame(&pb, 1, &frame);
	steer = wf_decode_steer_hash(&decoder, &frame, NULL);
	decode_one(&pb, &decoder, 0, &hash, &steer);
	assert_int_equal(hash, steer);
	decoder.rss = NULL;
	assert_int_equal(wf_decode_steer_hash(&decoder, &frame, NULL), steer);
}
