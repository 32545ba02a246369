// SPDX-License-Identifier: BSD-2-Clause
/*
 * queue_writer.c - the worker's side of a queue: writes records to the ring, or rejected events to
 * the back table.
 *
 *   record: │ header 64 │ identity of the flow 64 │ close record, conflicting bytes or sum │
 *
 * The payload of a DATA event is never copied: the record owns a reference to its page, or points
 * into a mapped file.
 *
 * Each record has its event's number. If a record is dropped (queue_room.c), the front table
 * accounts for its event numbers; the reader reports that table before the next record. A rejected
 * event is entered in the back table, whose events get their numbers when they are written to the
 * ring.
 *
 * Both sides sleep as described in base/waiter.h: the worker until there is room, the reader until
 * there are records.
 */
#include "queue/queue.h"

#include <string.h>

#include <weft/limits.h>

#include "queue/bundle.h"
#include "queue/queue_record.h"
#include "memory/page.h"

enum {
	/* a bundle, or a part of it, is one record of at most 1/4 of the ring and each limit */
	BUNDLE_SHARE = 4,
	PART_MIN = 4, /* minimum number of events of a part */
	/* a queue is nearly full if at most 1/8 of its payload limit is free */
	NEARLY_SHARE = 8,
};
#define RECORD_BYTES_MAX sizeof(struct wf_record)
_Static_assert((int)WF_LOSSES_CLOSES < (int)WEFT_QUEUE_MIN_EVENTS,
	       "an empty queue has room for the events of the back table and a new one");

static uint32_t record_bytes(const struct weft_event *event)
{
	size_t bytes = offsetof(struct wf_record, close);

	if (event->type == WEFT_EVENT_CLOSE)
		bytes += sizeof(struct weft_flow_record);
	else if (event->type == WEFT_EVENT_ANOMALY && event->anomaly.shown_bytes)
		bytes += 2 * WEFT_CONFLICT_BYTES_MAX;
	else if (event->type == WEFT_EVENT_DROP && !event->flow)
		bytes += sizeof(((struct wf_record *)NULL)->sum);
	return (uint32_t)((bytes + WF_RECORD_ALIGN - 1) & ~(size_t)(WF_RECORD_ALIGN - 1));
}

static uint64_t payload_bytes(const struct weft_event *event)
{
	return event->type == WEFT_EVENT_DATA ? event->data.len_bytes : 0;
}

/* ---- the worker ---- */

uint64_t wf_queue_pad_bytes(const struct wf_queue *queue, uint64_t bytes)
{
	uint64_t ring_bytes = wf_count_get(&queue->ring_bytes);
	uint64_t rest = ring_bytes - (queue->head & (ring_bytes - 1));

	return rest < bytes ? rest : 0;
}

/*
 * Prefetch the place of the next record for writing: after the ring's first turn, its lines are in
 * the cache of the reader's CPU.
 */
static void prefetch_next(const struct wf_queue *queue)
{
	const uint8_t *next = (const uint8_t *)wf_record_at(queue, queue->head);

	__builtin_prefetch(next, 1);
	__builtin_prefetch(next + WF_RECORD_ALIGN, 1);
}

/* Begin a record of @bytes, for which there is room, after padding at the ring's end if needed. */
static struct wf_record *begin_record(struct wf_queue *queue, uint32_t bytes)
{
	uint64_t pad = wf_queue_pad_bytes(queue, bytes);
	struct wf_record *record = wf_record_at(queue, queue->head);

	if (pad) {
		record->len_bytes = (uint32_t)pad;
		record->type = WF_RECORD_PAD;
		queue->head += pad;
		record = wf_record_at(queue, queue->head);
	}
	record->len_bytes = bytes;
	record->number = queue->next_number;
	return record;
}

static void end_record(struct wf_queue *queue, const struct wf_record *record)
{
	queue->next_number += wf_record_numbers(record);
	queue->records_in += wf_record_events(record);
	queue->head += record->len_bytes;
	prefetch_next(queue);
	wf_assert_valid(wf_queue_is_valid(queue));
}

