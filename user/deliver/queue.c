// SPDX-License-Identifier: BSD-2-Clause
/*
 * queue.c - the worker's side of a queue: writes records to the ring and applies the overflow
 * policy.
 *
 *   record: │ header 64 │ identity of the flow 64 │ close record or conflicting bytes │
 *
 * A payload is never copied: the record owns a reference to its page. There are no records for
 * dropped events: each header has the event's number, and the reader detects a loss if it is not
 * the expected number, whether old or new events were dropped.
 *
 * drop-oldest works without locks: the worker drops a record by advancing `claim`. The reader sets
 * the lowest bit of `claim` while it copies. Until it has finished, the worker does not overwrite
 * any bytes at or after `start`, so a record that is being read stays intact even if the worker
 * drops it meanwhile. The side that advances `claim` past a record owns that record. If the ring is
 * full of records that are being copied, the newest event is dropped instead.
 *
 * Both sides sleep as described in base/waiter.h: the worker until there is room, the reader until
 * there are records.
 */
#include "deliver/queue.h"

#include <errno.h>
#include <string.h>

#include <weft/limits.h>

#include "base/clock.h"
#include "deliver/queue_internal.h"
#include "memory/arena.h"
#include "memory/page.h"

enum {
	LAZY_WAKE_SHARE = 16, /* wake a lazily woken reader when 1/16 of the ring is filled */
};
#define NOT_STUCK	 UINT64_MAX
#define SPACE_NAP_NS	 (100 * WF_NS_PER_MS)
#define STOP_PATIENCE_NS (1 * WF_NS_PER_SEC)

static uint32_t record_bytes(const struct weft_event *event)
{
	size_t bytes = offsetof(struct wf_record, close);

	if (event->type == WEFT_EVENT_CLOSE)
		bytes += sizeof(struct weft_flow_record);
	else if (event->type == WEFT_EVENT_ANOMALY && event->anomaly.shown_bytes)
		bytes += 2 * WEFT_CONFLICT_BYTES_MAX;
	return (uint32_t)((bytes + WF_RECORD_ALIGN - 1) & ~(size_t)(WF_RECORD_ALIGN - 1));
}

static uint64_t payload_bytes(const struct weft_event *event)
{
	return event->type == WEFT_EVENT_DATA ? event->data.len_bytes : 0;
}

int wf_queue_init(struct wf_queue *queue, const struct wf_queue_opts *opts)
{
	uint64_t ring_bytes = WEFT_SPAN_BYTES;

	while (2 * ring_bytes <= opts->bytes / 8)
		ring_bytes *= 2;
	queue->ring = wf_arena_take_run(opts->arena, ring_bytes);
	if (!queue->ring)
		return -ENOBUFS;

	queue->arena = opts->arena;
	queue->ring_bytes = ring_bytes;
	queue->payload_max_bytes = opts->bytes - ring_bytes;
	queue->wake_bytes = opts->lazy_wake ? ring_bytes / LAZY_WAKE_SHARE : 1;
	queue->overflow = opts->overflow;
	queue->reader = opts->reader;
	queue->stopping = opts->stopping;
	queue->ended = opts->ended;
	queue->is_blocked = opts->is_blocked;
	queue->stuck_taken = NOT_STUCK;
	return 0;
}

/* ---- the worker ---- */

/*
 * Return the position of the first byte that the reader may still read. Pairs with the store in
 * wf_queue_take() that ends copying.
 */
static uint64_t oldest_in_use(const struct wf_queue *queue)
{
	uint64_t claim = atomic_load(&queue->claim);

	if (claim & WF_CLAIM_COPYING)
		return atomic_load_explicit(&queue->start, memory_order_acquire);
	return claim;
}

/*
 * Return the payload bytes that are waiting or lent, without those of the event that is being
 * pushed.
 */
static uint64_t payload_in_use(const struct wf_queue *queue, uint64_t pushing_bytes)
{
	return wf_count_get(&queue->pushed_bytes) - pushing_bytes -
	       wf_count_get(&queue->dropped_bytes) - atomic_load(&queue->released_bytes);
}

/*
 * If a record of @bytes does not fit before the ring's end, return the number of bytes left there,
 * which are filled with padding; else return 0.
 */
