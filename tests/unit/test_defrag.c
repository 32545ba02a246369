// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_defrag.c - datagrams from fragments in any order, with duplicates, overlaps, lies, at
 * limits.
 *
 * Every test ends with all pages and fragments given back and the ledger closed.
 */
#include "unit/support/cmocka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "decode/defrag.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "memory/slab.h"
#include "metrics/metrics.h"
#include "unit/support/decode_kinds.h"

enum { DATA_BYTES = 4000, SEGMENT_BYTES = 20 + DATA_BYTES };

struct bench {
	struct wf_metrics metrics;
	struct wf_arena *arena;
	struct wf_page_pool *pages;
	struct wf_defrag *defrag;
	struct wf_defrag_opts opts;
	struct wf_frame rebuilt; /* of the last add() that gave one */
	uint64_t now_ns;
	uint16_t id;
	bool ip6;
	enum weft_checksum checksum;
	uint8_t *mapped[64]; /* owned; frames that "lie in a file" */
	unsigned int mapped_count;
};

static struct packet_builder pb;
static struct packet_builder whole; /* the datagram that fragments are cut from */

#define metric(bench, name) wf_metric_get(&(bench)->metrics, name)

/* ---- bench ---- */

static void open_defrag(struct bench *bench)
{
	assert_int_equal(wf_defrag_new(&bench->opts, &bench->defrag), 0);
}

static int setup(void **state)
{
	struct wf_page_pool_opts pool_opts = {
		.small_bytes = 256,
		.medium_bytes = 1500,
		.large_bytes = 9000,
		.frame_bytes = 4096,
		.frames = 16,
	};
	struct bench *bench = aligned_alloc(WF_CACHE_LINE, sizeof(*bench));

	memset(bench, 0, sizeof(*bench));
	assert_int_equal(wf_arena_new(32u << 20, &bench->arena), 0);
	assert_int_equal(wf_page_pool_new(bench->arena, &pool_opts, &bench->metrics, &bench->pages),
			 0);
	bench->opts = (struct wf_defrag_opts){
		.arena = bench->arena,
		.pages = bench->pages,
		.metrics = &bench->metrics,
		.seed = 0x1234567812345678ull,
		.datagrams_max = 64,
		.fragments_max = 1024,
		.per_datagram_max = WEFT_FRAGMENTS_PER_DATAGRAM_MAX,
		.timeout_ms = WEFT_FRAGMENT_TIMEOUT_MS,
	};
	open_defrag(bench);
	bench->now_ns = 1000 * WF_NS_PER_SEC;
	bench->id = 1;
	bench->checksum = WEFT_CHECKSUM_VERIFY;
	*state = bench;
	return 0;
}

static int setup6(void **state)
{
	setup(state);
	((struct bench *)*state)->ip6 = true;
	return 0;
}

static void drop_rebuilt(struct bench *bench)
{
	wf_page_put(bench->rebuilt.page);
	bench->rebuilt.page = NULL;
}

static void assert_ledgers_close(const struct bench *bench)
{
	for (const struct weft_ledger *ledger = weft_ledgers(); ledger->name; ledger++) {
		uint64_t sum = 0;

		if (strcmp(ledger->name, "fragments"))
			continue;
		for (const char *const *part = ledger->parts; *part; part++)
			sum += wf_metrics_find(&bench->metrics, *part);
		assert_int_equal(sum, wf_metrics_find(&bench->metrics, ledger->total));
	}
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	drop_rebuilt(bench);
	assert_true(wf_defrag_is_valid(bench->defrag));
	assert_ledgers_close(bench);
	wf_defrag_free(bench->defrag);
	assert_ledgers_close(bench);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	wf_page_pool_tend(bench->pages, bench->now_ns);
	assert_int_equal(wf_page_pool_taken(bench->pages), 0);
	wf_page_pool_free(bench->pages);
	wf_arena_free(bench->arena);
	while (bench->mapped_count)
		free(bench->mapped[--bench->mapped_count]);
	free(bench);
	return 0;
}

/* ---- fragments ---- */

static uint8_t data_byte(size_t at)
{
	return (uint8_t)(at * 7 + at / 256);
}

