// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_insert.c - inserts a segment that overlaps held data, is out of order, or must be held.
 *
 *   incoming        ├───────────────────────────────┤
 *   held       ├──A──┤       ├──B──┤            ├──C──┤
 *              └lost─┴──run──┴lost─┴─────run────┴lost─┘     if A, B and C are kept
 *
 * The policy divides the segment into lost ranges, in which held bytes are kept, and runs, whose
 * bytes are taken from the segment. For each run, held copies are removed, and the run is held in
 * one extent, or delivered if it is next in order. Memory for the run is allocated before that, so
 * the held bytes are kept if there is no memory. Work: O(log n) for each run, each lost range, and
 * each held extent that a run removes.
 */
#include "reassembly/stream_insert.h"

#include <stddef.h>
#include <string.h>

#include "memory/page_pool.h"
#include "reassembly/contest.h"
#include "reassembly/fixed_pages.h"
#include "reassembly/hold.h"
#include "reassembly/overlap.h"

/*
 * While less than 1/WEFT_SCARCE_PARTS of the memory for traffic is left, a stream that holds more
 * than SHORT_HELD_BYTES (a few reordered segments) may not hold more. While less than half of that
 * part is left, no stream that holds data may hold more.
 */
enum { SHORT_HELD_BYTES = 4096 };

static const uint8_t *segment_bytes(const struct wf_insertion *ins, uint64_t off)
{
	return ins->segment->bytes + (off - ins->segment->off);
}