static uint64_t pad_bytes(const struct wf_queue *queue, uint64_t bytes)
{
	uint64_t rest = queue->ring_bytes - (queue->head & (queue->ring_bytes - 1));

	return rest < bytes ? rest : 0;
}

static bool has_room(struct wf_queue *queue, uint64_t bytes, uint64_t payload)
{
	uint64_t end = queue->head + pad_bytes(queue, bytes) + bytes;
	uint64_t in_use;

	if (end - queue->oldest_seen > queue->ring_bytes) {
		queue->oldest_seen = oldest_in_use(queue);
		if (end - queue->oldest_seen > queue->ring_bytes)
			return false;
	}
	if (!payload)
		return true;
	in_use = payload_in_use(queue, payload);
	if (in_use && in_use + payload > queue->payload_max_bytes)
		return false;
	if (in_use + payload > wf_count_get(&queue->high_water_bytes))
		atomic_store_explicit(&queue->high_water_bytes, in_use + payload,
				      memory_order_relaxed);
	return true;
}

/* Publish the written records. Return: true if there were unpublished records. */
static bool publish(struct wf_queue *queue)
{
	if (wf_count_get(&queue->published) == queue->head)
		return false;
	/* Pairs with the loads in wf_queue_take() and wf_queue_is_empty(). */
	atomic_store(&queue->published, queue->head);
	return true;
}

void wf_queue_flush(struct wf_queue *queue)
{
	if (!publish(queue))
		return;
	if (queue->wake_bytes == 1 ||
	    queue->head - (atomic_load(&queue->claim) & ~WF_CLAIM_COPYING) >= queue->wake_bytes)
		wf_waiter_wake(queue->reader);
}

static void drop_record(struct wf_queue *queue, struct wf_record *record)
{
	if (record->type == WF_RECORD_PAD)
		return;
	wf_count_add(&queue->dropped_events, 1);
	wf_count_add(&queue->dropped_bytes, wf_record_payload_bytes(record));
	wf_page_put(record->page);
}

/* Drop the oldest record that the reader has not claimed. Return: false if there is none. */
static bool drop_oldest(struct wf_queue *queue)
{
	uint64_t claim = atomic_load(&queue->claim);
	uint64_t pos = claim & ~WF_CLAIM_COPYING;
	struct wf_record *record;

	if (pos == wf_count_get(&queue->published) && !publish(queue))
		return false;
	record = wf_record_at(queue, pos);
	if (atomic_compare_exchange_strong(&queue->claim, &claim, claim + record->len_bytes))
		drop_record(queue, record);
	return true;
}

static bool has_left(const struct wf_queue *queue, uint32_t side)
{
	return atomic_load(&queue->left) & side;
}

/* Return true if the reader takes no more events, because it has left or will leave. */
static bool reader_is_gone(const struct wf_queue *queue)
{
	return atomic_load(queue->ended) || has_left(queue, WF_QUEUE_LEFT_READER);
}

bool wf_queue_clear(struct wf_queue *queue, uint32_t events_max)
{
	if (has_left(queue, WF_QUEUE_LEFT_WORKER))
		return true;
	for (uint32_t i = 0; i < events_max; i++)
		if (!drop_oldest(queue))
			return true;
	return false;
}

bool wf_queue_has_passed(const struct wf_queue *queue, uint64_t position)
{
	return wf_count_get(&queue->dropped_bytes) + atomic_load(&queue->released_bytes) >=
		       position ||
	       has_left(queue, WF_QUEUE_LEFT_READER);
}

uint32_t wf_queue_drop_waiting(struct wf_queue *queue, uint32_t events_max, uint64_t *ret_bytes)
{
	uint64_t events = wf_count_get(&queue->dropped_events);
	uint64_t bytes = wf_count_get(&queue->dropped_bytes);

	*ret_bytes = 0;
	if (queue->overflow == WEFT_OVERFLOW_BLOCK ||
	    payload_in_use(queue, 0) <= queue->payload_max_bytes / 2)
		return 0;
	for (uint32_t i = 0; i < events_max; i++)
		if (payload_in_use(queue, 0) <= queue->payload_max_bytes / 4 || !drop_oldest(queue))
			break;
	*ret_bytes = wf_count_get(&queue->dropped_bytes) - bytes;
	return (uint32_t)(wf_count_get(&queue->dropped_events) - events);
}