/* The datagram to be cut: Ethernet, IP, TCP with data_byte()s. */
static void build_whole(const struct bench *bench, size_t data_bytes)
{
	static uint8_t data[65535];

	for (size_t i = 0; i < data_bytes; i++)
		data[i] = data_byte(i);
	pb_segment(&whole, bench->ip6 ? KIND_SRC6 : KIND_SRC, bench->ip6 ? KIND_DST6 : KIND_DST,
		   &(struct pb_tcp){.src_port = 40000, .dst_port = 80, .seq = 1, .flags = 0x18},
		   data, data_bytes);
}

/* What is around the IP header of the fragment. */
static void build_outside(void)
{
	pb_init(&pb);
	pb_ethernet(&pb);
}

/* Fragment header and @len bytes of the datagram's from @off. */
static void build_inside(const struct bench *bench, uint32_t off, uint32_t len, bool more)
{
	if (bench->ip6) {
		pb_ip(&pb, KIND_SRC6, KIND_DST6);
		pb_ipv6_fragment(&pb, 0xabcd0000u | bench->id, off, more);
	} else {
		pb_ip(&pb, KIND_SRC, KIND_DST);
		pb_ipv4_set_fragment(&pb, bench->id, off, more);
	}
	pb_set_proto(&pb, 6);
	pb_data(&pb, pb_at(&whole, PB_TCP, 0) + off, len);
	pb_finish(&pb);
}

static void build_fragment(const struct bench *bench, uint32_t off, uint32_t len, bool more)
{
	build_outside();
	build_inside(bench, off, len, more);
}

/* Give the frame in pb (cut by @cut bytes) to the defragmenter; its bytes lie on @page, or nowhere.
 */
static bool add_built(struct bench *bench, struct wf_page *page)
{
	struct wf_decoder decoder = {.secret = decode_secret, .checksum = bench->checksum};
	struct wf_packet packet;
	struct wf_frame frame, rebuilt;

	pb_frame(&pb, bench->now_ns, &frame);
	if (page) {
		assert_int_equal(wf_page_copy_in(page, 0, frame.bytes, frame.cap_bytes), 0);
		frame.bytes = wf_page_bytes(page);
		frame.page = page;
	} else {
		/* As in a mapped file: stays until the end. */
		uint8_t *copy = malloc(frame.cap_bytes);

		assert_true(bench->mapped_count < 64);
		bench->mapped[bench->mapped_count++] = copy;
		memcpy(copy, frame.bytes, frame.cap_bytes);
		frame.bytes = copy;
	}
	assert_int_equal(wf_decode(&decoder, &frame, &packet), WF_DECODE_FRAGMENT);
	if (!wf_defrag_add(bench->defrag, &packet, &rebuilt)) {
		assert_true(wf_defrag_is_valid(bench->defrag));
		return false;
	}
	drop_rebuilt(bench);
	bench->rebuilt = rebuilt;
	return true;
}

static bool add(struct bench *bench, uint32_t off, uint32_t len, bool more)
{
	struct wf_page *page = wf_page_pool_take(bench->pages, len + 100);
	bool done;

	assert_non_null(page);
	build_fragment(bench, off, len, more);
	done = add_built(bench, page);
	wf_page_put(page);
	return done;
}

static void assert_rebuilt(const struct bench *bench, size_t data_bytes)
{
	struct decoded decoded;

	assert_int_equal(bench->rebuilt.link, WF_LINK_RAW);
	assert_int_equal(bench->rebuilt.flags, WF_FRAME_REBUILT);
	assert_int_equal(bench->rebuilt.time_ns, bench->now_ns);
	assert_non_null(bench->rebuilt.page);
	decoded_init(&decoded, &bench->rebuilt, WEFT_CHECKSUM_VERIFY);
	assert_int_equal(decoded.result, WF_DECODE_TCP);
	assert_int_equal(decoded.packet.payload_bytes, data_bytes);
	assert_int_equal(decoded.packet.payload_captured_bytes, data_bytes);
	assert_int_equal(decoded.packet.ip_version, bench->ip6 ? 6 : 4);
	for (size_t i = 0; i < data_bytes; i++)
		assert_int_equal(decoded.packet.payload[i], data_byte(i));
	decoded_fini(&decoded);
}

/* ---- rebuilding ---- */

static void test_defrag_in_order_gives_the_datagram(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, DATA_BYTES);
	assert_false(add(bench, 0, 1480, true));
	assert_false(add(bench, 1480, 1480, true));
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
	assert_true(add(bench, 2960, SEGMENT_BYTES - 2960, false));
	assert_rebuilt(bench, DATA_BYTES);
	assert_int_equal(metric(bench, fragments_rebuilt_fragments), 3);
	assert_int_equal(metric(bench, datagrams_rebuilt_datagrams), 1);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
}

