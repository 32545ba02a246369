// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "memory/arena.h"
#include "memory/fault.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "memory/slab.h"
#include "reassembly/extent.h"
#include "reassembly/stream_gap.h"
#include "reassembly/stream_insert.h"
#include "reassembly/stream_pop.h"
#include "unit/support/overlap_model.h"
#include "unit/support/stream_rig.h"

static const struct stream_rig_opts mapped = {.source = STREAM_RIG_MAPPED};
static const struct stream_rig_opts frames = {.source = STREAM_RIG_FRAMES};

#define METRIC(rig, name) wf_metric_get((rig)->env.metrics, name)

/* Returns the bytes that the sender sent at @off. */
static const uint8_t *truth(uint64_t off)
{
	static uint8_t bytes[4096 + 1024];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256 + 1);
	return bytes + off;
}

static enum wf_stream_result put_true(struct stream_rig *rig, uint64_t off, uint32_t len)
{
	return stream_rig_put(rig, off, truth(off), len);
}

static void assert_delivered(const struct stream_rig *rig, uint64_t end_off)
{
	assert_int_equal(rig->stream.next_off, end_off);
	assert_memory_equal(rig->out, truth(0), end_off);
}

/* ---- in order ---- */

TEST(stream_in_order_holds_takes_and_counts_nothing)
{
	struct stream_rig *rig = stream_rig_new(&mapped);

	for (uint64_t off = 0; off < 4000; off += 100)
		assert_int_equal(put_true(rig, off, 100), WF_STREAM_IN_ORDER);
	assert_delivered(rig, 4000);
	assert_int_equal(wf_arena_used_bytes(rig->arena), 0);
	assert_int_equal(METRIC(rig, segments_copied_segments), 0);
	assert_int_equal(METRIC(rig, segments_held_segments), 0);
	assert_int_equal(rig->chunks, 40);
	stream_rig_free(rig);
}

TEST(stream_in_order_chunk_is_where_the_segment_is)
{
	struct wf_stream stream = {0};
	struct stream_rig *rig = stream_rig_new(&mapped);
	struct wf_stream_segment segment = {
		.bytes = truth(0), .len_bytes = 10, .captured_bytes = 10, .time_ns = 77};
	struct wf_insert_info info;

	assert_int_equal(wf_stream_insert(&stream, &rig->env, &segment, &info), WF_STREAM_IN_ORDER);
	assert_ptr_equal(info.chunk.bytes, truth(0));
	assert_int_equal(info.chunk.time_ns, 77);
	assert_int_equal(info.chunk.len_bytes, 10);
	stream_rig_free(rig);
}

/* ---- out of order ---- */

TEST(stream_hole_filled_gives_all_in_order)
{
	struct stream_rig *rig = stream_rig_new(&frames);

	assert_int_equal(put_true(rig, 200, 100), WF_STREAM_HELD);
	assert_int_equal(put_true(rig, 100, 100), WF_STREAM_HELD);
	assert_int_equal(rig->stream.next_off, 0);
	assert_int_equal(put_true(rig, 0, 100), WF_STREAM_IN_ORDER);
	assert_delivered(rig, 300);
	assert_int_equal(rig->stream.extents, 0);
	stream_rig_free(rig);
}

TEST(stream_first_held_returns_place_and_time)
{
	struct stream_rig *rig = stream_rig_new(&mapped);
	uint64_t off = 1;
	uint64_t time_ns = 1;

	assert_false(wf_stream_first_held(&rig->stream, &rig->env, &off, &time_ns));
	put_true(rig, 300, 10);
	put_true(rig, 200, 10);
	assert_true(wf_stream_first_held(&rig->stream, &rig->env, &off, &time_ns));
	assert_int_equal(off, 200);
	assert_int_equal(time_ns, 2);
	stream_rig_free(rig);
}

TEST(stream_replaced_copy_keeps_the_time_of_the_first)
{
	struct stream_rig *rig = stream_rig_new(&mapped);
	uint64_t off;
	uint64_t time_ns;

	put_true(rig, 200, 10);
	put_true(rig, 200, 20);
	assert_true(wf_stream_first_held(&rig->stream, &rig->env, &off, &time_ns));
	assert_int_equal(time_ns, 1);
	stream_rig_free(rig);
}

