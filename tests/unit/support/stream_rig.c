// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/stream_rig.h"

#include "unit/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "reassembly/fixed_pages.h"
#include "memory/slab.h"
#include "metrics/metrics.h"
#include "reassembly/stream_insert.h"
#include "reassembly/stream_pop.h"

enum { MIB = 1 << 20, FRAME_BYTES = 2048, HEADROOM_BYTES = 54, FILES_BYTES = 1 << 22 };

static struct wf_metrics *metrics_new(void)
{
	struct wf_metrics *metrics = aligned_alloc(WF_CACHE_LINE, sizeof(*metrics));

	memset(metrics, 0, sizeof(*metrics));
	return metrics;
}

struct stream_rig *stream_rig_new(const struct stream_rig_opts *opts)
{
	struct stream_rig *rig = calloc(1, sizeof(*rig));
	struct wf_page_pool_opts pool = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
		.frame_bytes = opts->source == STREAM_RIG_FRAMES ? FRAME_BYTES : 0,
		.frames = opts->source == STREAM_RIG_FRAMES ? 256 : 0,
		.frames_reserve = opts->source == STREAM_RIG_FRAMES ? 64 : 0,
		.max_bytes = opts->pages_bytes,
	};

	if (opts->fixed)
		wf_fixed_pages_choose(&pool);
	rig->opts = *opts;
	if (!rig->opts.out_bytes_max)
		rig->opts.out_bytes_max = 4096;
	rig->out = calloc(1, rig->opts.out_bytes_max);
	rig->known = calloc(1, rig->opts.out_bytes_max);
	if (opts->source == STREAM_RIG_MAPPED)
		rig->files = malloc(FILES_BYTES);
	rig->env.metrics = metrics_new();
	rig->env.pages_max = opts->pages_max ? opts->pages_max : WEFT_STREAM_PAGES_MAX;
	rig->env.fixed = opts->fixed;
	assert_int_equal(
		wf_arena_new(opts->arena_bytes ? opts->arena_bytes : 32 * MIB, &rig->arena), 0);
	assert_int_equal(wf_page_pool_new(rig->arena, &pool, rig->env.metrics, &rig->env.pages), 0);
	wf_page_pool_adopt(rig->env.pages);
	assert_int_equal(wf_slab_new(rig->arena, WF_EXTENT_BYTES,
				     opts->extents_max ? opts->extents_max : 1000000,
				     &rig->env.extents),
			 0);
	return rig;
}

void stream_rig_free(struct stream_rig *rig)
{
	stream_rig_assert_ledger(rig);
	wf_stream_clear(&rig->stream, &rig->env, true);
	stream_rig_assert_ledger(rig);
	assert_int_equal(wf_metric_get(rig->env.metrics, payload_held_bytes), 0);
	assert_int_equal(rig->stream.held_cost, 0);
	assert_int_equal(rig->stream.extents, 0);
	assert_int_equal(wf_slab_taken(rig->env.extents), 0);
	wf_page_pool_housekeep(rig->env.pages, 0);
	assert_int_equal(wf_page_pool_taken(rig->env.pages), 0);
	assert_true(wf_page_pool_is_valid(rig->env.pages));
	wf_slab_free(rig->env.extents);
	wf_page_pool_adopt(NULL);
	wf_page_pool_free(rig->env.pages);
	assert_int_equal(wf_arena_used_bytes(rig->arena), 0);
	wf_arena_free(rig->arena);
	free(rig->env.metrics);
	free(rig->out);
	free(rig->known);
	free(rig->files);
	free(rig);
}

void stream_rig_assert_ledger(const struct stream_rig *rig)
{
	const struct wf_metrics *metrics = rig->env.metrics;
	uint64_t sum = 0;

	sum += wf_metric_get(metrics, payload_delivered_bytes);
	sum += wf_metric_get(metrics, payload_overlap_bytes);
	sum += wf_metric_get(metrics, payload_evicted_bytes);
	sum += wf_metric_get(metrics, payload_no_memory_bytes);
	sum += wf_metric_get(metrics, payload_unaccepted_bytes);
	sum += wf_metric_get(metrics, payload_held_bytes);
	assert_int_equal(sum + rig->below_bytes, rig->offered_bytes);
}