static void test_defrag_every_order_of_five_gives_the_datagram(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, DATA_BYTES);
	for (unsigned int order = 0; order < 120; order++) {
		unsigned int left[5] = {0, 1, 2, 3, 4}, rest = order;
		bool done = false;

		bench->id++;
		for (unsigned int n = 5; n > 0; n--) {
			unsigned int pick = rest % n, at = left[pick];

			rest /= n;
			memmove(left + pick, left + pick + 1, (4 - pick) * sizeof(left[0]));
			assert_false(done);
			done = add(bench, at * 808, at == 4 ? SEGMENT_BYTES - 4 * 808 : 808,
				   at != 4);
		}
		assert_true(done);
		assert_rebuilt(bench, DATA_BYTES);
	}
	assert_int_equal(metric(bench, datagrams_rebuilt_datagrams), 120);
}

static void test_defrag_smallest_pieces_of_an_mtu_are_put_together(void **state)
{
	struct bench *bench = *state;
	bool done = false;

	build_whole(bench, 1440);
	for (uint32_t at = 1456; at > 0; at -= 8)
		done = add(bench, at, at == 1456 ? 4 : 8, at != 1456);
	assert_false(done);
	/* IPv6 asks for the whole TCP header in the first. */
	done = bench->ip6 ? false : add(bench, 0, 8, true);
	assert_int_equal(done, !bench->ip6);
	if (done)
		assert_rebuilt(bench, 1440);
}

static void test_defrag_largest_datagram(void **state)
{
	struct bench *bench = *state;
	uint32_t data_bytes = 65535 - 20 - (bench->ip6 ? 40 : 20), segment_bytes = data_bytes + 20;
	bool done = false;

	build_whole(bench, data_bytes);
	for (uint32_t at = 0; at < segment_bytes; at += 8000)
		done = add(bench, at, at + 8000 < segment_bytes ? 8000 : segment_bytes - at,
			   at + 8000 < segment_bytes);
	assert_true(done);
	assert_rebuilt(bench, data_bytes);
}

static void test_defrag_too_large_datagram_is_dropped(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 65000);
	for (uint32_t at = 0; at < 64000; at += 8000)
		assert_false(add(bench, at, 8000, true));
	assert_false(add(bench, 64000, 1000, true));
	assert_false(add(bench, 65000, 1000, false));
	assert_int_equal(metric(bench, datagrams_rebuilt_datagrams), 0);
	assert_int_not_equal(metric(bench, fragments_contradiction_fragments), 0);
}

/* What fits IPv6's length field does not fit the one page that a datagram is rebuilt in. */
static void test_defrag6_beyond_a_page_is_no_memory(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 65500);
	for (uint32_t at = 0; at < 64000; at += 8000)
		assert_false(add(bench, at, 8000, true));
	assert_false(add(bench, 64000, 1515, false));
	assert_int_equal(metric(bench, fragments_no_memory_fragments), 9);
}

static void test_defrag4_header_options_of_the_first_fragment_stay(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 100);
	add(bench, 80, 40, false);
	build_outside();
	pb_ipv4_options(&pb, KIND_SRC, KIND_DST, "\x94\x04\0\0", 4);
	pb_ipv4_set_fragment(&pb, bench->id, 0, true);
	pb_set_proto(&pb, 6);
	pb_data(&pb, pb_at(&whole, PB_TCP, 0), 80);
	pb_finish(&pb);
	assert_true(add_built(bench, NULL));
	assert_rebuilt(bench, 100);
	assert_int_equal(bench->rebuilt.bytes[0], 0x46);
	assert_memory_equal(bench->rebuilt.bytes + 20, "\x94\x04\0\0", 4);
}

static void test_defrag6_headers_in_front_stay_and_fragment_header_goes(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 100);
	for (int i = 1; i >= 0; i--) {
		build_outside();
		pb_ip(&pb, KIND_SRC6, KIND_DST6);
		pb_ipv6_ext(&pb, 60, NULL, 14);
		pb_ipv6_fragment(&pb, 9, i ? 80 : 0, !i);
		pb_set_proto(&pb, 6);
		pb_data(&pb, pb_at(&whole, PB_TCP, 0) + (i ? 80 : 0), i ? 40 : 80);
		pb_finish(&pb);
		assert_int_equal(add_built(bench, NULL), !i);
	}
	assert_rebuilt(bench, 100);
	assert_int_equal(bench->rebuilt.cap_bytes, 40 + 16 + 120);
	assert_int_equal(bench->rebuilt.bytes[40], 6);
}

