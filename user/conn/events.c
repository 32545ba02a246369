// SPDX-License-Identifier: BSD-2-Clause
/*
 * events.c - builds events in the public form. An event whose type no subscriber wants is not
 * built, except OPEN, whose identity is needed to evaluate the filters of subscriptions.
 */
#include "conn/events.h"

#include <stddef.h>
#include <string.h>

#include "deliver/dispatch.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "splits/splits.h"

/*
 * Result of choose_place(): the bytes of a chunk may stay where they are, should be copied to
 * another page, or must be copied.
 */
enum place {
	PLACE_STAY = 0,
	PLACE_BETTER_LEAVE,
	PLACE_MUST_LEAVE,
};

/* Fill in the members that all events have. @identity must be valid as long as @event. */
static void begin(const struct wf_conns *conns, struct weft_event *event,
		  struct weft_flow *identity, enum weft_event_type type, const struct wf_flow *flow,
		  enum weft_dir dir, uint64_t now_ns)
{
	const struct wf_flow_ext *ext = wf_flow_table_ext(&conns->table, flow);

	wf_flow_describe(flow, identity);
	identity->worker = (uint8_t)conns->table.worker;
	identity->file = conns->file;
	event->type = type;
	event->dir = dir;
	event->time_ns = now_ns + conns->skew_ns;
	event->flow = identity;
	event->user = ext ? ext->user : NULL;
}

/* Fill in the part of an OPEN event that does not depend on the subscription. */
static void describe_open(const struct wf_flow *flow, struct weft_open *ret_open)
{
	memset(ret_open, 0, sizeof(*ret_open));
	ret_open->midstream = flow->flags & WF_FLOW_MIDSTREAM;
	for (int i = 0; i < WEFT_DIR_COUNT; i++) {
		const struct wf_tcp_dir *sender = &flow->tcp.dir[i];

		ret_open->has_isn[i] = !ret_open->midstream &&
				       wf_tcp_knows(sender, WF_TCP_KNOWS_IRS) &&
				       !wf_tcp_knows(sender, WF_TCP_GUESSED);
		ret_open->isn[i] = ret_open->has_isn[i] ? sender->irs : 0;
	}
}

/* The offset of an event that concerns no bytes of the stream. */
#define NO_OFF UINT64_MAX

/*
 * Introduce @half's connection to the subscriptions @not_introduced, which began after it or whose
 * queue rejected its OPEN: they get its data from @off, where the next event of this direction
 * begins, and from the next offset of the other direction.
 */
static void introduce(const struct wf_half *half, uint32_t not_introduced, uint64_t off,
		      uint64_t now_ns)
{
	struct weft_flow identity;
	struct weft_event open;

	begin(half->conns, &open, &identity, WEFT_EVENT_OPEN, half->flow, WEFT_TO_SERVER, now_ns);
	describe_open(half->flow, &open.open);
	open.open.midway = true;
	for (int i = 0; i < WEFT_DIR_COUNT; i++)
		open.open.off[i] = half->flow->stream[i].next_off;
	if (off != NO_OFF)
		open.open.off[half->dir] = off;
	wf_dispatch_introduce(half->conns->dispatch, not_introduced, half->flow, &open);
}

static __attribute__((noinline)) uint32_t choose(const struct wf_half *half, uint32_t takers,
						 uint64_t off, uint64_t now_ns)
{
	struct wf_dispatch *dispatch = half->conns->dispatch;
	uint32_t not_introduced;
	uint32_t chosen = wf_dispatch_choose(dispatch, takers, half->flow, &not_introduced);

	if (wf_likely(!not_introduced))
		return chosen;
	introduce(half, not_introduced, off, now_ns);
	return wf_dispatch_choose(dispatch, takers, half->flow, &not_introduced);
}

/*
 * Return those of the subscriptions @takers that want events of this connection. The event begins
 * at @off of the stream.
 */
static uint32_t choose_takers(const struct wf_half *half, uint32_t takers, uint64_t off,
			      uint64_t now_ns)
{
	if (wf_unlikely(takers & half->conns->dispatch->needs_map))
		return choose(half, takers, off, now_ns);
	return takers;
}