static void deliver(struct stream_rig *rig, const struct wf_chunk *chunk)
{
	rig->chunks++;
	assert_true(chunk->len_bytes > 0);
	assert_true(chunk->off + chunk->len_bytes <= rig->opts.out_bytes_max);
	if (!chunk->bytes) {
		rig->gap_bytes += chunk->len_bytes;
		return;
	}
	for (uint64_t i = 0; i < chunk->len_bytes; i++)
		assert_int_equal(rig->known[chunk->off + i], 0);
	memcpy(rig->out + chunk->off, chunk->bytes, chunk->len_bytes);
	memset(rig->known + chunk->off, 1, chunk->len_bytes);
	wf_metric_add(rig->env.metrics, payload_delivered_bytes, chunk->len_bytes);
}

void stream_rig_drain(struct stream_rig *rig, uint64_t limit_off)
{
	struct wf_chunk chunk;
	uint64_t next_off = rig->stream.next_off;

	while (wf_stream_pop(&rig->stream, &rig->env, limit_off, &chunk)) {
		assert_int_equal(chunk.off, next_off);
		next_off += chunk.len_bytes;
		assert_int_equal(rig->stream.next_off, next_off);
		deliver(rig, &chunk);
		wf_page_put(chunk.page);
	}
}

/*
 * Returns the memory in which a source would have stored @len bytes: a receive frame, or a part of
 * a file.
 */
static const uint8_t *place(struct stream_rig *rig, const uint8_t *bytes, uint32_t len,
			    struct wf_page **ret_page)
{
	uint64_t off;
	uint8_t *to;

	*ret_page = NULL;
	if (rig->opts.source == STREAM_RIG_MAPPED) {
		assert_true(rig->files_used + len <= FILES_BYTES);
		to = rig->files + rig->files_used;
		rig->files_used += len;
	} else {
		assert_int_equal(wf_page_pool_take_frames(rig->env.pages, &off, 1), 1);
		*ret_page = wf_arena_page_at(rig->arena, off);
		to = wf_page_bytes(*ret_page) + HEADROOM_BYTES;
	}
	memcpy(to, bytes, len);
	return to;
}

/* Returns how many of @len bytes at @off lie below @next_off. */
static uint64_t below_bytes(uint64_t off, uint32_t len, uint64_t next_off)
{
	if (off >= next_off)
		return 0;
	return next_off - off < len ? next_off - off : len;
}

enum wf_stream_result stream_rig_put_cut(struct stream_rig *rig, uint64_t off, const uint8_t *bytes,
					 uint32_t len, uint32_t captured)
{
	struct wf_stream_segment segment = {
		.off = off,
		.len_bytes = len,
		.captured_bytes = captured,
		.time_ns = ++rig->time_ns,
		.acked_off = rig->acked_off,
		.policy = rig->opts.policy,
		.hold = rig->opts.hold,
	};
	enum wf_stream_result result;
	uint64_t next_off;

	segment.bytes = place(rig, bytes, captured, &segment.page);
	next_off = rig->stream.next_off;
	result = wf_stream_insert(&rig->stream, &rig->env, &segment, &rig->info);
	if (result != WF_STREAM_LIMIT) {
		rig->offered_bytes += captured;
		rig->below_bytes += below_bytes(off, captured, next_off);
	}
	if (result == WF_STREAM_IN_ORDER) {
		assert_int_equal(rig->info.chunk.off, next_off);
		deliver(rig, &rig->info.chunk);
	}
	if (rig->opts.out_bytes_max == 4096) /* the check is slow */
		assert_true(wf_stream_is_valid(&rig->stream, &rig->env));
	wf_page_put(segment.page);
	if (!rig->opts.hold)
		stream_rig_drain(rig, UINT64_MAX);
	return result;
}

enum wf_stream_result stream_rig_put(struct stream_rig *rig, uint64_t off, const uint8_t *bytes,
				     uint32_t len)
{
	return stream_rig_put_cut(rig, off, bytes, len, len);
}

uint32_t stream_rig_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15ull;
	uint64_t z = *state;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (uint32_t)(z >> 32);
}