/* ---- names ---- */

static void test_defrag_vlan_and_vni_reach_the_rebuilt_frame(void **state)
{
	struct bench *bench = *state;
	struct decoded decoded;

	build_whole(bench, 100);
	for (int i = 0; i < 2; i++) {
		pb_init(&pb);
		pb_ethernet(&pb);
		pb_ip(&pb, "192.0.2.1", "192.0.2.2");
		pb_udp(&pb, 1, 4789);
		pb_vxlan(&pb, 0xabcde);
		pb_ethernet(&pb);
		pb_vlan(&pb, 0x88a8, 5);
		pb_vlan(&pb, 0x8100, 6);
		build_inside(bench, i ? 80 : 0, i ? 40 : 80, !i);
		add_built(bench, NULL);
	}
	assert_rebuilt(bench, 100);
	decoded_init(&decoded, &bench->rebuilt, WEFT_CHECKSUM_VERIFY);
	assert_int_equal(decoded.packet.key.vlan[0], 5);
	assert_int_equal(decoded.packet.key.vlan[1], 6);
	assert_int_equal(decoded.packet.key.vni, 0xabcde);
	decoded_fini(&decoded);
}

static void test_defrag_fragments_of_other_vlans_do_not_mix(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 100);
	for (int i = 0; i < 2; i++) {
		pb_init(&pb);
		pb_ethernet(&pb);
		pb_vlan(&pb, 0x8100, (uint16_t)(1 + i));
		build_inside(bench, i ? 80 : 0, i ? 40 : 80, !i);
		assert_false(add_built(bench, NULL));
	}
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
}

static void test_defrag_fragments_of_other_ids_do_not_mix(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 100);
	add(bench, 0, 80, true);
	bench->id++;
	assert_false(add(bench, 80, 40, false));
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
}

static void test_defrag_both_directions_with_one_id_do_not_mix(void **state)
{
	struct bench *bench = *state;
	uint8_t swap[32], *addrs;
	size_t bytes = bench->ip6 ? 16 : 4;

	build_whole(bench, 100);
	assert_false(add(bench, 0, 80, true));
	build_fragment(bench, 80, 40, false);
	addrs = bench->ip6 ? pb_at(&pb, PB_IPV6, 0) + 8 : pb_at(&pb, PB_IPV4, 0) + 12;
	memcpy(swap, addrs, 2 * bytes);
	memcpy(addrs, swap + bytes, bytes);
	memcpy(addrs + bytes, swap, bytes);
	assert_false(add_built(bench, NULL));
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
}

/* The id alone names an IPv6 datagram; only the first fragment's "next header" counts. */
static void test_defrag6_next_header_of_later_fragments_is_ignored(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 100);
	assert_false(add(bench, 0, 80, true));
	build_fragment(bench, 80, 40, false);
	pb_at(&pb, PB_IPV6_FRAGMENT, 0)[0] = 17;
	assert_true(add_built(bench, NULL));
	assert_rebuilt(bench, 100);
}

static void test_defrag4_protocol_is_part_of_the_name(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 100);
	assert_false(add(bench, 0, 80, true));
	build_fragment(bench, 80, 40, false);
	pb_at(&pb, PB_IPV4, 0)[9] = 47;
	pb_fix_checksums(&pb);
	assert_false(add_built(bench, NULL));
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
}

/* ---- duplicates and overlaps ---- */

static void test_defrag_exact_duplicate_is_ignored(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 300);
	assert_false(add(bench, 0, 80, true));
	assert_false(add(bench, 160, 80, true));
	assert_false(add(bench, 0, 80, true));
	assert_false(add(bench, 160, 80, true));
	assert_false(add(bench, 240, 80, false));
	assert_false(add(bench, 240, 80, false));
	assert_int_equal(metric(bench, fragments_duplicate_fragments), 3);
	assert_true(add(bench, 80, 80, true));
	assert_rebuilt(bench, 300);
}