/* Return the subscriptions that want an event of @half, which begins at @off of the stream. */
static uint32_t takers_of(const struct wf_half *half, enum weft_event_type type, uint64_t off,
			  uint64_t now_ns)
{
	uint32_t takers = wf_dispatch_takers(half->conns->dispatch, half->dir, type);

	return choose_takers(half, takers, off, now_ns);
}

void wf_events_open(struct wf_conns *conns, const struct wf_flow *flow, uint64_t now_ns)
{
	uint32_t takers = wf_dispatch_takers(conns->dispatch, WEFT_TO_SERVER, WEFT_EVENT_OPEN);
	uint32_t not_introduced; /* none: wf_dispatch_begin() evaluates all filters */
	struct weft_flow identity;
	struct weft_event event;

	wf_metric_inc(conns->metrics, flows_opened_flows);
	if (flow->flags & WF_FLOW_MIDSTREAM)
		wf_metric_inc(conns->metrics, flows_midstream_flows);
	if (!(takers | conns->dispatch->needs_map))
		return;
	begin(conns, &event, &identity, WEFT_EVENT_OPEN, flow, WEFT_TO_SERVER, now_ns);
	describe_open(flow, &event.open);
	wf_dispatch_begin(conns->dispatch, flow, &identity);
	takers = wf_dispatch_choose(conns->dispatch, takers, flow, &not_introduced);
	wf_dispatch_open(conns->dispatch, takers, flow, &event);
}

/*
 * Decide whether the bytes of @chunk stay in their receive frame. Bytes in a queue keep their page
 * in use until they are read. If only few receive frames are free, the bytes must be copied to
 * another page, so that queued data never uses up the frames. Under memory pressure small chunks
 * are copied too, because each of them takes a whole frame.
 *
 * Lent bytes must be copied to a page if they are put into a queue.
 */
static enum place choose_place(const struct wf_conns *conns, const struct wf_chunk *chunk,
			       uint32_t takers)
{
	if (chunk->is_lent)
		return wf_dispatch_queues(conns->dispatch, takers) ? PLACE_MUST_LEAVE : PLACE_STAY;
	if (!chunk->page || !wf_page_is_frame(chunk->page))
		return PLACE_STAY;
	if (!wf_page_pool_may_keep_frame(conns->stream_env.pages))
		return PLACE_MUST_LEAVE;
	if (conns->stream_env.leave_small && chunk->len_bytes <= conns->opts->page_small_bytes)
		return PLACE_BETTER_LEAVE;
	return PLACE_STAY;
}

/* Copy @chunk to a new page. Return: NULL if no page is left. */
static struct wf_page *copy_to_page(struct wf_conns *conns, const struct wf_chunk *chunk)
{
	struct wf_page *page = wf_page_pool_take(conns->stream_env.pages, chunk->len_bytes);

	if (!page)
		return NULL;
	wf_page_copy_in(page, 0, chunk->bytes, chunk->len_bytes);
	wf_metric_inc(conns->metrics, segments_copied_segments);
	wf_metric_add(conns->metrics, delivery_copied_bytes, chunk->len_bytes);
	return page;
}

/* Fill in the common fields of an event of @half. */
static void begin_half(const struct wf_half *half, struct weft_event *event,
		       struct weft_flow *identity, enum weft_event_type type, uint64_t now_ns)
{
	begin(half->conns, event, identity, type, half->flow, half->dir, now_ns);
}

/* Report @chunk as a gap: its bytes must not stay where they are, and no page for a copy is left.
 */
static void lose_data(const struct wf_half *half, const struct wf_chunk *chunk)
{
	half->conns->is_starved = true;
	wf_metric_add(half->conns->metrics, payload_no_memory_bytes, chunk->len_bytes);
	wf_events_gap(half, chunk->off, chunk->len_bytes, WEFT_GAP_MEMORY, chunk->time_ns);
}