TEST(stream_retransmission_of_delivered_is_duplicate)
{
	struct stream_rig *rig = stream_rig_new(&mapped);

	put_true(rig, 0, 100);
	assert_int_equal(put_true(rig, 20, 50), WF_STREAM_DUPLICATE);
	assert_int_equal(put_true(rig, 50, 100), WF_STREAM_IN_ORDER);
	assert_delivered(rig, 150);
	stream_rig_free(rig);
}

TEST(stream_retransmission_of_held_is_overlap)
{
	struct stream_rig *rig = stream_rig_new(&frames);

	put_true(rig, 100, 100);
	assert_int_equal(put_true(rig, 100, 100), WF_STREAM_DUPLICATE);
	assert_true(rig->info.overlap);
	assert_false(rig->info.conflict);
	assert_int_equal(METRIC(rig, payload_overlap_bytes), 100);
	assert_int_equal(METRIC(rig, payload_held_bytes), 100);
	stream_rig_free(rig);
}

TEST(stream_beyond_4_gib_works_alike)
{
	struct stream_rig *rig = stream_rig_new(&frames);
	struct wf_stream_segment segment = {.len_bytes = 100, .captured_bytes = 100};
	struct wf_chunk chunk;

	rig->stream.next_off = (1ull << 32) - 50;
	segment.bytes = truth(100);
	segment.off = (1ull << 32) + 50;
	assert_int_equal(wf_stream_insert(&rig->stream, &rig->env, &segment, &rig->info),
			 WF_STREAM_HELD);
	segment.bytes = truth(0);
	segment.off = (1ull << 32) - 50;
	assert_int_equal(wf_stream_insert(&rig->stream, &rig->env, &segment, &rig->info),
			 WF_STREAM_IN_ORDER);
	assert_true(wf_stream_pop(&rig->stream, &rig->env, UINT64_MAX, &chunk));
	assert_int_equal(chunk.off, (1ull << 32) + 50);
	assert_memory_equal(chunk.bytes, truth(100), 100);
	rig->offered_bytes = 200;
	wf_metric_add(rig->env.metrics, payload_delivered_bytes, 200);
	stream_rig_free(rig);
}

/* ---- gaps ---- */

TEST(stream_skip_stops_at_first_held)
{
	struct stream_rig *rig = stream_rig_new(&mapped);
	struct wf_chunk gap;

	put_true(rig, 100, 10);
	assert_true(wf_stream_skip(&rig->stream, &rig->env, 500, &gap));
	assert_int_equal(gap.off, 0);
	assert_int_equal(gap.len_bytes, 100);
	assert_null(gap.bytes);
	assert_false(wf_stream_skip(&rig->stream, &rig->env, 500, &gap));
	stream_rig_drain(rig, UINT64_MAX);
	assert_int_equal(rig->stream.next_off, 110);
	assert_true(wf_stream_skip(&rig->stream, &rig->env, 500, &gap));
	assert_int_equal(gap.len_bytes, 390);
	stream_rig_free(rig);
}

TEST(stream_skip_of_a_part_leaves_the_rest)
{
	struct stream_rig *rig = stream_rig_new(&mapped);
	struct wf_chunk gap;

	put_true(rig, 100, 10);
	assert_true(wf_stream_skip(&rig->stream, &rig->env, 40, &gap));
	assert_int_equal(gap.len_bytes, 40);
	assert_int_equal(put_true(rig, 40, 60), WF_STREAM_IN_ORDER);
	assert_int_equal(rig->stream.next_off, 110);
	stream_rig_free(rig);
}

TEST(stream_late_data_for_a_gap_is_not_taken)
{
	struct stream_rig *rig = stream_rig_new(&mapped);
	struct wf_chunk gap;

	assert_true(wf_stream_skip(&rig->stream, &rig->env, 100, &gap));
	assert_int_equal(put_true(rig, 50, 50), WF_STREAM_DUPLICATE);
	assert_int_equal(rig->chunks, 0);
	stream_rig_free(rig);
}

/* ---- cut captures ---- */

TEST(stream_cut_segment_seen_whole_later_is_whole)
{
	for (int policy = 0; policy < WEFT_OVERLAP_COUNT; policy++) {
		struct stream_rig *rig = stream_rig_new(
			&(struct stream_rig_opts){.policy = (enum weft_overlap)policy});

		stream_rig_put_cut(rig, 100, truth(100), 100, 40);
		put_true(rig, 300, 10);
		put_true(rig, 100, 100);
		put_true(rig, 200, 100);
		put_true(rig, 0, 100);
		assert_delivered(rig, 310);
		stream_rig_free(rig);
	}
}