/* As Linux: of a run that came in order, any piece is a duplicate, whatever its cut. */
static void test_defrag_piece_within_a_run_is_a_duplicate(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 300);
	assert_false(add(bench, 0, 80, true));
	assert_false(add(bench, 80, 80, true));
	assert_false(add(bench, 160, 80, true));
	assert_false(add(bench, 40, 80, true));
	assert_false(add(bench, 0, 240, true));
	assert_int_equal(metric(bench, fragments_duplicate_fragments), 2);
	assert_true(add(bench, 240, 80, false));
	assert_rebuilt(bench, 300);
}

/* ... but neighbours that did not come in order are two runs. */
static void test_defrag_piece_across_two_runs_is_an_overlap(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 300);
	assert_false(add(bench, 0, 80, true));
	assert_false(add(bench, 160, 80, true));
	assert_false(add(bench, 80, 80, true));
	assert_false(add(bench, 40, 80, true));
	assert_int_equal(metric(bench, fragments_overlap_fragments), 4);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
}

/* Every way to overlap [80, 160) but not within it. */
static void test_defrag_any_overlap_drops_the_datagram(void **state)
{
	static const uint32_t ranges[][2] = {{40, 80}, {120, 80}, {0, 240}, {80, 88},
					     {72, 88}, {0, 88},	  {152, 16}};
	struct bench *bench = *state;
	uint64_t count = 0;

	build_whole(bench, 300);
	for (unsigned int i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		bench->id++;
		assert_false(add(bench, 80, 80, true));
		assert_false(add(bench, ranges[i][0], ranges[i][1], true));
		count += 2;
		assert_int_equal(metric(bench, fragments_overlap_fragments), count);
		assert_int_equal(metric(bench, fragments_held_fragments), 0);
	}
}

/* What comes after the drop begins anew: the rest never makes a datagram. */
static void test_defrag_rest_after_overlap_makes_no_datagram(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 300);
	assert_false(add(bench, 0, 80, true));
	assert_false(add(bench, 72, 80, true));
	assert_false(add(bench, 80, 80, true));
	assert_false(add(bench, 160, 160, false));
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
	/* The sender sends it all again: now it is whole. */
	assert_true(add(bench, 0, 80, true));
	assert_rebuilt(bench, 300);
}

/* ---- lies ---- */

static void test_defrag_second_end_elsewhere_drops_the_datagram(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 300);
	assert_false(add(bench, 80, 80, false));
	assert_false(add(bench, 240, 80, false));
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 2);
	bench->id++;
	assert_false(add(bench, 240, 80, false));
	assert_false(add(bench, 80, 80, false));
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 4);
}

static void test_defrag_bytes_behind_the_end_drop_the_datagram(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 300);
	assert_false(add(bench, 80, 80, false));
	assert_false(add(bench, 160, 80, true));
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 2);
}

static void test_defrag_empty_fragment_drops_the_datagram(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 300);
	assert_false(add(bench, 0, 80, true));
	assert_false(add(bench, 80, 0, true));
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 2);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
}

/* In IPv4 what is beyond the last whole 8 bytes is left out; in IPv6 the fragment is. */
static void test_defrag4_odd_length_is_rounded_down(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 100);
	assert_false(add(bench, 0, 87, true));
	assert_true(add(bench, 80, 40, false));
	assert_rebuilt(bench, 100);
}

static void test_defrag6_odd_length_drops_that_fragment_only(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 100);
	assert_false(add(bench, 80, 40, false));
	assert_false(add(bench, 0, 87, true));
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 1);
	assert_true(add(bench, 0, 80, true));
	assert_rebuilt(bench, 100);
}

static void set_ecn(const struct bench *bench, uint8_t ecn)
{
	uint8_t *ip = pb_at(&pb, bench->ip6 ? PB_IPV6 : PB_IPV4, 0);

	if (bench->ip6) {
		ip[1] = (uint8_t)(ecn << 4);
		return;
	}
	ip[1] = ecn;
	pb_fix_checksums(&pb);
}

/* A path turns capable into congested, never incapable into anything (RFC 3168, 5.3). */
static void test_defrag_ecn_bits_must_fit_each_other(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 100);
	for (uint8_t a = 0; a < 4; a++) {
		for (uint8_t b = 0; b < 4; b++) {
			bench->id++;
			build_fragment(bench, 0, 80, true);
			set_ecn(bench, a);
			assert_false(add_built(bench, NULL));
			build_fragment(bench, 80, 40, false);
			set_ecn(bench, b);
			assert_int_equal(add_built(bench, NULL), !a == !b);
		}
	}
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 2 * 6);
}

