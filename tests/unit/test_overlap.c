// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_overlap.c - compares every policy with the model, for every relation of segments.
 *
 * Segments have their endpoints at six possible offsets. This gives every order of the endpoints of
 * three intervals, including equal endpoints, and therefore all of Allen's relations for pairs and
 * triplets.
 */
#include "unit/support/test.h"

#include <stdio.h>
#include <string.h>

#include "reassembly/overlap.h"
#include "reassembly/stream_gap.h"
#include "unit/support/overlap_model.h"
#include "unit/support/stream_rig.h"

enum { PLACES = 6, SPANS = PLACES * (PLACES - 1) / 2, HOLE = 3 };

static struct span {
	int start;
	int end;
} spans[SPANS];

static int make_spans(void **state)
{
	int n = 0;

	for (int start = 0; start < PLACES; start++) {
		for (int end = start + 1; end < PLACES; end++)
			spans[n++] = (struct span){start, end};
	}
	return n != SPANS;
}

/* Writes bytes that identify their segment and their offset. */
static void fill(uint8_t *bytes, int which, int off, int len)
{
	for (int i = 0; i < len; i++)
		bytes[i] = (uint8_t)(which * 64 + (off + i) % 61 + 1);
}

TEST(overlap_row_agrees_with_the_published_table)
{
	for (int policy = 0; policy < WEFT_OVERLAP_COUNT; policy++) {
		const struct wf_overlap_policy *row = wf_overlap_policy(policy);

		for (int i = 0; i < SPANS * SPANS; i++) {
			struct span a = spans[i / SPANS];
			struct span b = spans[i % SPANS];
			struct wf_overlap_range held = {(uint64_t)a.start, (uint64_t)a.end};
			struct wf_overlap_range incoming = {(uint64_t)b.start, (uint64_t)b.end};

			if (a.end <= b.start || b.end <= a.start)
				continue;
			assert_int_equal(
				row->replaces(&held, &incoming),
				overlap_model_newer_wins(policy, a.start, a.end, b.start, b.end));
		}
	}
}

TEST(overlap_unknown_policy_is_the_default)
{
	assert_ptr_equal(wf_overlap_policy((enum weft_overlap)999),
			 wf_overlap_policy(WEFT_OVERLAP_DEFAULT));
}

struct play {
	struct stream_rig *rig;
	struct overlap_model *model;
	int scale;
};

static void put(struct play *play, int which, int off, int len)
{
	uint8_t bytes[MODEL_BYTES_MAX];

	fill(bytes, which, off, len);
	overlap_model_put(play->model, off, bytes, len);
	stream_rig_put(play->rig, (uint64_t)off, bytes, (uint32_t)len);
}

static void put_span(struct play *play, int which, struct span span)
{
	put(play, which, HOLE + span.start * play->scale, (span.end - span.start) * play->scale);
}

static void assert_same(const struct play *play, const struct span *order, int count)
{
	for (int off = 0; off < HOLE + PLACES * play->scale; off++) {
		int expected = overlap_model_get(play->model, off);
		int got = play->rig->known[off] ? play->rig->out[off] : -1;

		if (expected == got)
			continue;
		for (int i = 0; i < count; i++)
			print_message("segment %d: %d..%d\n", i, order[i].start, order[i].end);
		fail_msg("policy %d, scale %d: byte %d is %d, should be %d", play->rig->opts.policy,
			 play->scale, off, got, expected);
	}
}

/* Sends the segments behind a hole, then fills the hole and flushes the stream. */
static void play_one(const struct stream_rig_opts *opts, int scale, const struct span *order,
		     int count)
{
	static struct stream_rig *rig;
	static struct stream_rig_opts rig_opts;
	struct play play = {.scale = scale};
	struct wf_chunk gap;

	if (rig && memcmp(&rig_opts, opts, sizeof(*opts))) {
		stream_rig_free(rig);
		rig = NULL;
	}
	if (!opts->out_bytes_max) /* the end of the test: all memory must be free */
		return;
	if (!rig)
		rig = stream_rig_new(opts);
	rig_opts = *opts;
	memset(&rig->stream, 0, sizeof(rig->stream));
	memset(rig->known, 0, rig->opts.out_bytes_max);
	rig->files_used = 0;

	play.rig = rig;
	play.model = overlap_model_new(opts->policy);
	for (int i = 0; i < count; i++)
		put_span(&play, i, order[i]);
	put(&play, 3, 0, HOLE);
	stream_rig_drain(rig, UINT64_MAX);
	while (wf_stream_skip(&rig->stream, &rig->env, HOLE + (uint64_t)(PLACES * scale), &gap))
		stream_rig_drain(rig, UINT64_MAX);
	assert_same(&play, order, count);
	assert_int_equal(rig->stream.extents, 0);
	overlap_model_free(play.model);
}

static void play_all(enum stream_rig_source source, bool hold, int scale, int count)
{
	int total = 1;

	for (int i = 0; i < count; i++)
		total *= SPANS;
	for (int policy = 0; policy < WEFT_OVERLAP_COUNT; policy++) {
		struct stream_rig_opts opts;

		memset(&opts, 0, sizeof(opts));
		opts.source = source;
		opts.policy = (enum weft_overlap)policy;
		opts.hold = hold;
		opts.out_bytes_max = MODEL_BYTES_MAX;
		for (int n = 0; n < total; n++) {
			struct span order[4];

			for (int i = 0, rest = n; i < count; i++, rest /= SPANS)
				order[i] = spans[rest % SPANS];
			play_one(&opts, scale, order, count);
		}
	}
	play_one(&(struct stream_rig_opts){0}, 1, NULL, 0);
}

TEST(overlap_every_pair_equals_the_model)
{
	play_all(STREAM_RIG_MAPPED, false, 1, 2);
	play_all(STREAM_RIG_FRAMES, false, 7, 2);
	play_all(STREAM_RIG_FRAMES, false, 290, 2);
	play_all(STREAM_RIG_FRAMES, true, 3, 2);
}

TEST(overlap_every_triplet_of_mapped_segments_equals_the_model)
{
	play_all(STREAM_RIG_MAPPED, false, 1, 3);
}

TEST(overlap_every_triplet_of_copied_segments_equals_the_model)
{
	play_all(STREAM_RIG_FRAMES, false, 11, 3);
}

TEST(overlap_every_triplet_held_for_acknowledgement_equals_the_model)
{
	play_all(STREAM_RIG_MAPPED, true, 1, 3);
}

TEST_GROUP(make_spans, NULL);