static uint32_t clamp_u32(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

/* ---- two copies of the same bytes ---- */

static void note_conflict(struct wf_insertion *ins, uint64_t off, uint64_t end_off,
			  const uint8_t *kept, const uint8_t *lost)
{
	struct wf_insert_info *info = ins->info;

	if (!info->conflict) {
		info->conflict = true;
		info->conflict_off = off;
		info->shown_bytes = (uint32_t)wf_min_u64(end_off - off, WEFT_CONFLICT_BYTES_MAX);
		memcpy(info->kept, kept, info->shown_bytes);
		memcpy(info->lost, lost, info->shown_bytes);
	}
	info->conflict_bytes = end_off - info->conflict_off;
}

/* Compare both copies of the bytes [off, end_off), one of which is dropped; count the overlap. */
static void meet(struct wf_insertion *ins, const struct wf_extent *extent, uint64_t off,
		 uint64_t end_off, bool replaced)
{
	const uint8_t *held = wf_extent_bytes(extent) + (off - extent->off);
	const uint8_t *incoming = segment_bytes(ins, off);
	uint64_t len_bytes = end_off - off;
	uint64_t first = 0;

	ins->info->overlap = true;
	wf_metric_add(ins->env->metrics, payload_overlap_bytes, len_bytes);
	if (!memcmp(held, incoming, len_bytes))
		return;

	while (held[first] == incoming[first])
		first++;
	while (held[len_bytes - 1] == incoming[len_bytes - 1])
		len_bytes--;
	note_conflict(ins, off + first, off + len_bytes, (replaced ? incoming : held) + first,
		      (replaced ? held : incoming) + first);
}

/* ---- removing the held bytes of a range, which a run replaces ---- */

struct cut {
	uint64_t off;
	uint64_t end_off;
	/* new extent for the bytes after the range; 0 unless one extent exceeds both its ends */
	uint32_t split_id;
	uint64_t chain_off; /* offset at which the current extent's segment began */
	uint64_t chain_end_off;
};

/* Make @extent the first of its chain, and record the length of the removed part before it. */
static void hide_before(const struct wf_insertion *ins, struct wf_extent *extent,
			uint64_t chain_off)
{
	extent->flags &= (uint8_t)~WF_EXTENT_JOINED;
	if (ins->policy->keeps_whole)
		extent->hidden_before = clamp_u32(extent->off - chain_off);
}

static void hide_after(const struct wf_insertion *ins, struct wf_extent *extent, uint32_t bytes)
{
	if (ins->policy->keeps_whole)
		extent->hidden_after = clamp_u32((uint64_t)extent->hidden_after + bytes);
}

static void cut_tail(const struct wf_insertion *ins, struct wf_extent *extent, uint64_t off)
{
	uint32_t bytes = (uint32_t)(wf_extent_end(extent) - off);

	wf_hold_cut_tail(extent, bytes);
	hide_after(ins, extent, bytes);
}

static void cut_middle(struct wf_insertion *ins, const struct cut *cut, struct wf_extent *extent)
{
	struct wf_extent *right = wf_extent_at(ins->env->extents, cut->split_id);

	wf_hold_split(extent, (uint32_t)(cut->end_off - extent->off), right);
	hide_after(ins, extent, right->len_bytes);
	cut_tail(ins, extent, cut->off);
	hide_before(ins, right, cut->chain_off);
	wf_extents_insert(ins->env->extents, &ins->stream->extents, cut->split_id);
	ins->stream->held_cost += WF_EXTENT_COST;
}

/* Remove the bytes of extent @id that lie in the range @cut. */
static void cut_one(struct wf_insertion *ins, const struct cut *cut, uint32_t id)
{
	struct wf_extent *extent = wf_extent_at(ins->env->extents, id);
	uint64_t off = wf_max_u64(cut->off, extent->off);
	uint64_t end_off = wf_min_u64(cut->end_off, wf_extent_end(extent));
	uint32_t bytes = (uint32_t)(end_off - off);

	meet(ins, extent, off, end_off, true);
	wf_metric_sub(ins->env->metrics, payload_held_bytes, bytes);
	if (bytes == extent->len_bytes) {
		wf_hold_put(extent);
		wf_stream_remove(ins->stream, ins->env, id);
		return;
	}

	ins->stream->held_cost -= bytes;
	if (off == extent->off) {
		wf_hold_cut_head(extent, bytes);
		hide_before(ins, extent, cut->chain_off);
	} else if (end_off == wf_extent_end(extent)) {
		cut_tail(ins, extent, off);
	} else {
		cut_middle(ins, cut, extent);
	}
}

/* Remove the bytes in the range @cut from the held extents, from extent @id on. */
static void cut_run(struct wf_insertion *ins, struct cut *cut, uint32_t id)
{
	const struct wf_slab *slab = ins->env->extents;

	while (id) {
		struct wf_extent *extent = wf_extent_at(slab, id);
		uint32_t next_id = wf_extents_next(slab, id);
		bool follows =
			extent->flags & WF_EXTENT_JOINED && cut->chain_end_off == extent->off;

		if (extent->off >= cut->end_off) {
			/* The earlier bytes of the chain were removed, so it now begins here. */
			if (follows && extent->off == cut->end_off)
				hide_before(ins, extent, cut->chain_off);
			return;
		}
		if (!follows)
			cut->chain_off = wf_contest_segment_off(extent);
		cut->chain_end_off = wf_extent_end(extent) + extent->hidden_after;
		cut_one(ins, cut, id);
		id = next_id;
	}
}

/* ---- keeping a run ---- */

/*
 * Set all members of @extent except its storage and len_bytes. @covers: the extent that holds the
 * byte at @off at present, or NULL.
 */
static void describe(const struct wf_insertion *ins, struct wf_extent *extent, uint64_t off,
		     uint64_t end_off, const struct wf_extent *covers)
{
	const struct wf_stream_segment *segment = ins->segment;

	*extent = (struct wf_extent){
		.arrival = ins->arrival,
		.off = off,
		.time_ns = covers ? covers->time_ns : segment->time_ns,
	};
	if (!ins->policy->keeps_whole)
		return;

	extent->hidden_after = clamp_u32(segment->off + segment->len_bytes - end_off);
	if (ins->joins && off == segment->off)
		extent->flags = WF_EXTENT_JOINED;
	else
		extent->hidden_before = clamp_u32(off - segment->off);
	/* The extent gets the arrival number of a held segment that began at the same offset. */
	if (!ins->joins && covers && wf_contest_segment_off(covers) == segment->off)
		extent->arrival = covers->arrival;
}

static bool hold(struct wf_insertion *ins, const struct wf_hold_source *source,
		 struct wf_extent *extent)
{
	if (wf_likely(!ins->env->fixed))
		return wf_hold_take(ins->env, source, extent);
	if (!wf_fixed_pages_hold(ins->env, source, extent))
		return false;
	ins->copied |= extent->page != NULL;
	return true;
}

static bool take_storage(struct wf_insertion *ins, struct wf_extent *extent, uint64_t end_off,
			 const struct wf_place *place, bool splits)
{
	const struct wf_slab *slab = ins->env->extents;
	struct wf_hold_source source = {
		.bytes = segment_bytes(ins, extent->off),
		.len_bytes = (uint32_t)(end_off - extent->off),
		.page = ins->segment->page,
		.is_lent = ins->segment->is_lent,
		.held_cost = ins->stream->held_cost,
	};

	/* The first part of a split segment needs the room in its neighbour's page. */
	if (!splits && place->before_id)
		source.near[0] = wf_extent_at(slab, place->before_id);
	if (!splits && place->after_id)
		source.near[1] = wf_extent_at(slab, place->after_id);
	return hold(ins, &source, extent);
}

/*
 * Hold [off, end_off) in a new extent. @place: position of @off among the extents. @splits: true if
 * the segment's bytes before @off will be merged into the preceding extent.
 */
static bool hold_apart(struct wf_insertion *ins, uint64_t off, uint64_t end_off,
		       const struct wf_place *place, bool splits)
{
	struct wf_slab *slab = ins->env->extents;
	const struct wf_extent *after =
		place->after_id ? wf_extent_at(slab, place->after_id) : NULL;
	bool covered = after && after->off <= off;
	bool cuts = after && after->off < end_off;
	struct cut cut = {.off = off, .end_off = end_off, .chain_end_off = UINT64_MAX};
	uint32_t id = wf_slab_take(slab);
	struct wf_extent *extent;

	if (!id)
		return false;
	if (covered && after->off < off && wf_extent_end(after) > end_off) {
		cut.split_id = wf_slab_take(slab);
		if (!cut.split_id)
			goto put_extent;
	}
	extent = wf_extent_at(slab, id);
	describe(ins, extent, off, end_off, covered ? after : NULL);
	if (splits) {
		extent->flags = WF_EXTENT_JOINED;
		extent->hidden_before = 0;
	}
	if (!take_storage(ins, extent, end_off, place, splits))
		goto put_split;

	cut_run(ins, &cut, place->after_id);
	if (cuts)
		wf_extents_insert(slab, &ins->stream->extents, id);
	else
		wf_extents_insert_at(slab, &ins->stream->extents, id, place);
	ins->stream->held_cost += wf_extent_cost(extent);
	ins->held = true;
	ins->copied |= extent->flags & WF_EXTENT_COPIED;
	wf_metric_add(ins->env->metrics, payload_held_bytes, extent->len_bytes);
	wf_stream_settle(ins->stream, ins->env, id);
	return true;

put_split:
	if (cut.split_id)
		wf_slab_put(slab, cut.split_id);
put_extent:
	wf_slab_put(slab, id);
	return false;
}

/*
 * Return the number of bytes of [off, end_off) that can be merged into the preceding extent, to
 * which the segment is joined. Return 0 if the segment has the flag hold, because each such segment
 * is delivered with its own time.
 */
static uint32_t mergeable_bytes(const struct wf_insertion *ins, uint64_t off, uint64_t end_off,
				const struct wf_place *place)
{
	const struct wf_slab *slab = ins->env->extents;

	if (!ins->joins || off != ins->segment->off || ins->segment->hold)
		return 0;
	if (place->after_id && wf_extent_at(slab, place->after_id)->off < end_off)
		return 0;
	return (uint32_t)wf_min_u64(wf_hold_room(wf_extent_at(slab, place->before_id)),
				    end_off - off);
}

/* Append the first @bytes of the segment to extent @id. @whole: these bytes are the whole run. */
static void merge(struct wf_insertion *ins, uint32_t id, uint32_t bytes, bool whole)
{
	const struct wf_stream_segment *segment = ins->segment;
	struct wf_extent *extent = wf_extent_at(ins->env->extents, id);
	uint32_t next_id;

	ins->stream->held_cost -= wf_extent_cost(extent);
	wf_hold_extend(extent, segment->bytes, bytes);
	if (whole) {
		extent->merged++;
		extent->hidden_after = segment->len_bytes - bytes;
	}
	ins->stream->held_cost += wf_extent_cost(extent);
	ins->held = true;
	ins->copied = true;
	wf_metric_add(ins->env->metrics, payload_held_bytes, bytes);
	if (!(extent->flags & WF_EXTENT_FINAL))
		return;
	next_id = wf_extents_next(ins->env->extents, id);
	if (next_id)
		wf_stream_settle(ins->stream, ins->env, next_id);
}

/*
 * Hold the run [off, end_off) of the segment. Bytes that do not fit in the page of the preceding
 * extent are stored first, because that may fail for lack of memory. Then the other bytes are
 * appended to that extent. @place: position of @off among the extents.
 */
static bool hold_run(struct wf_insertion *ins, uint64_t off, uint64_t end_off,
		     const struct wf_place *place)
{
	uint32_t bytes = mergeable_bytes(ins, off, end_off, place);
	bool whole = bytes == end_off - off;

	if (!whole && !hold_apart(ins, off + bytes, end_off, place, bytes > 0))
		return false;
	if (bytes)
		merge(ins, place->before_id, bytes, whole);
	return true;
}

/* Pass the run [off, end_off) of the segment, which is next in order, to the caller. */
static void pass_run(struct wf_insertion *ins, uint64_t off, uint64_t end_off, uint32_t after_id)
{
	struct cut cut = {.off = off, .end_off = end_off, .chain_end_off = UINT64_MAX};

	cut_run(ins, &cut, after_id);
	ins->passed = true;
	ins->stream->next_off = end_off;
	ins->info->chunk = wf_stream_chunk_of(ins->segment, off, end_off - off);
}

static void take_run(struct wf_insertion *ins, uint64_t off, uint64_t end_off,
		     const struct wf_place *place)
{
	if (off == ins->stream->next_off && !ins->segment->hold) {
		pass_run(ins, off, end_off, place->after_id);
		return;
	}
	if (hold_run(ins, off, end_off, place))
		return;
	ins->failed = true;
	wf_metric_add(ins->env->metrics, payload_no_memory_bytes, end_off - off);
}

/* ---- the segment as a whole ---- */

static void insert(struct wf_insertion *ins)
{
	const struct wf_slab *slab = ins->env->extents;
	uint64_t off = wf_max_u64(ins->segment->off, ins->stream->next_off);

	struct wf_place place = ins->place;

	while (off < ins->end_off) {
		struct wf_outcome outcome = wf_contest_look_ahead(ins, place.after_id, off);

		if (outcome.run_end_off > off)
			take_run(ins, off, outcome.run_end_off, &place);
		if (outcome.lost_id)
			meet(ins, wf_extent_at(slab, outcome.lost_id), outcome.run_end_off,
			     outcome.lost_end_off, false);
		off = outcome.lost_end_off;
		if (off < ins->end_off)
			place = wf_extents_find(slab, &ins->stream->extents, off);
	}
	if (ins->passed)
		wf_stream_settle_next(ins->stream, ins->env);
}

/* Return true if every byte of the segment at or after next_off is already held. */
static bool is_all_held(const struct wf_insertion *ins)
{
	const struct wf_slab *slab = ins->env->extents;
	uint64_t off = wf_max_u64(ins->segment->off, ins->stream->next_off);
	uint32_t id = ins->place.after_id;

	while (off < ins->end_off) {
		const struct wf_extent *extent = id ? wf_extent_at(slab, id) : NULL;

		if (!extent || extent->off > off)
			return false;
		off = wf_extent_end(extent);
		id = wf_extents_next(slab, id);
	}
	return true;
}

/*
 * Return true if the stream must hold more bytes for the segment: it is not next in order, or has
 * the flag hold, and not all of its bytes are held already.
 */
static bool holds_more(const struct wf_insertion *ins)
{
	const struct wf_stream *stream = ins->stream;

	return (ins->segment->hold || ins->segment->off > stream->next_off) && !is_all_held(ins);
}

/* Return true if the stream would exceed its limit if it held the segment. */
static bool is_beyond_limit(const struct wf_insertion *ins)
{
	uint64_t limit =
		wf_min_u64((uint64_t)ins->env->pages_max * WEFT_STREAM_PAGE_BYTES, UINT32_MAX / 2);

	return ins->stream->held_cost &&
	       ins->stream->held_cost + ins->segment->captured_bytes + WF_EXTENT_COST > limit &&
	       holds_more(ins);
}

/* Return true if the stream would hold more, and memory is too short for that. */
static bool is_short(const struct wf_insertion *ins)
{
	uint32_t parts = WEFT_SCARCE_PARTS;

	if (!ins->stream->held_cost)
		return false;
	if (ins->stream->held_cost <= SHORT_HELD_BYTES)
		parts *= 2;
	return wf_page_pool_is_short(ins->env->pages, parts) && holds_more(ins);
}

static enum wf_stream_result result_of(const struct wf_insertion *ins)
{
	if (ins->held)
		wf_metric_inc(ins->env->metrics, segments_held_segments);
	if (ins->copied)
		wf_metric_inc(ins->env->metrics, segments_copied_segments);

	if (ins->passed)
		return WF_STREAM_IN_ORDER;
	if (ins->held)
		return WF_STREAM_HELD;
	return ins->failed ? WF_STREAM_NO_MEMORY : WF_STREAM_DUPLICATE;
}

enum wf_stream_result wf_stream_insert_slow(struct wf_stream *stream, struct wf_stream_env *env,
					    const struct wf_stream_segment *segment,
					    struct wf_insert_info *ret_info)
{
	struct wf_insertion ins = {
		.stream = stream,
		.env = env,
		.segment = segment,
		.info = ret_info,
		.policy = wf_overlap_policy(segment->policy),
		.range = {segment->off, segment->off + segment->len_bytes},
		.end_off = segment->off + segment->captured_bytes,
		.chain.end_off = UINT64_MAX,
	};

	ret_info->below_bytes = 0;
	ret_info->overlap = false;
	ret_info->conflict = false;
	ins.place = wf_extents_find(env->extents, &stream->extents,
				    wf_max_u64(segment->off, stream->next_off));
	if (is_beyond_limit(&ins))
		return WF_STREAM_LIMIT;
	if (wf_unlikely(is_short(&ins)))
		return WF_STREAM_SHORT;
	if (segment->off < stream->next_off)
		ret_info->below_bytes = wf_min_u64(ins.end_off, stream->next_off) - segment->off;
	ins.arrival = env->arrivals++;
	if (ins.policy->joins && segment->off > stream->next_off)
		wf_contest_try_join(&ins);
	insert(&ins);
	wf_assert_valid(wf_stream_is_valid(stream, env));
	return result_of(&ins);
}