static void test_defrag_cut_fragment_is_not_used(void **state)
{
	struct bench *bench = *state;
	struct wf_decoder decoder = {.secret = decode_secret};
	struct wf_packet packet;
	struct wf_frame frame;

	build_whole(bench, 100);
	assert_false(add(bench, 0, 80, true));
	build_fragment(bench, 80, 40, false);
	pb_frame(&pb, bench->now_ns, &frame);
	frame.cap_bytes--;
	assert_int_equal(wf_decode(&decoder, &frame, &packet), WF_DECODE_FRAGMENT);
	assert_false(wf_defrag_add(bench->defrag, &packet, &frame));
	assert_int_equal(metric(bench, fragments_cut_fragments), 1);
	/* Seen whole later, it is whole. */
	assert_true(add(bench, 80, 40, false));
}

/* ---- UDP of no tunnel ---- */

static bool add_udp(struct bench *bench, uint32_t off, bool more)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, KIND_SRC, KIND_DST);
	pb_ipv4_set_fragment(&pb, bench->id, off, more);
	pb_set_proto(&pb, 17);
	pb_data(&pb, "\0\1\0\65\0\0\0\0", 8);
	pb_finish(&pb);
	return add_built(bench, NULL);
}

static void test_defrag4_unwanted_datagram_holds_nothing(void **state)
{
	struct bench *bench = *state;

	assert_false(add_udp(bench, 8, true)); /* not yet known */
	assert_int_equal(metric(bench, fragments_held_fragments), 1);
	assert_false(add_udp(bench, 0, true));
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	assert_false(add_udp(bench, 16, true));
	assert_int_equal(metric(bench, fragments_not_tcp_fragments), 3);
	assert_false(add_udp(bench, 24, false));
	assert_int_equal(metric(bench, fragments_not_tcp_fragments), 4);
	/* All of it went by: a fragment of that id is of another datagram. */
	assert_false(add_udp(bench, 8, true));
	assert_int_equal(metric(bench, fragments_held_fragments), 1);
}

/* ---- limits and time ---- */

static void test_defrag_too_many_datagrams_drop_the_oldest(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 300);
	for (uint32_t i = 0; i < bench->opts.datagrams_max; i++) {
		bench->id = (uint16_t)(100 + i);
		assert_false(add(bench, 0, 80, true));
	}
	assert_int_equal(metric(bench, fragments_evicted_fragments), 0);
	bench->id = 99;
	assert_false(add(bench, 0, 80, true));
	assert_int_equal(metric(bench, fragments_evicted_fragments), 1);
	assert_int_equal(metric(bench, fragments_held_fragments), bench->opts.datagrams_max);
	/* The oldest is gone, the second oldest is not. */
	bench->id = 101;
	assert_true(add(bench, 80, 240, false));
	bench->id = 100;
	assert_false(add(bench, 80, 240, false));
}

static void test_defrag_too_many_fragments_of_one_datagram_drop_it(void **state)
{
	struct bench *bench = *state;
	uint32_t limit = 10;

	wf_defrag_free(bench->defrag);
	bench->opts.per_datagram_max = limit;
	open_defrag(bench);
	build_whole(bench, 4000);
	for (uint32_t i = 0; i < limit; i++)
		assert_false(add(bench, 40 + 16 * i, 8, true));
	assert_int_equal(metric(bench, fragments_held_fragments), limit);
	assert_false(add(bench, 40 + 16 * limit, 8, true));
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	assert_int_equal(metric(bench, fragments_evicted_fragments), limit + 1);
}

static void test_defrag_too_many_fragments_drop_the_oldest_datagram(void **state)
{
	struct bench *bench = *state;

	wf_defrag_free(bench->defrag);
	bench->opts.fragments_max = 4;
	open_defrag(bench);
	build_whole(bench, 300);
	assert_false(add(bench, 0, 80, true));
	assert_false(add(bench, 160, 80, true));
	bench->id++;
	assert_false(add(bench, 0, 80, true));
	assert_false(add(bench, 160, 80, true));
	assert_false(add(bench, 240, 80, false));
	assert_int_equal(metric(bench, fragments_evicted_fragments), 2);
	assert_true(add(bench, 80, 80, true));
	/* Alone, a datagram that does not fit is dropped itself. */
	bench->id++;
	for (uint32_t i = 1; i <= 5; i++)
		assert_false(add(bench, 40 * i, 8, true));
	assert_int_equal(metric(bench, fragments_evicted_fragments), 2 + 5);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
}

