// SPDX-License-Identifier: BSD-2-Clause
/*
 * queue_room.c - makes room in a queue as the overflow policy says, and drops waiting records.
 *
 * Dropping works without locks: the worker drops the oldest record by advancing `claim`. The reader
 * sets the lowest bit of `claim` while it copies. Until it has finished, the worker does not
 * overwrite any bytes at or after `start`, so a record that is being read stays intact even if the
 * worker drops it meanwhile. The side that advances `claim` past a record owns that record. If the
 * ring is full of records that are being copied, or if the front table has no room for an OPEN or
 * CLOSE event, the newest event is rejected instead.
 *
 * The worker enters a dropped record in the front table after it has advanced `claim`. A reader
 * that looks between these steps notices by the event numbers that an entry is missing, and takes
 * nothing.
 */
#include "base/clock.h"
#include "queue/bundle.h"
#include "queue/queue_record.h"
#include "queue/wait_budget.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "memory/page.h"

enum {
	CRITICAL_SHARE = 4
}; /* under critical pressure, the payload limit of a queue is at most 1/4 of all memory */
#define NOT_STUCK	 UINT64_MAX
#define SPACE_NAP_NS	 (100 * WF_NS_PER_MS)
#define STOP_PATIENCE_NS (1 * WF_NS_PER_SEC)
#define WAIT_MIN_NS	 WF_NS_PER_MS /* waiting for a shorter time is not worth a sleep */

static bool ring_has_room(struct wf_queue *queue, const struct wf_need *need)
{
	uint64_t end = queue->head + need->bytes, ring_bytes = wf_count_get(&queue->ring_bytes);
	uint64_t oldest = queue->oldest_seen;

	if (wf_queue_ring_waiting(queue) + need->events > wf_queue_ring_events(queue))
		return false;
	if (wf_likely(end - oldest <= ring_bytes))
		return true;
	oldest = queue->oldest_seen = wf_queue_oldest_in_use(queue);
	if (oldest < queue->ring_from)
		oldest = queue->ring_from; /* older records use the other ring */
	return end - oldest <= ring_bytes;
}

static bool has_event_room(const struct wf_queue *queue, uint64_t events)
{
	return queue->events_max == UINT64_MAX ||
	       wf_queue_ring_waiting(queue) + events <= queue->events_max;
}

bool wf_queue_has_room(struct wf_queue *queue, const struct wf_need *need)
{
	uint64_t in_use, payload = need->payload;

	if (!ring_has_room(queue, need) || !has_event_room(queue, need->events))
		return false;
	if (!payload)
		return true;
	in_use = wf_queue_payload_in_use(queue);
	if (in_use && in_use + payload > wf_count_get(&queue->payload_max_bytes))
		return false;
	if (in_use + payload > wf_count_get(&queue->high_water_bytes))
		atomic_store_explicit(&queue->high_water_bytes, in_use + payload,
				      memory_order_relaxed);
	return true;
}

/* ---- dropping ---- */

static struct wf_losses *take_front(struct wf_queue *queue)
{
	struct wf_losses *front = atomic_exchange(&queue->losses, NULL);

	for (int i = 0; i < 2 && !front; i++)
		front = atomic_exchange(&queue->spare[i], NULL);
	return front;
}

static void put_front(struct wf_queue *queue, struct wf_losses *front)
{
	/* Pairs with the exchange in begin_front() (queue_reader.c): the entries are complete. */
	if (!wf_losses_is_empty(front))
		atomic_store(&queue->losses, front);
	else
		wf_queue_put_spare(queue, front);
}

/* Return true if @record may be dropped. OPEN and CLOSE need an entry in @front that keeps them. */
static bool may_drop(struct wf_losses *front, const struct wf_record *record)
{
	if (record->type != WEFT_EVENT_OPEN && record->type != WEFT_EVENT_CLOSE)
		return true;
	return wf_losses_reserve(front, &record->flow, record->type == WEFT_EVENT_CLOSE);
}