TEST(stream_cut_in_order_segment_leaves_a_hole)
{
	struct stream_rig *rig = stream_rig_new(&mapped);

	assert_int_equal(stream_rig_put_cut(rig, 0, truth(0), 100, 60), WF_STREAM_IN_ORDER);
	assert_int_equal(rig->stream.next_off, 60);
	put_true(rig, 100, 50);
	assert_int_equal(rig->stream.next_off, 60);
	put_true(rig, 0, 100);
	assert_delivered(rig, 150);
	stream_rig_free(rig);
}

/* ---- bytes that never change ---- */

TEST(stream_waiting_in_order_is_final_under_every_policy)
{
	uint8_t forged[200];

	memset(forged, 0, sizeof(forged));
	for (int policy = 0; policy < WEFT_OVERLAP_COUNT; policy++) {
		struct stream_rig *rig = stream_rig_new(
			&(struct stream_rig_opts){.source = STREAM_RIG_FRAMES,
						  .policy = (enum weft_overlap)policy,
						  .hold = true});

		assert_int_equal(put_true(rig, 0, 100), WF_STREAM_HELD);
		assert_int_equal(stream_rig_put(rig, 0, forged, 100), WF_STREAM_DUPLICATE);
		assert_int_equal(stream_rig_put(rig, 50, forged, 20), WF_STREAM_DUPLICATE);
		assert_true(rig->info.conflict);
		stream_rig_drain(rig, UINT64_MAX);
		assert_delivered(rig, 100);
		stream_rig_free(rig);
	}
}

TEST(stream_acknowledged_behind_a_hole_is_final)
{
	uint8_t forged[200];

	memset(forged, 0, sizeof(forged));
	for (int policy = 0; policy < WEFT_OVERLAP_COUNT; policy++) {
		struct stream_rig *rig = stream_rig_new(&(struct stream_rig_opts){
			.source = STREAM_RIG_FRAMES, .policy = (enum weft_overlap)policy});

		put_true(rig, 100, 100);
		rig->acked_off = 150;
		stream_rig_put(rig, 90, forged, 120);
		put_true(rig, 0, 100);
		stream_rig_drain(rig, UINT64_MAX);
		/*
		 * The forged bytes may fill the hole [90, 100), but not replace the acknowledged
		 * bytes [100, 150).
		 */
		assert_memory_equal(rig->out + 100, truth(100), 50);
		stream_rig_free(rig);
	}
}

TEST(stream_pop_stops_at_the_limit)
{
	struct stream_rig *rig = stream_rig_new(
		&(struct stream_rig_opts){.source = STREAM_RIG_FRAMES, .hold = true});

	put_true(rig, 0, 100);
	put_true(rig, 100, 5);
	put_true(rig, 105, 100);
	stream_rig_drain(rig, 40);
	assert_delivered(rig, 40);
	stream_rig_drain(rig, 103);
	assert_delivered(rig, 103);
	stream_rig_drain(rig, 103);
	assert_delivered(rig, 103);
	stream_rig_drain(rig, UINT64_MAX);
	assert_delivered(rig, 205);
	stream_rig_free(rig);
}

/* ---- conflicts ---- */

TEST(stream_conflict_reports_place_and_both_versions)
{
	struct stream_rig *rig =
		stream_rig_new(&(struct stream_rig_opts){.policy = WEFT_OVERLAP_FIRST});

	stream_rig_put(rig, 10, (const uint8_t *)"abcdefgh", 8);
	stream_rig_put(rig, 10, (const uint8_t *)"abXdYfgh", 8);
	assert_true(rig->info.conflict);
	assert_int_equal(rig->info.conflict_off, 12);
	assert_int_equal(rig->info.conflict_bytes, 3);
	assert_int_equal(rig->info.shown_bytes, 3);
	assert_memory_equal(rig->info.kept, "cde", 3);
	assert_memory_equal(rig->info.lost, "XdY", 3);
	stream_rig_free(rig);
}