/*
 * Write the record of an event, of @bytes, for which there is room. For DATA, the record takes over
 * one of the caller's references to @page.
 */
static void write_record(struct wf_queue *queue, const struct weft_event *event, uint32_t bytes,
			 struct wf_page *page)
{
	struct wf_record *record = begin_record(queue, bytes);

	wf_record_fill(record, event, page);
	end_record(queue, record);
}

/* Add to @need the room that the back table needs at most, with padding at the ring's end. */
static void add_back(const struct wf_queue *queue, struct wf_need *need)
{
	struct wf_losses_cursor cursor = {0};
	struct weft_event event;

	need->bytes += RECORD_BYTES_MAX; /* for padding at the ring's end */
	while (wf_losses_next(queue->back, &cursor, &event)) {
		need->bytes += record_bytes(&event);
		need->events += event.type != WEFT_EVENT_DROP;
	}
}

/* Write the back table to the ring, which has room for it. */
static void write_back(struct wf_queue *queue)
{
	struct wf_losses_cursor cursor = {0};
	struct weft_event event;

	while (wf_losses_next(queue->back, &cursor, &event))
		write_record(queue, &event, record_bytes(&event), NULL);
	wf_losses_clear(queue->back);
}

/*
 * Make room for @need, and write the back table to the ring before the new record. Return: false if
 * there is no room for both.
 */
static bool make_room(struct wf_queue *queue, const struct wf_need *need)
{
	struct wf_need all = *need;

	if (wf_likely(wf_losses_is_empty(queue->back))) {
		all.bytes += wf_queue_pad_bytes(queue, need->bytes);
		return wf_likely(wf_queue_has_room(queue, &all)) || wf_queue_make_room(queue, &all);
	}
	/* Adding up the back table takes longer than this check, at which a full queue fails. */
	if (!wf_queue_may_make_room(queue) && !wf_queue_has_room(queue, need))
		return false;
	add_back(queue, &all);
	if (!wf_queue_make_room(queue, &all))
		return false;
	write_back(queue);
	return true;
}

static void count_pushed(struct wf_queue *queue, uint64_t events, uint64_t bytes)
{
	wf_count_add(&queue->pushed_events, events);
	wf_count_add(&queue->pushed_bytes, bytes);
}

static void count_dropped(struct wf_queue *queue, uint64_t events, uint64_t bytes)
{
	wf_count_add(&queue->dropped_events, events);
	wf_count_add(&queue->dropped_bytes, bytes);
}

/* Enter a rejected CLOSE event in the back table. If there is no room, the event is lost. */
static void reject_close(struct wf_queue *queue, const struct weft_event *event)
{
	if (wf_losses_reserve(queue->back, event->flow, true)) {
		wf_losses_keep_close(queue->back, event->flow, event->close, event->time_ns);
		return;
	}
	wf_losses_add_sum(
		queue->back,
		&(struct wf_loss_sum){.events = 1, .closes = 1, .time_ns = event->time_ns});
	count_dropped(queue, 1, 0);
}

static void reject(struct wf_queue *queue, const struct weft_event *event)
{
	struct wf_loss_range range = {.events = 1, .bytes = payload_bytes(event)};

	if (event->type == WEFT_EVENT_CLOSE) {
		reject_close(queue, event);
		return;
	}
	if (event->type == WEFT_EVENT_DATA) {
		range.from_off = event->data.off;
		range.to_off = event->data.off + event->data.len_bytes;
	} else if (event->type == WEFT_EVENT_GAP) {
		range.from_off = event->gap.off;
		range.to_off = event->gap.off + event->gap.len_bytes;
	}
	wf_losses_add(queue->back, event->flow, event->dir, &range, event->time_ns);
	count_dropped(queue, 1, range.bytes);
}

void wf_queue_lose_unknown(struct wf_queue *queue, const struct weft_event *event)
{
	bool is_close = event->type == WEFT_EVENT_CLOSE;
	const struct wf_loss_sum sum = {
		.events = 1 + (uint64_t)is_close,
		.bytes = payload_bytes(event),
		.connections = is_close,
		.time_ns = event->time_ns,
	};

	count_pushed(queue, sum.events, sum.bytes);
	wf_losses_add_sum(queue->back, &sum);
	count_dropped(queue, sum.events, sum.bytes);
}