static void test_defrag_expires_after_its_timeout(void **state)
{
	struct bench *bench = *state;
	uint64_t timeout_ns = bench->opts.timeout_ms * WF_NS_PER_MS, begin = bench->now_ns;

	build_whole(bench, 300);
	assert_false(add(bench, 0, 80, true));
	bench->now_ns = begin + timeout_ns - 1;
	assert_false(add(bench, 80, 80, true)); /* does not renew it */
	wf_defrag_tick(bench->defrag, bench->now_ns);
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
	wf_defrag_tick(bench->defrag, begin + timeout_ns);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	assert_int_equal(metric(bench, fragments_incomplete_fragments), 2);
}

/* Whether or not somebody ticked in between, a late fragment is too late. */
static void test_defrag_late_fragment_finds_its_datagram_expired(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 100);
	assert_false(add(bench, 0, 80, true));
	bench->now_ns += bench->opts.timeout_ms * WF_NS_PER_MS;
	assert_false(add(bench, 80, 40, false));
	assert_int_equal(metric(bench, fragments_incomplete_fragments), 1);
	assert_int_equal(metric(bench, fragments_held_fragments), 1);
}

/* Captures exist whose clock was set back. */
static void test_defrag_time_going_back_expires_nothing(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 100);
	assert_false(add(bench, 0, 80, true));
	bench->now_ns -= 100 * WF_NS_PER_SEC;
	wf_defrag_tick(bench->defrag, bench->now_ns);
	assert_true(add(bench, 80, 40, false));
}

/* ---- memory ---- */

/* Received frames are for receiving: held fragments lie on pages. */
static void test_defrag_bytes_of_received_frames_are_copied(void **state)
{
	struct bench *bench = *state;
	uint64_t frames[2];

	build_whole(bench, 100);
	assert_int_equal(wf_page_pool_take_frames(bench->pages, frames, 2), 2);
	for (int i = 0; i < 2; i++) {
		struct wf_page *page = wf_arena_page_at(bench->arena, frames[i]);

		build_fragment(bench, i ? 0 : 80, i ? 80 : 40, i);
		assert_int_equal(add_built(bench, page), i);
		assert_true(wf_page_is_sole(page));
		memset(wf_page_bytes(page), 0xee, wf_page_capacity(page));
		wf_page_put(page);
	}
	assert_rebuilt(bench, 100);
}

static void test_defrag_without_pages_counts_no_memory(void **state)
{
	struct bench *bench = *state;
	struct wf_page *taken[600];
	unsigned int count = 0;

	build_whole(bench, DATA_BYTES);
	build_fragment(bench, 0, 2000, true);
	assert_false(add_built(bench, NULL));
	build_fragment(bench, 2000, SEGMENT_BYTES - 2000, false);
	while (count < 600 && (taken[count] = wf_page_pool_take(bench->pages, WEFT_SPAN_BYTES)))
		count++;
	while (count < 600 && (taken[count] = wf_page_pool_take(bench->pages, 9000)))
		count++;
	assert_true(count < 600);
	assert_false(add_built(bench, NULL));
	assert_int_equal(metric(bench, fragments_no_memory_fragments), 2);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	while (count)
		wf_page_put(taken[--count]);
}

static void test_defrag_new_refuses_zero_limits(void **state)
{
	struct bench *bench = *state;
	struct wf_defrag *defrag = NULL;
	struct wf_defrag_opts opts = bench->opts;

	opts.timeout_ms = 0;
	assert_int_equal(wf_defrag_new(&opts, &defrag), -EINVAL);
	opts = bench->opts;
	opts.datagrams_max = 0;
	assert_int_equal(wf_defrag_new(&opts, &defrag), -EINVAL);
	assert_null(defrag);
	wf_defrag_free(NULL);
}

static void test_defrag_flush_drops_all(void **state)
{
	struct bench *bench = *state;

	build_whole(bench, 300);
	assert_false(add(bench, 0, 80, true));
	bench->id++;
	assert_false(add(bench, 0, 80, true));
	assert_false(add(bench, 80, 80, true));
	wf_defrag_flush(bench->defrag);
	assert_int_equal(metric(bench, fragments_incomplete_fragments), 3);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
}