static void enter_loss(struct wf_losses *front, const struct wf_record *record)
{
	struct wf_loss_range range = wf_record_loss(record);

	if (record->type == WEFT_EVENT_DROP) {
		range.events = record->lost_events;
		range.bytes = record->lost_bytes;
	}
	wf_losses_add(front, &record->flow, (enum weft_dir)record->dir, &range, record->time_ns);
}

/*
 * Enter a dropped record in @front. Return: the number of its events that are now lost; 0 if the
 * table keeps the event, or if the record is padding or a DROP event, which was counted before.
 */
static uint64_t enter_record(struct wf_losses *front, const struct wf_record *record)
{
	struct weft_open open;

	switch (record->type) {
	case WF_RECORD_PAD:
		return 0;
	case WEFT_EVENT_OPEN:
		open = wf_record_open(record);
		wf_losses_keep_open(front, &record->flow, &open, record->time_ns);
		return 0;
	case WEFT_EVENT_CLOSE:
		wf_losses_keep_close(front, &record->flow, &record->close, record->time_ns);
		return 0;
	case WEFT_EVENT_DROP:
		if (record->what)
			enter_loss(front, record);
		else
			wf_losses_add_sum(
				front, &(struct wf_loss_sum){.events = record->lost_events,
							     .bytes = record->lost_bytes,
							     .connections = record->sum.connections,
							     .closes = record->sum.closes,
							     .time_ns = record->time_ns});
		return 0;
	case WF_RECORD_BUNDLE:
		wf_bundle_lose(record->bundle, record->part.first, record->part.count, front);
		return record->part.count;
	default:
		enter_loss(front, record);
		return 1;
	}
}

static void drop_record(struct wf_queue *queue, struct wf_losses *front, struct wf_record *record)
{
	uint64_t lost = enter_record(front, record);

	queue->records_dropped += wf_record_events(record);
	wf_count_add(&queue->dropped_events, lost + wf_losses_moved(front));
	wf_count_add(&queue->dropped_bytes, wf_record_payload_bytes(record));
	wf_record_release(record);
}

/*
 * Prefetch the record at @pos and the one after it: a full queue soon drops them, too, and they
 * have left the caches.
 */
static void prefetch_next_drops(const struct wf_queue *queue, uint64_t pos)
{
	uint64_t end = wf_count_get(&queue->published);
	const struct wf_record *next = wf_record_at(queue, pos);

	if (pos == end)
		return;
	if (next->type == WF_RECORD_BUNDLE)
		wf_bundle_prefetch(next->bundle);
	if (pos + next->len_bytes != end)
		__builtin_prefetch(wf_record_at(queue, pos + next->len_bytes));
}

/*
 * Drop the oldest record that the reader has not claimed. Return: false if there is none, or if the
 * front table has no room for an entry that the record needs; true also if the reader has claimed
 * the record meanwhile.
 */
static bool drop_oldest(struct wf_queue *queue)
{
	uint64_t claim = atomic_load(&queue->claim);
	uint64_t pos = claim & ~WF_CLAIM_COPYING;
	struct wf_record *record;
	struct wf_losses *front;
	bool may;

	if (pos == wf_count_get(&queue->published) && !wf_queue_publish(queue))
		return false;
	front = take_front(queue);
	if (!front)
		return false;
	record = wf_record_at(queue, pos);
	may = may_drop(front, record);
	if (may &&
	    atomic_compare_exchange_strong(&queue->claim, &claim, claim + record->len_bytes)) {
		prefetch_next_drops(queue, pos + record->len_bytes);
		drop_record(queue, front, record);
	}
	put_front(queue, front);
	return may;
}

bool wf_queue_has_left(const struct wf_queue *queue, uint32_t side)
{
	return atomic_load(&queue->left) & side;
}

/*
 * Return true if the reader takes no more events, because it has left or the subscription has
 * ended.
 */
static bool reader_is_gone(const struct wf_queue *queue)
{
	return atomic_load(queue->ended) || wf_queue_has_left(queue, WF_QUEUE_LEFT_READER);
}