/* Count @chunk as delivered, and pass it to @takers. */
static void deliver(const struct wf_half *half, const struct wf_chunk *chunk, uint32_t takers)
{
	struct wf_conns *conns = half->conns;
	struct weft_flow identity;
	struct weft_event event;

	wf_events_count_data(half, chunk->len_bytes);
	if (!takers)
		return;
	begin_half(half, &event, &identity, WEFT_EVENT_DATA, chunk->time_ns);
	event.data.bytes = chunk->bytes;
	event.data.len_bytes = (uint32_t)chunk->len_bytes;
	event.data.off = chunk->off;
	wf_dispatch_event(conns->dispatch, takers, &event, chunk->page);
}

/*
 * Return the number of bytes of @chunk to copy to the next page: all if they fit in a page of the
 * large class, fill at least 2/3 of the page that would be used, or if the pool has no large class;
 * else as many as fit in a page of the large class. A packet of several segments (GSO) has any
 * length up to 64 KiB; in a page of 64 KiB, one of 20 KiB would use three times its length.
 */
static uint64_t piece_bytes(const struct wf_page_pool *pages, const struct wf_chunk *chunk)
{
	size_t large_bytes = wf_page_pool_large_bytes(pages);
	size_t page_bytes = wf_page_pool_advise(pages, chunk->len_bytes, chunk->len_bytes);

	if (!large_bytes || chunk->len_bytes <= large_bytes ||
	    chunk->len_bytes * 3 >= page_bytes * 2)
		return chunk->len_bytes;
	return large_bytes;
}

/* Copy the first bytes of @chunk to a page and deliver them. Return: their number; 0: no page. */
static uint64_t deliver_copy(const struct wf_half *half, const struct wf_chunk *chunk,
			     uint32_t takers)
{
	struct wf_conns *conns = half->conns;
	struct wf_chunk piece = *chunk;

	piece.len_bytes = piece_bytes(conns->stream_env.pages, chunk);
	piece.page = copy_to_page(conns, &piece);
	if (!piece.page)
		return 0;
	piece.bytes = wf_page_bytes(piece.page);
	deliver(half, &piece, takers);
	wf_page_put(piece.page);
	return piece.len_bytes;
}

/*
 * Deliver copies of @chunk, in pieces. If there is no page for a piece, that piece and all bytes
 * after it are delivered in place if they may stay there, else lost.
 */
static __attribute__((noinline)) void deliver_copies(const struct wf_half *half,
						     const struct wf_chunk *chunk, uint32_t takers,
						     enum place place)
{
	struct wf_chunk rest = *chunk;
	uint64_t copied;

	while (rest.len_bytes && (copied = deliver_copy(half, &rest, takers))) {
		if (place == PLACE_BETTER_LEAVE)
			wf_metric_inc(half->conns->metrics, relief_moved_segments);
		rest.off += copied;
		rest.bytes += copied;
		rest.len_bytes -= copied;
	}
	if (!rest.len_bytes)
		return;
	if (place == PLACE_BETTER_LEAVE)
		deliver(half, &rest, takers);
	else
		lose_data(half, &rest);
}

void wf_events_report_data(const struct wf_half *half, const struct wf_chunk *chunk,
			   uint32_t takers)
{
	enum place place = PLACE_STAY;

	takers = choose_takers(half, takers, chunk->off, chunk->time_ns);
	if (takers)
		place = choose_place(half->conns, chunk, takers);
	if (wf_likely(place == PLACE_STAY))
		deliver(half, chunk, takers);
	else
		deliver_copies(half, chunk, takers, place);
}

void wf_events_gap(const struct wf_half *half, uint64_t off, uint64_t len_bytes,
		   enum weft_gap_cause cause, uint64_t now_ns)
{
	struct wf_conns *conns = half->conns;
	struct wf_late *late = wf_flow_table_need_late(&conns->table, half->flow, half->dir);
	struct wf_flow_ext *ext = wf_half_ext(half);
	struct weft_flow identity;
	struct weft_event event;
	uint32_t takers;

	half->flow->gap_bytes[half->dir] += len_bytes;
	if (ext)
		ext->half[half->dir].gap_count++;
	if (late)
		wf_late_add_gap(late, off, off + len_bytes);
	wf_metric_inc(conns->metrics, gaps);
	wf_metric_add(conns->metrics, gaps_bytes, len_bytes);
	wf_metric_inc(conns->metrics, gaps_by_cause[cause]);
	wf_metric_add(conns->metrics, gap_bytes_by_cause[cause], len_bytes);
	takers = takers_of(half, WEFT_EVENT_GAP, off, now_ns);
	if (!takers)
		return;
	begin_half(half, &event, &identity, WEFT_EVENT_GAP, now_ns);
	event.gap.off = off;
	event.gap.len_bytes = len_bytes;
	event.gap.cause = cause;
	wf_dispatch_event(conns->dispatch, takers, &event, NULL);
}