static bool wait_for_reader(struct wf_queue *queue, uint64_t bytes, uint64_t payload)
{
	uint64_t taken = wf_count_get(&queue->taken_events);
	uint64_t stopped_ns = 0;

	publish(queue);
	wf_waiter_wake(queue->reader);
	if (taken == queue->stuck_taken)
		return false;
	queue->stuck_taken = NOT_STUCK;
	for (;;) {
		uint32_t ticket = wf_waiter_announce(&queue->room);

		if (has_room(queue, bytes, payload))
			break;
		if (reader_is_gone(queue))
			return false;
		wf_waiter_sleep(&queue->room, ticket, wf_clock_monotonic_ns() + SPACE_NAP_NS);
		if (!atomic_load(queue->stopping))
			continue;
		if (wf_count_get(&queue->taken_events) != taken || !stopped_ns) {
			taken = wf_count_get(&queue->taken_events);
			stopped_ns = wf_clock_monotonic_ns();
		} else if (wf_clock_monotonic_ns() - stopped_ns > STOP_PATIENCE_NS) {
			queue->stuck_taken = taken;
			return false;
		}
	}
	wf_waiter_cancel(&queue->room);
	return true;
}

/*
 * Wait until the reader has made room. Return: false if the reader will not make room, because it
 * has left, or because the handle stops and the reader takes no more events.
 */