/* Drop the oldest record of a queue that has no reader any more. Return: false if there is none. */
static bool discard_oldest(struct wf_queue *queue)
{
	uint64_t claim = atomic_load(&queue->claim);
	uint64_t pos = claim & ~WF_CLAIM_COPYING;
	struct wf_record *record;

	if (pos == wf_count_get(&queue->published) && !wf_queue_publish(queue))
		return false;
	record = wf_record_at(queue, pos);
	if (!atomic_compare_exchange_strong(&queue->claim, &claim, claim + record->len_bytes))
		return true;
	wf_count_add(&queue->dropped_events, wf_record_events(record));
	wf_count_add(&queue->dropped_bytes, wf_record_payload_bytes(record));
	wf_record_release(record);
	return true;
}

bool wf_queue_clear(struct wf_queue *queue, uint32_t events_max)
{
	if (wf_queue_has_left(queue, WF_QUEUE_LEFT_WORKER))
		return true;
	for (uint32_t i = 0; i < events_max; i++)
		if (!discard_oldest(queue))
			return true;
	return false;
}

bool wf_queue_has_passed(const struct wf_queue *queue, uint64_t position)
{
	return wf_count_get(&queue->dropped_bytes) + atomic_load(&queue->released_bytes) >=
		       position ||
	       wf_queue_has_left(queue, WF_QUEUE_LEFT_READER);
}

/*
 * Return the payload limit under critical pressure: at most the size of the queue at creation, so
 * that a grown queue drops the excess, and at most 1/CRITICAL_SHARE of all memory. Dropping
 * begins at half of this limit; with a larger limit, memory might be full before dropping begins.
 */
static uint64_t critical_limit(const struct wf_queue *queue)
{
	uint64_t limit = wf_count_get(&queue->payload_max_bytes);
	uint64_t share = wf_arena_budget(queue->arena)->limit_bytes / CRITICAL_SHARE;

	if (limit > queue->base_bytes)
		limit = queue->base_bytes;
	return limit < share ? limit : share;
}

uint32_t wf_queue_drop_waiting(struct wf_queue *queue, uint32_t events_max, uint64_t *ret_bytes)
{
	uint64_t events = wf_count_get(&queue->dropped_events);
	uint64_t bytes = wf_count_get(&queue->dropped_bytes);
	uint64_t limit = critical_limit(queue);

	*ret_bytes = 0;
	if (queue->overflow == WEFT_OVERFLOW_BLOCK || wf_queue_payload_in_use(queue) <= limit / 2)
		return 0;
	for (uint32_t i = 0; i < events_max; i++)
		if (wf_queue_payload_in_use(queue) <= limit / 4 || !drop_oldest(queue))
			break;
	*ret_bytes = wf_count_get(&queue->dropped_bytes) - bytes;
	return (uint32_t)(wf_count_get(&queue->dropped_events) - events);
}

/* ---- waiting ---- */

/*
 * Return true if the handle is stopping and the reader has taken no event for STOP_PATIENCE_NS.
 * *@progress: number of events taken at *@progress_ns.
 */
static bool has_waited_enough(const struct wf_queue *queue, uint64_t now_ns, uint64_t *progress,
			      uint64_t *progress_ns)
{
	uint64_t taken = wf_count_get(&queue->taken_events);

	if (!atomic_load(queue->stopping))
		return false;
	if (taken != *progress || !*progress_ns) {
		*progress = taken;
		*progress_ns = now_ns;
	}
	return now_ns - *progress_ns > STOP_PATIENCE_NS;
}

/* Wait for room until @until_ns. Return: false if there is none. */
static bool wait_until(struct wf_queue *queue, const struct wf_need *need, uint64_t until_ns)
{
	uint64_t taken = wf_count_get(&queue->taken_events);
	uint64_t progress_ns = 0, now_ns;

	for (;;) {
		uint32_t ticket = wf_waiter_announce(&queue->room);

		if (wf_queue_has_room(queue, need))
			break;
		if (reader_is_gone(queue))
			return false;
		now_ns = wf_clock_monotonic_ns();
		if (now_ns >= until_ns || has_waited_enough(queue, now_ns, &taken, &progress_ns)) {
			queue->stuck_taken = wf_count_get(&queue->taken_events);
			return false;
		}
		wf_waiter_sleep(&queue->room, ticket,
				now_ns + SPACE_NAP_NS < until_ns ? now_ns + SPACE_NAP_NS
								 : until_ns);
	}
	wf_waiter_cancel(&queue->room);
	return true;
}