bool wf_queue_push(struct wf_queue *queue, const struct weft_event *event, struct wf_page *page)
{
	const struct wf_need need = {
		.bytes = record_bytes(event), .payload = payload_bytes(event), .events = 1};

	bool has_room = make_room(queue, &need);

	count_pushed(queue, 1, need.payload);
	if (wf_unlikely(!has_room)) {
		reject(queue, event);
		return false;
	}
	write_record(queue, event, (uint32_t)need.bytes, page);
	return true;
}

bool wf_queue_push_open(struct wf_queue *queue, const struct weft_event *event)
{
	const struct wf_need need = {.bytes = record_bytes(event), .events = 1};

	if (!make_room(queue, &need))
		return false;
	count_pushed(queue, 1, 0);
	write_record(queue, event, (uint32_t)need.bytes, NULL);
	return true;
}

/* ---- bundles ---- */

/*
 * Return true if @need is so small beside the queue that the queue may take or drop it as a whole.
 */
static bool is_small(const struct wf_queue *queue, const struct wf_need *need)
{
	return need->events <= wf_queue_ring_events(queue) / BUNDLE_SHARE &&
	       need->payload <= wf_count_get(&queue->payload_max_bytes) / BUNDLE_SHARE &&
	       need->events <= queue->events_max / BUNDLE_SHARE;
}

/*
 * Make room for events of a bundle as one record, without waiting for it. Return: false if there is
 * no room, or if the back table has entries.
 */
static bool make_room_for_part(struct wf_queue *queue, const struct wf_need *need)
{
	bool drops = queue->overflow == WEFT_OVERFLOW_DROP_OLDEST ||
		     queue->overflow == WEFT_OVERFLOW_RESIZE;
	struct wf_need padded = *need;

	if (!wf_losses_is_empty(queue->back))
		return false;
	padded.bytes += wf_queue_pad_bytes(queue, need->bytes);
	return drops ? wf_queue_make_room(queue, &padded) : wf_queue_has_room(queue, &padded);
}

/*
 * Write one record for the events of @bundle from index @first on that need @need, for which there
 * is room. The queue becomes a holder of @bundle, in place of the caller.
 */
static void write_part(struct wf_queue *queue, struct wf_bundle *bundle, uint32_t first,
		       const struct wf_need *need)
{
	struct wf_record *record;

	count_pushed(queue, need->events, need->payload);
	record = begin_record(queue, (uint32_t)need->bytes);
	record->type = WF_RECORD_BUNDLE;
	record->stream_bytes = need->payload;
	record->part.first = first;
	record->part.count = (uint32_t)need->events;
	record->bundle = bundle;
	end_record(queue, record);
}

/* Return the need of the largest small part of @bundle that begins at index @first. */
static struct wf_need part_need(const struct wf_queue *queue, struct wf_bundle *bundle,
				uint32_t first)
{
	struct wf_need need = {.bytes = WF_RECORD_ALIGN}, more = need;

	for (uint32_t i = first; i < bundle->events; i++) {
		more.payload += wf_record_payload_bytes(wf_bundle_record(bundle, i));
		more.events++;
		if (!is_small(queue, &more))
			break;
		need = more;
	}
	return need;
}

/*
 * Push events of @bundle in parts, for a queue that is too small for the whole bundle. Return: the
 * index of the first event that must be pushed singly, as all later ones; the number of events if
 * there is none.
 */
static uint32_t push_parts(struct wf_queue *queue, struct wf_bundle *bundle)
{
	uint32_t next = 0;

	while (next < bundle->events) {
		const struct wf_need need = part_need(queue, bundle, next);

		if (need.events < PART_MIN || !make_room_for_part(queue, &need))
			break;
		wf_bundle_get_many(bundle, 1);
		write_part(queue, bundle, next, &need);
		next += (uint32_t)need.events;
	}
	return next;
}