TEST(stream_conflict_names_the_replaced_as_lost)
{
	struct stream_rig *rig =
		stream_rig_new(&(struct stream_rig_opts){.policy = WEFT_OVERLAP_LAST});

	stream_rig_put(rig, 10, (const uint8_t *)"abcd", 4);
	stream_rig_put(rig, 10, (const uint8_t *)"aBCd", 4);
	assert_memory_equal(rig->info.kept, "BC", 2);
	assert_memory_equal(rig->info.lost, "bc", 2);
	stream_rig_free(rig);
}

TEST(stream_conflict_shows_at_most_64_bytes)
{
	struct stream_rig *rig = stream_rig_new(&mapped);
	uint8_t zeros[300] = {0};

	put_true(rig, 100, 100);
	put_true(rig, 200, 100);
	stream_rig_put(rig, 100, zeros, 200);
	assert_int_equal(rig->info.shown_bytes, WEFT_CONFLICT_BYTES_MAX);
	assert_int_equal(rig->info.conflict_off, 100);
	assert_int_equal(rig->info.conflict_bytes, 200);
	stream_rig_free(rig);
}

/* ---- limits ---- */

TEST(stream_limit_changes_nothing_and_skip_makes_room)
{
	for (int source = 0; source < 2; source++) {
		struct stream_rig *rig = stream_rig_new(
			&(struct stream_rig_opts){.source = (enum stream_rig_source)source,
						  .pages_max = 1,
						  .out_bytes_max = 65536});
		struct wf_chunk gap;
		uint64_t off = 1000;
		uint8_t bytes[1000] = {0};

		while (stream_rig_put(rig, off, bytes, 1000) == WF_STREAM_HELD)
			off += 1000;
		assert_int_equal(off, 5000);
		assert_int_equal(METRIC(rig, payload_held_bytes), 4000);
		/* Duplicate data does not cause the stream to give up a hole. */
		assert_int_equal(stream_rig_put(rig, 1500, bytes, 1000), WF_STREAM_DUPLICATE);
		/* Data that fills the hole does not cause the stream to give it up. */
		assert_int_equal(stream_rig_put(rig, 0, bytes, 10), WF_STREAM_IN_ORDER);
		assert_true(wf_stream_skip(&rig->stream, &rig->env, off, &gap));
		stream_rig_drain(rig, UINT64_MAX);
		assert_int_equal(rig->stream.held_cost, 0);
		assert_int_equal(stream_rig_put(rig, off, bytes, 1000), WF_STREAM_IN_ORDER);
		stream_rig_free(rig);
	}
}

TEST(stream_limit_never_refuses_the_only_segment)
{
	struct stream_rig *rig =
		stream_rig_new(&(struct stream_rig_opts){.pages_max = 1, .out_bytes_max = 65536});
	uint8_t *bytes = calloc(1, 20000);

	assert_int_equal(stream_rig_put(rig, 10, bytes, 20000), WF_STREAM_HELD);
	assert_int_equal(stream_rig_put(rig, 30000, bytes, 1), WF_STREAM_LIMIT);
	free(bytes);
	stream_rig_free(rig);
}

TEST(stream_without_extents_counts_and_keeps_what_it_holds)
{
	struct stream_rig *rig = stream_rig_new(
		&(struct stream_rig_opts){.extents_max = 2, .policy = WEFT_OVERLAP_LAST});
	uint8_t zeros[10] = {0};

	put_true(rig, 100, 100);
	put_true(rig, 300, 100);
	assert_int_equal(put_true(rig, 500, 100), WF_STREAM_NO_MEMORY);
	assert_int_equal(METRIC(rig, payload_no_memory_bytes), 100);
	/* The data would split a held extent, and there is no free extent. */
	assert_int_equal(stream_rig_put(rig, 120, zeros, 10), WF_STREAM_NO_MEMORY);
	put_true(rig, 0, 100);
	assert_delivered(rig, 200);
	stream_rig_free(rig);
}

TEST(stream_without_pages_counts_and_goes_on)
{
	struct stream_rig *rig =
		stream_rig_new(&(struct stream_rig_opts){.source = STREAM_RIG_FRAMES,
							 .pages_bytes = WEFT_SPAN_BYTES,
							 .out_bytes_max = 1 << 20});
	uint8_t *bytes = calloc(1, 1000);
	uint64_t off = 1000;

	while (stream_rig_put(rig, off, bytes, 700) == WF_STREAM_HELD)
		off += 1000;
	assert_int_equal(METRIC(rig, payload_no_memory_bytes), 700);
	assert_true(off > 30000);
	stream_rig_assert_ledger(rig);
	assert_int_equal(stream_rig_put(rig, 0, bytes, 1000), WF_STREAM_IN_ORDER);
	assert_int_equal(rig->stream.next_off, 1700);
	free(bytes);
	stream_rig_free(rig);
}