void wf_events_anomaly(const struct wf_half *half, enum weft_anomaly kind, uint64_t off,
		       uint64_t len_bytes, uint64_t now_ns)
{
	uint32_t takers = takers_of(half, WEFT_EVENT_ANOMALY, NO_OFF, now_ns);
	struct weft_flow identity;
	struct weft_event event;

	wf_metric_inc(half->conns->metrics, anomalies_by_kind[kind]);
	if (!takers)
		return;
	begin_half(half, &event, &identity, WEFT_EVENT_ANOMALY, now_ns);
	event.anomaly.kind = kind;
	event.anomaly.off = off;
	event.anomaly.len_bytes = len_bytes;
	event.anomaly.kept = NULL;
	event.anomaly.lost = NULL;
	event.anomaly.shown_bytes = 0;
	wf_dispatch_event(half->conns->dispatch, takers, &event, NULL);
}

void wf_events_split(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	enum weft_dir dir = flow->packets[WEFT_TO_SERVER] ? WEFT_TO_SERVER : WEFT_TO_CLIENT;
	const struct wf_half half = wf_half_of(conns, flow, dir);

	if (!conns->splits || flow->packets[!dir] || flow->flags & WF_FLOW_HALF)
		return;
	flow->flags |= WF_FLOW_HALF;
	if (wf_splits_add(conns->splits, &flow->key,
			  dir == WEFT_TO_SERVER ? flow->client : !flow->client))
		wf_events_anomaly(&half, WEFT_ANOMALY_VLAN_SPLIT, 0, 0, now_ns);
}

void wf_events_conflict(const struct wf_half *half, const struct wf_insert_info *info,
			uint64_t now_ns)
{
	uint32_t takers = takers_of(half, WEFT_EVENT_ANOMALY, NO_OFF, now_ns);
	struct weft_flow identity;
	struct weft_event event;

	wf_metric_inc(half->conns->metrics, anomalies_by_kind[WEFT_ANOMALY_OVERLAP_CONFLICT]);
	if (!takers)
		return;
	begin_half(half, &event, &identity, WEFT_EVENT_ANOMALY, now_ns);
	event.anomaly.kind = WEFT_ANOMALY_OVERLAP_CONFLICT;
	event.anomaly.off = info->conflict_off;
	event.anomaly.len_bytes = info->conflict_bytes;
	event.anomaly.kept = info->kept;
	event.anomaly.lost = info->lost;
	event.anomaly.shown_bytes = info->shown_bytes;
	wf_dispatch_event(half->conns->dispatch, takers, &event, NULL);
}

void wf_events_close(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		     uint64_t now_ns)
{
	const struct wf_half half = wf_half_of(conns, flow, WEFT_TO_SERVER);
	uint32_t takers = takers_of(&half, WEFT_EVENT_CLOSE, NO_OFF, now_ns);
	struct weft_flow_record record;
	struct weft_flow identity;
	struct weft_event event;

	wf_metric_inc(conns->metrics, flows_closed_flows);
	wf_metric_inc(conns->metrics, flows_closed_by_reason[reason]);
	if (!takers)
		return;
	wf_flow_record(flow, wf_flow_table_ext(&conns->table, flow), reason, &record);
	for (int i = 0; i < WEFT_DIR_COUNT; i++) {
		const struct wf_late *late =
			wf_flow_table_late(&conns->table, flow, (enum weft_dir)i);

		record.counts[i].late_bytes = late ? late->late_bytes : 0;
	}
	record.end_ns += conns->skew_ns;
	begin(conns, &event, &identity, WEFT_EVENT_CLOSE, flow, WEFT_TO_SERVER, now_ns);
	event.close = &record;
	wf_dispatch_event(conns->dispatch, takers, &event, NULL);
}