/* Push the events of @bundle from index @first on one by one. */
static void push_each(struct wf_queue *queue, struct wf_bundle *bundle, uint32_t first)
{
	for (uint32_t i = first; i < bundle->events; i++) {
		struct wf_record *record = wf_bundle_record(bundle, i);
		const struct weft_event event = wf_record_event(record);

		if (record->page)
			wf_page_get(record->page);
		if (!wf_queue_push(queue, &event, record->page))
			wf_page_put(record->page);
	}
}

/* Return true if at most 1/NEARLY_SHARE of the payload limit is free. */
static bool is_nearly_full(const struct wf_queue *queue)
{
	uint64_t payload_max = wf_count_get(&queue->payload_max_bytes);

	return wf_queue_payload_in_use(queue) > payload_max - payload_max / NEARLY_SHARE;
}

/*
 * Return true if the queue is full, and its policy rejects new events without waiting. While losses
 * wait in the back table of a queue that is nearly full, events without payload are rejected, too:
 * otherwise each of them would be written to the ring, after a record for the losses before it.
 */
static bool rejects_all(struct wf_queue *queue, struct wf_bundle *bundle)
{
	const struct wf_need first = {.bytes = WF_BUNDLE_RECORD_BYTES,
				      .payload =
					      wf_record_payload_bytes(wf_bundle_record(bundle, 0)),
				      .events = 1};

	if (wf_queue_may_make_room(queue))
		return false;
	return !wf_queue_has_room(queue, &first) ||
	       (!wf_losses_is_empty(queue->back) && is_nearly_full(queue));
}

bool wf_queue_push_bundle(struct wf_queue *queue, struct wf_bundle *bundle)
{
	const struct wf_need need = {.bytes = WF_RECORD_ALIGN,
				     .payload = bundle->payload_bytes,
				     .events = bundle->events};
	bool has_many = need.events >= WF_BUNDLE_MIN;
	bool is_whole = has_many && is_small(queue, &need);

	if (wf_likely(is_whole && make_room_for_part(queue, &need))) {
		write_part(queue, bundle, 0, &need);
		return true;
	}
	if (rejects_all(queue, bundle)) {
		count_pushed(queue, need.events, need.payload);
		wf_bundle_lose(bundle, 0, bundle->events, queue->back);
		count_dropped(queue, need.events, need.payload);
		return false;
	}
	push_each(queue, bundle, has_many && !is_whole ? push_parts(queue, bundle) : 0);
	return false;
}

/*
 * Write the back table to the ring if there is room, without waiting for the next event. While the
 * queue is nearly full, the table rather collects the losses of further batches.
 */
static void flush_back(struct wf_queue *queue)
{
	struct wf_need need = {.events = 0};

	if (is_nearly_full(queue))
		return;
	add_back(queue, &need);
	/* DROP records do not count as events, but wait for room like one event. */
	if (!need.events)
		need.events = 1;
	if (!wf_queue_has_room(queue, &need))
		return;
	write_back(queue);
}

void wf_queue_flush(struct wf_queue *queue)
{
	if (wf_unlikely(!wf_losses_is_empty(queue->back)))
		flush_back(queue);
	if (wf_unlikely(queue->overflow == WEFT_OVERFLOW_RESIZE))
		wf_queue_settle(queue);
	if (wf_unlikely(queue->marks))
		wf_queue_check_marks(queue);
	if (!wf_queue_publish(queue))
		return;
	if (queue->wake_events == 1 || wf_queue_ring_waiting(queue) >= queue->wake_events)
		wf_waiter_wake(queue->reader);
}

void wf_queue_close(struct wf_queue *queue)
{
	if (wf_queue_has_left(queue, WF_QUEUE_LEFT_WORKER))
		return;
	wf_queue_publish(queue);
	/*
	 * Pairs with the load in wf_queue_is_finished(): the last records are published before
	 * the queue is closed.
	 */
	atomic_store(&queue->closed, true);
	wf_waiter_wake(queue->reader);
	wf_queue_leave(queue, WF_QUEUE_LEFT_WORKER);
}