TEST(stream_tiny_without_a_page_to_leave_in_is_a_counted_loss)
{
	struct stream_rig *rig = stream_rig_new(&(struct stream_rig_opts){
		.source = STREAM_RIG_FRAMES, .arena_bytes = 2 << 20, .hold = true});
	struct wf_page *pages[64];
	int taken = 0;

	put_true(rig, 0, 3);
	put_true(rig, 3, 3);
	while (taken < 64 && (pages[taken] = wf_page_pool_take(rig->env.pages, WEFT_SPAN_BYTES)))
		taken++;
	stream_rig_drain(rig, 3);
	assert_int_equal(rig->gap_bytes, 3);
	assert_int_equal(METRIC(rig, payload_no_memory_bytes), 3);
	while (taken)
		wf_page_put(pages[--taken]);
	stream_rig_drain(rig, UINT64_MAX);
	assert_int_equal(rig->stream.next_off, 6);
	assert_memory_equal(rig->out + 3, truth(3), 3);
	stream_rig_free(rig);
}

TEST(stream_clear_counts_as_requested)
{
	struct stream_rig *rig = stream_rig_new(&frames);

	put_true(rig, 100, 100);
	wf_stream_clear(&rig->stream, &rig->env, false);
	assert_int_equal(METRIC(rig, payload_unaccepted_bytes), 100);
	put_true(rig, 300, 10);
	wf_stream_clear(&rig->stream, &rig->env, true);
	assert_int_equal(METRIC(rig, payload_evicted_bytes), 10);
	wf_stream_clear(&rig->stream, &rig->env, true);
	stream_rig_free(rig);
}

/* ---- the cost of holding ---- */

/*
 * Returns the memory per held byte, without frames, of @count segments of @len bytes behind a hole.
 */
static double cost_of(enum stream_rig_source source, bool fixed, uint32_t len, uint32_t count)
{
	struct stream_rig *rig = stream_rig_new(&(struct stream_rig_opts){
		.source = source, .fixed = fixed, .pages_max = 100000, .out_bytes_max = 1 << 22});
	uint64_t before = wf_arena_used_bytes(rig->arena);
	uint8_t *bytes = calloc(1, len);
	double cost;

	/* The segments are not adjacent, as if every second segment was lost. */
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(stream_rig_put(rig, 1 + 2 * (uint64_t)len * i, bytes, len),
				 WF_STREAM_HELD);
	cost = (double)(wf_arena_used_bytes(rig->arena) - before) / ((double)count * len);
	free(bytes);
	stream_rig_free(rig);
	return cost;
}

/*
 * The test uses many segments, so that partly used spans do not matter. With full checks it is too
 * slow.
 */
#if WF_DEBUG < 2
TEST(stream_one_byte_costs_at_most_64)
{
	double cost = cost_of(STREAM_RIG_FRAMES, false, 1, 400000);

	print_message("a one-byte segment costs %.2f bytes\n", cost);
	/* Half a byte is for the last span, which is partly used. */
	assert_true(cost <= 64.5);
	assert_true(cost_of(STREAM_RIG_MAPPED, false, 1, 400000) <= 64.5);
}

TEST(stream_byte_costs_at_most_1_5_at_typical_sizes)
{
	static const uint32_t sizes[] = {536, 1024, 1220, 1380, 1400, 1440, 1448, 1460};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		double cost = cost_of(STREAM_RIG_FRAMES, false, sizes[i], 4000);

		print_message("%u bytes: %.2f bytes a byte\n", sizes[i], cost);
		assert_true(cost <= 1.5);
	}
}

#endif

TEST(stream_fixed_mode_costs_a_page_a_segment)
{
	assert_true(cost_of(STREAM_RIG_FRAMES, true, 1, 1000) > 1900);
}

TEST(stream_one_byte_does_not_keep_its_frame)
{
	struct stream_rig *rig = stream_rig_new(&frames);

	/* There are more segments than frames: the pool has 256 frames. */
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(put_true(rig, 1 + 2 * i, 1), WF_STREAM_HELD);
	stream_rig_free(rig);
}