static bool wait_for_room(struct wf_queue *queue, uint64_t bytes, uint64_t payload)
{
	bool has_room;

	atomic_store(queue->is_blocked, true);
	has_room = wait_for_reader(queue, bytes, payload);
	atomic_store(queue->is_blocked, false);
	/*
	 * Pairs with wait_for_callbacks() in registry.c: either it sees that this worker is not
	 * blocked, or this worker sees that the subscription has ended.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	return has_room;
}

/*
 * Make room as the policy says. When the handle stops, wait for the reader first: no more packets
 * arrive that could be lost meanwhile, and all connections end at once.
 */
static bool make_room(struct wf_queue *queue, uint64_t bytes, uint64_t payload)
{
	while (!has_room(queue, bytes, payload)) {
		if (atomic_load(queue->stopping) && wait_for_room(queue, bytes, payload))
			continue;
		switch (queue->overflow) {
		case WEFT_OVERFLOW_DROP_OLDEST:
			if (!drop_oldest(queue))
				return false;
			break;
		case WEFT_OVERFLOW_DROP_NEWEST:
			return false;
		case WEFT_OVERFLOW_DEFAULT:
		case WEFT_OVERFLOW_BLOCK:
			if (!wait_for_room(queue, bytes, payload))
				return false;
			break;
		}
	}
	return true;
}

static void fill_conflict(struct wf_record *record, const struct weft_event *event)
{
	uint32_t shown = event->anomaly.shown_bytes;

	if (shown > WEFT_CONFLICT_BYTES_MAX)
		shown = WEFT_CONFLICT_BYTES_MAX;
	record->shown_bytes = (uint8_t)shown;
	memcpy(record->conflict, event->anomaly.kept, shown);
	memcpy(record->conflict + WEFT_CONFLICT_BYTES_MAX, event->anomaly.lost, shown);
}

static void fill_record(struct wf_record *record, const struct weft_event *event,
			struct wf_page *page)
{
	record->type = (uint8_t)event->type;
	record->dir = (uint8_t)event->dir;
	record->time_ns = event->time_ns;
	record->page = NULL;
	record->flow = *event->flow;
	switch (event->type) {
	case WEFT_EVENT_DATA:
		record->off = event->data.off;
		record->stream_bytes = event->data.len_bytes;
		record->bytes = event->data.bytes;
		record->page = page;
		if (page)
			wf_page_get(page);
		break;
	case WEFT_EVENT_GAP:
		record->off = event->gap.off;
		record->stream_bytes = event->gap.len_bytes;
		record->what = (uint8_t)event->gap.cause;
		break;
	case WEFT_EVENT_CLOSE:
		record->close = *event->close;
		break;
	case WEFT_EVENT_ANOMALY:
		record->off = event->anomaly.off;
		record->stream_bytes = event->anomaly.len_bytes;
		record->what = (uint8_t)event->anomaly.kind;
		record->shown_bytes = 0;
		if (event->anomaly.shown_bytes)
			fill_conflict(record, event);
		break;
	case WEFT_EVENT_OPEN:
		record->off = event->open.off[0];
		record->stream_bytes = event->open.off[1];
		record->what = event->open.midway;
		break;
	case WEFT_EVENT_DROP:
		break;
	}
}

void wf_queue_push(struct wf_queue *queue, const struct weft_event *event, struct wf_page *page)
{
	uint64_t number = wf_count_get(&queue->pushed_events);
	uint64_t before = wf_count_get(&queue->pushed_bytes);
	uint64_t payload = payload_bytes(event);
	uint32_t bytes = record_bytes(event);
	struct wf_record *record;
	uint64_t pad;

	wf_count_add(&queue->pushed_events, 1);
	wf_count_add(&queue->pushed_bytes, payload);
	if (wf_unlikely(!make_room(queue, bytes, payload))) {
		wf_count_add(&queue->dropped_events, 1);
		wf_count_add(&queue->dropped_bytes, payload);
		return;
	}

	pad = pad_bytes(queue, bytes);
	if (pad) {
		record = wf_record_at(queue, queue->head);
		record->len_bytes = (uint32_t)pad;
		record->type = WF_RECORD_PAD;
		queue->head += pad;
	}
	record = wf_record_at(queue, queue->head);
	record->len_bytes = bytes;
	record->number = number;
	record->before_bytes = before;
	fill_record(record, event, page);
	queue->head += bytes;
	wf_assert_valid(wf_queue_is_valid(queue));
}

void wf_queue_close(struct wf_queue *queue)
{
	if (has_left(queue, WF_QUEUE_LEFT_WORKER))
		return;
	publish(queue);
	/*
	 * Pairs with the load in wf_queue_is_finished(): the last records are published before
	 * the queue is closed.
	 */
	atomic_store(&queue->closed, true);
	wf_waiter_wake(queue->reader);
	wf_queue_leave(queue, WF_QUEUE_LEFT_WORKER);
}

/* ---- both ---- */

/*
 * Drop all waiting records and give back the ring. Both sides have left, so no other thread
 * uses the queue.
 */
static void drain(struct wf_queue *queue)
{
	uint64_t pos = wf_count_get(&queue->claim) & ~WF_CLAIM_COPYING;

	for (; pos != queue->head; pos += wf_record_at(queue, pos)->len_bytes)
		drop_record(queue, wf_record_at(queue, pos));
	atomic_store(&queue->claim, pos);
	wf_arena_put_run(queue->arena, queue->ring, queue->ring_bytes);
	queue->ring = NULL;
}

void wf_queue_leave(struct wf_queue *queue, uint32_t side)
{
	uint32_t before = atomic_fetch_or(&queue->left, side);

	if (before & side)
		return;
	if (before)
		drain(queue);
	else if (side == WF_QUEUE_LEFT_READER)
		wf_waiter_wake(&queue->room);
}

void wf_queue_stats_add(const struct wf_queue *queue, struct weft_sub_stats *stats)
{
	uint64_t taken_events = wf_count_get(&queue->taken_events),
		 taken = wf_count_get(&queue->taken_bytes);
	uint64_t dropped_events = wf_count_get(&queue->dropped_events),
		 dropped = wf_count_get(&queue->dropped_bytes);
	uint64_t pushed_events = wf_count_get(&queue->pushed_events),
		 pushed = wf_count_get(&queue->pushed_bytes);

	stats->pushed_events += pushed_events;
	stats->pushed_bytes += pushed;
	stats->taken_events += taken_events;
	stats->taken_bytes += taken;
	stats->dropped_events += dropped_events;
	stats->dropped_bytes += dropped;
	stats->waiting_events += pushed_events - taken_events - dropped_events;
	stats->waiting_bytes += pushed - taken - dropped;
	stats->high_water_bytes += wf_count_get(&queue->high_water_bytes);
}

bool wf_queue_is_valid(const struct wf_queue *queue)
{
	uint64_t claim = atomic_load(&queue->claim) & ~WF_CLAIM_COPYING;

	return queue->head - claim <= queue->ring_bytes &&
	       queue->head - wf_count_get(&queue->published) <= queue->ring_bytes &&
	       queue->head % WF_RECORD_ALIGN == 0 && claim % WF_RECORD_ALIGN == 0;
}