/* Return the time for which the worker may wait for room in @queue, whose time limit is block_ns.
 */
static uint64_t wait_limit_ns(const struct wf_queue *queue, uint64_t now_ns)
{
	uint64_t left_ns;

	if (!queue->budget)
		return queue->block_ns;
	left_ns = wf_wait_budget_left(queue->budget, now_ns);
	if (left_ns < WAIT_MIN_NS)
		return 0;
	return left_ns < queue->block_ns ? left_ns : queue->block_ns;
}

static bool wait_for_reader(struct wf_queue *queue, const struct wf_need *need)
{
	bool is_limited = queue->block_ns != UINT64_MAX && !atomic_load(queue->stopping);
	uint64_t now_ns = wf_clock_monotonic_ns();
	uint64_t limit_ns = is_limited ? wait_limit_ns(queue, now_ns) : UINT64_MAX - now_ns;
	bool has_room;

	queue->stuck_taken = limit_ns ? NOT_STUCK : wf_count_get(&queue->taken_events);
	if (!limit_ns)
		return false;
	wf_queue_publish(queue);
	wf_waiter_wake(queue->reader);
	if (queue->marks)
		wf_queue_check_marks(queue);
	has_room = wait_until(queue, need, now_ns + limit_ns);
	if (is_limited && queue->budget)
		wf_wait_budget_use(queue->budget, wf_clock_monotonic_ns() - now_ns);
	return has_room;
}

/*
 * Wait until the reader has made room. Return: false if the reader has left, the subscription has
 * ended, the time limit has passed, or the handle stops and the reader takes no more events; also
 * without waiting if wf_queue_is_stuck() or if no time is left in the budget.
 */
static bool wait_for_room(struct wf_queue *queue, const struct wf_need *need)
{
	bool has_room;

	if (wf_queue_is_stuck(queue))
		return false;
	atomic_store(queue->is_blocked, true);
	has_room = wait_for_reader(queue, need);
	atomic_store(queue->is_blocked, false);
	/*
	 * Pairs with wf_registry_wait_for_callbacks() (deliver/registry_wait.c): either that
	 * function sees that this worker is not blocked, or this worker sees that the subscription
	 * has ended.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	return has_room;
}

/* Make room in a full queue as the overflow policy says. Return: false if that is not possible. */
static bool overflow(struct wf_queue *queue, const struct wf_need *need)
{
	switch (queue->overflow) {
	case WEFT_OVERFLOW_RESIZE:
		return (has_event_room(queue, need->events) && wf_queue_grow(queue)) ||
		       drop_oldest(queue);
	case WEFT_OVERFLOW_DROP_OLDEST:
		return drop_oldest(queue);
	case WEFT_OVERFLOW_DROP_NEWEST:
		return false;
	case WEFT_OVERFLOW_DEFAULT:
	case WEFT_OVERFLOW_BLOCK:
	case WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT:
		return wait_for_room(queue, need);
	}
	return false;
}

bool wf_queue_may_make_room(const struct wf_queue *queue)
{
	if (atomic_load(queue->stopping))
		return true;
	switch (queue->overflow) {
	case WEFT_OVERFLOW_RESIZE:
	case WEFT_OVERFLOW_DROP_OLDEST:
		return true;
	case WEFT_OVERFLOW_DROP_NEWEST:
		return false;
	case WEFT_OVERFLOW_DEFAULT:
	case WEFT_OVERFLOW_BLOCK:
	case WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT:
		break;
	}
	return !wf_queue_is_stuck(queue);
}

bool wf_queue_make_room(struct wf_queue *queue, const struct wf_need *need)
{
	/*
	 * When the handle stops, no packets arrive any more, so none is lost while the worker
	 * waits.
	 */
	while (!wf_queue_has_room(queue, need))
		if (!(atomic_load(queue->stopping) && wait_for_room(queue, need)) &&
		    !overflow(queue, need))
			return false;
	return true;
}