TEST(stream_well_filled_frame_is_kept_until_frames_run_low)
{
	struct stream_rig *rig = stream_rig_new(
		&(struct stream_rig_opts){.source = STREAM_RIG_FRAMES, .out_bytes_max = 1 << 20});
	uint8_t bytes[1460] = {0};

	assert_int_equal(stream_rig_put(rig, 2000, bytes, 1460), WF_STREAM_HELD);
	assert_int_equal(METRIC(rig, segments_copied_segments), 0);
	for (uint64_t i = 2; i < 300; i++)
		assert_int_equal(stream_rig_put(rig, 2000 * i, bytes, 1460), WF_STREAM_HELD);
	assert_true(METRIC(rig, segments_copied_segments) > 0);
	stream_rig_free(rig);
}

TEST(stream_ill_filled_frame_is_kept_while_half_are_free)
{
	struct stream_rig *rig = stream_rig_new(&frames);
	uint8_t bytes[100] = {0};

	/*
	 * 127 of the pool's 256 frames may be held; the test has no receive rings that hold frames.
	 */
	for (uint64_t i = 1; i <= 127; i++)
		assert_int_equal(stream_rig_put(rig, 1000 * i, bytes, 100), WF_STREAM_HELD);
	assert_int_equal(METRIC(rig, segments_copied_segments), 0);
	for (uint64_t i = 128; i < 200; i++)
		assert_int_equal(stream_rig_put(rig, 1000 * i, bytes, 100), WF_STREAM_HELD);
	assert_in_range(METRIC(rig, segments_copied_segments), 70, 72);
	stream_rig_free(rig);
}

TEST(stream_leaves_frames_on_request)
{
	struct stream_rig *rig = stream_rig_new(&frames);
	uint64_t offs[256];
	uint32_t before;
	uint32_t after;

	assert_int_equal(put_true(rig, 100, 1400), WF_STREAM_HELD);
	assert_int_equal(put_true(rig, 1600, 1400), WF_STREAM_HELD);
	assert_int_equal(put_true(rig, 3100, 100), WF_STREAM_HELD);
	assert_int_equal(METRIC(rig, segments_copied_segments), 0);
	assert_int_equal(wf_stream_leave_frames(&rig->stream, &rig->env, UINT32_MAX), 3);
	assert_int_equal(wf_stream_leave_frames(&rig->stream, &rig->env, UINT32_MAX), 0);
	before = wf_page_pool_take_frames(rig->env.pages, offs, 256);
	for (uint32_t i = 0; i < before; i++)
		wf_page_put(wf_arena_page_at(rig->arena, offs[i]));
	put_true(rig, 0, 100);
	put_true(rig, 1500, 100);
	put_true(rig, 3000, 100);
	assert_delivered(rig, 3200);
	after = wf_page_pool_take_frames(rig->env.pages, offs, 256);
	for (uint32_t i = 0; i < after; i++)
		wf_page_put(wf_arena_page_at(rig->arena, offs[i]));
	assert_int_equal(before, after);
	stream_rig_free(rig);
}

TEST(stream_tiny_neighbours_leave_as_one_chunk)
{
	struct stream_rig *rig = stream_rig_new(&frames);

	for (uint64_t i = 1; i < 200; i++)
		put_true(rig, i, 1);
	put_true(rig, 0, 1);
	assert_delivered(rig, 200);
	assert_int_equal(rig->chunks, 2);
	stream_rig_free(rig);
}

/* ---- segments that join ---- */

/* Inserts @count adjacent segments of @len bytes from @off on, copied to pages. */
static void put_joined(struct stream_rig *rig, uint64_t off, uint32_t len, uint32_t count)
{
	rig->env.leave_small = true;
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(put_true(rig, off + (uint64_t)len * i, len), WF_STREAM_HELD);
}

TEST(stream_joined_segments_leave_as_few_chunks)
{
	struct stream_rig *rig = stream_rig_new(
		&(struct stream_rig_opts){.source = STREAM_RIG_FRAMES, .out_bytes_max = 65536});

	put_joined(rig, 10, 100, 39);
	put_true(rig, 0, 10);
	assert_delivered(rig, 3910);
	/* Pages of 1500 bytes are full, except for the smaller pages at the beginning. */
	assert_in_range(rig->chunks, 2, 10);
	assert_int_equal(rig->stream.held_cost, 0);
	stream_rig_free(rig);
}