/* ---- against a model ---- */

/*
 * Random cuts, orders and duplicates of many datagrams at once: without overlaps each
 * comes out whole exactly once.
 */
static void test_defrag_random_orders_of_many_datagrams(void **state)
{
	enum { DATAGRAMS = 12, PIECES = 16 };
	struct bench *bench = *state;
	unsigned int seed = 42;

	build_whole(bench, 16 * 80 - 20);
	for (int round = 0; round < 40; round++) {
		uint8_t todo[DATAGRAMS * PIECES];
		unsigned int left = 0, whole_count = 0;

		for (unsigned int i = 0; i < DATAGRAMS * PIECES; i++)
			todo[left++] = (uint8_t)i;
		while (left) {
			unsigned int pick = (unsigned int)rand_r(&seed) % left;
			unsigned int piece = todo[pick] % PIECES;
			bool again = rand_r(&seed) % 8 == 0;

			bench->id = (uint16_t)(round * 100 + todo[pick] / PIECES);
			if (add(bench, piece * 80, 80, piece != PIECES - 1)) {
				whole_count++;
				assert_rebuilt(bench, 16 * 80 - 20);
			} else if (again) {
				assert_false(add(bench, piece * 80, 80, piece != PIECES - 1));
			}
			todo[pick] = todo[--left];
		}
		assert_int_equal(whole_count, DATAGRAMS);
	}
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	assert_int_equal(metric(bench, fragments_overlap_fragments), 0);
}

#define both(test)                                              \
	cmocka_unit_test_setup_teardown(test, setup, teardown), \
	{                                                       \
#test "_ipv6", test, setup6, teardown, NULL     \
	}
#define only4(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define only6(test) cmocka_unit_test_setup_teardown(test, setup6, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		both(test_defrag_in_order_gives_the_datagram),
		both(test_defrag_every_order_of_five_gives_the_datagram),
		both(test_defrag_smallest_pieces_of_an_mtu_are_put_together),
		both(test_defrag_largest_datagram),
		both(test_defrag_too_large_datagram_is_dropped),
		only6(test_defrag6_beyond_a_page_is_no_memory),
		only4(test_defrag4_header_options_of_the_first_fragment_stay),
		only6(test_defrag6_headers_in_front_stay_and_fragment_header_goes),
		both(test_defrag_vlan_and_vni_reach_the_rebuilt_frame),
		both(test_defrag_fragments_of_other_vlans_do_not_mix),
		both(test_defrag_fragments_of_other_ids_do_not_mix),
		both(test_defrag_both_directions_with_one_id_do_not_mix),
		only6(test_defrag6_next_header_of_later_fragments_is_ignored),
		only4(test_defrag4_protocol_is_part_of_the_name),
		both(test_defrag_exact_duplicate_is_ignored),
		both(test_defrag_piece_within_a_run_is_a_duplicate),
		both(test_defrag_piece_across_two_runs_is_an_overlap),
		both(test_defrag_any_overlap_drops_the_datagram),
		both(test_defrag_rest_after_overlap_makes_no_datagram),
		both(test_defrag_second_end_elsewhere_drops_the_datagram),
		both(test_defrag_bytes_behind_the_end_drop_the_datagram),
		both(test_defrag_empty_fragment_drops_the_datagram),
		only4(test_defrag4_odd_length_is_rounded_down),
		only6(test_defrag6_odd_length_drops_that_fragment_only),
		both(test_defrag_ecn_bits_must_fit_each_other),
		both(test_defrag_cut_fragment_is_not_used),
		only4(test_defrag4_unwanted_datagram_holds_nothing),
		both(test_defrag_too_many_datagrams_drop_the_oldest),
		both(test_defrag_too_many_fragments_of_one_datagram_drop_it),
		both(test_defrag_too_many_fragments_drop_the_oldest_datagram),
		both(test_defrag_expires_after_its_timeout),
		both(test_defrag_late_fragment_finds_its_datagram_expired),
		both(test_defrag_time_going_back_expires_nothing),
		both(test_defrag_bytes_of_received_frames_are_copied),
		both(test_defrag_without_pages_counts_no_memory),
		only4(test_defrag_new_refuses_zero_limits),
		both(test_defrag_flush_drops_all),
		both(test_defrag_random_orders_of_many_datagrams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