TEST(stream_joined_segments_count_each_against_the_limit)
{
	struct stream_rig *joined =
		stream_rig_new(&(struct stream_rig_opts){.source = STREAM_RIG_FRAMES});
	struct stream_rig *apart =
		stream_rig_new(&(struct stream_rig_opts){.source = STREAM_RIG_MAPPED});

	put_joined(joined, 10, 100, 30);
	put_joined(apart, 10, 100, 30);
	assert_int_equal(joined->stream.held_cost, apart->stream.held_cost);
	assert_true(wf_slab_taken(joined->env.extents) < wf_slab_taken(apart->env.extents));
	stream_rig_free(apart);
	stream_rig_free(joined);
}

TEST(stream_joined_to_what_waits_in_order_settles_what_follows)
{
	struct stream_rig *rig = stream_rig_new(
		&(struct stream_rig_opts){.source = STREAM_RIG_FRAMES, .hold = true});

	put_joined(rig, 10, 50, 1);
	put_joined(rig, 110, 50, 1);
	/* There is no hole before offset 60, but nothing was delivered yet; the data is final. */
	put_joined(rig, 0, 10, 1);
	rig->opts.hold = false;
	put_joined(rig, 60, 50, 1);
	assert_true(wf_stream_is_valid(&rig->stream, &rig->env));
	stream_rig_drain(rig, UINT64_MAX);
	assert_delivered(rig, 160);
	stream_rig_free(rig);
}

TEST(stream_joined_without_memory_holds_nothing_of_the_segment)
{
	struct stream_rig *rig = stream_rig_new(
		&(struct stream_rig_opts){.source = STREAM_RIG_FRAMES, .extents_max = 1});
	uint64_t held_bytes = 0;

	rig->env.leave_small = true;
	while (put_true(rig, 10 + held_bytes, 100) == WF_STREAM_HELD)
		held_bytes += 100;
	assert_true(held_bytes > 0);
	assert_int_equal(METRIC(rig, payload_held_bytes), held_bytes);
	assert_int_equal(METRIC(rig, payload_no_memory_bytes), 100);
	put_true(rig, 0, 10);
	assert_delivered(rig, 10 + held_bytes);
	stream_rig_free(rig);
}

/* ---- random play against the model ---- */

struct play {
	struct stream_rig *rig;
	struct overlap_model *model;
	uint64_t seed;
	int end;
};

static void play_segment(struct play *play, int which)
{
	int off = (int)(stream_rig_random(&play->seed) % 300);
	int len = 1 + (int)(stream_rig_random(&play->seed) %
			    (stream_rig_random(&play->seed) % 8 ? 40 : 120));
	uint8_t bytes[200];

	/*
	 * Many offsets and lengths are multiples of 10, so that segments often share a start or an
	 * end.
	 */
	if (stream_rig_random(&play->seed) % 3)
		off -= off % 10;
	if (stream_rig_random(&play->seed) % 3)
		len = (len + 9) / 10 * 10;
	for (int i = 0; i < len; i++)
		bytes[i] = (uint8_t)(which + 1);
	if (stream_rig_random(&play->seed) % 10 == 0)
		off = (int)play->rig->stream.next_off;
	overlap_model_put(play->model, off, bytes, len);
	stream_rig_put(play->rig, (uint64_t)off, bytes, (uint32_t)len);
	if (off + len > play->end)
		play->end = off + len;
}

static void play_random(const struct stream_rig_opts *opts, uint64_t seed)
{
	struct play play = {.rig = stream_rig_new(opts), .seed = seed};
	struct wf_chunk gap;

	play.rig->env.leave_small = seed % 16 == 1; /* copy to pages, which merges segments */
	play.model = overlap_model_new(opts->policy);
	for (int i = 0; i < 40; i++)
		play_segment(&play, i);
	stream_rig_assert_ledger(play.rig);
	stream_rig_drain(play.rig, UINT64_MAX);
	while (wf_stream_skip(&play.rig->stream, &play.rig->env, (uint64_t)play.end, &gap))
		stream_rig_drain(play.rig, UINT64_MAX);
	for (int off = 0; off < play.end; off++) {
		int got = play.rig->known[off] ? play.rig->out[off] : -1;

		if (got != overlap_model_get(play.model, off))
			fail_msg("policy %d seed %lu: byte %d is %d, should be %d", opts->policy,
				 (unsigned long)seed, off, got, overlap_model_get(play.model, off));
	}
	overlap_model_free(play.model);
	stream_rig_free(play.rig);
}

TEST(stream_random_segments_equal_the_model)
{
	for (uint64_t seed = 0; seed < 200; seed++) {
		for (int policy = 0; policy < WEFT_OVERLAP_COUNT; policy++) {
			struct stream_rig_opts opts = {.policy = (enum weft_overlap)policy};

			opts.source = seed % 2 ? STREAM_RIG_FRAMES : STREAM_RIG_MAPPED;
			opts.hold = seed % 4 == 3;
			opts.fixed = seed % 8 == 5;
			play_random(&opts, seed);
		}
	}
}

/* ---- hostile orders ---- */

#if WF_DEBUG >= 2
enum { MANY = 3000 }; /* few segments, because each step checks all held data */
#else
enum { MANY = 100000 };
#endif

static uint64_t hostile_off(int order, uint64_t i)
{
	switch (order) {
	case 0: /* reverse */
		return MANY - 1 - i;
	case 1: /* every second segment first */
		return i < MANY / 2 ? 2 * i + 1 : 2 * (i - MANY / 2);
	default: /* scattered: 61 and MANY have no common factor */
		return (i * 61 + MANY - 61) % MANY;
	}
}

TEST(stream_one_byte_segments_in_hostile_orders_come_out_whole)
{
	for (int order = 0; order < 3; order++) {
		for (int source = 0; source < 2; source++) {
			struct stream_rig *rig = stream_rig_new(
				&(struct stream_rig_opts){.source = (enum stream_rig_source)source,
							  .out_bytes_max = MANY + 4096});

			for (uint64_t i = 0; i < MANY; i++) {
				uint64_t off = hostile_off(order, i);
				uint8_t byte = (uint8_t)(off * 31 + 1);

				assert_int_not_equal(stream_rig_put(rig, off, &byte, 1),
						     WF_STREAM_LIMIT);
			}
			assert_int_equal(rig->stream.next_off, MANY);
			for (uint64_t off = 0; off < MANY; off++)
				assert_int_equal(rig->out[off], (uint8_t)(off * 31 + 1));
			stream_rig_free(rig);
		}
	}
}

TEST(stream_overlapping_segments_in_every_policy_end)
{
	for (int policy = 1; policy < WEFT_OVERLAP_COUNT; policy++) {
		struct stream_rig *rig = stream_rig_new(&(struct stream_rig_opts){
			.policy = (enum weft_overlap)policy, .out_bytes_max = MANY + 4096});

		for (uint64_t i = 0; i < MANY / 10; i++) {
			uint8_t bytes[16];

			memset(bytes, (int)i, sizeof(bytes));
			stream_rig_put(rig, 1 + hostile_off(2, i * 10), bytes, 16);
		}
		stream_rig_put(rig, 0, truth(0), 1);
		stream_rig_free(rig);
	}
}

#if WF_DEBUG >= 1
/*
 * Makes all kinds of memory requests in one run, of which the @nth fails; frames and rings were
 * allocated before. *ret_reached: false if there were fewer requests.
 */
static void play_with_fault(uint64_t nth, bool *ret_reached)
{
	struct stream_rig *rig = stream_rig_new(&(struct stream_rig_opts){
		.source = STREAM_RIG_FRAMES, .policy = WEFT_OVERLAP_LAST, .hold = true});
	uint8_t zeros[64] = {0};
	struct wf_chunk gap;

	wf_fault_arm(nth);
	put_true(rig, 100, 100);
	put_true(rig, 300, 10);
	stream_rig_put(rig, 120, zeros, 20);
	put_true(rig, 310, 5);
	put_true(rig, 0, 100);
	put_true(rig, 315, 50);
	do {
		stream_rig_drain(rig, UINT64_MAX);
	} while (wf_stream_skip(&rig->stream, &rig->env, 400, &gap));
	*ret_reached = wf_fault_disarm();
	assert_int_equal(rig->stream.extents, 0);
	stream_rig_free(rig);
}

TEST(stream_any_failing_request_is_survived)
{
	bool reached = true;
	uint64_t nth = 0;

	while (reached)
		play_with_fault(++nth, &reached);
	assert_true(nth > 8);
}
#endif
