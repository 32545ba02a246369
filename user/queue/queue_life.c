// SPDX-License-Identifier: BSD-2-Clause
/*
 * queue_life.c - creates and frees a queue, and reads its counters.
 */
#include "queue/queue.h"

#include "queue/bundle.h"
#include "queue/queue_record.h"

/* A flush wakes a lazily woken reader when the waiting events fill 1/16 of the first ring. */
enum { LAZY_WAKE_SHARE = 16 };

int wf_queue_init(struct wf_queue *queue, const struct wf_queue_opts *opts)
{
	int err;

	queue->arena = opts->arena;
	queue->overflow = opts->overflow;
	err = wf_queue_open_ring(queue, opts->bytes);
	if (err) {
		queue->arena = NULL;
		return err;
	}
	queue->base_bytes = opts->bytes;
	queue->max_bytes = opts->max_bytes > opts->bytes ? opts->max_bytes : opts->bytes;
	queue->events_max = opts->events_max ? opts->events_max : UINT64_MAX;
	queue->block_ns =
		opts->overflow == WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT ? opts->block_ns : UINT64_MAX;
	queue->wake_events = opts->lazy_wake ? wf_queue_ring_events(queue) / LAZY_WAKE_SHARE : 1;
	queue->marks = opts->marks;
	queue->reader = opts->reader;
	queue->stopping = opts->stopping;
	queue->ended = opts->ended;
	queue->is_blocked = opts->is_blocked;
	queue->budget = opts->budget;
	queue->stuck_taken = UINT64_MAX;
	return 0;
}

/*
 * Drop all waiting events, and free the rings and the tables. Both sides have left, so other
 * threads only read the counters.
 */
static void drain(struct wf_queue *queue)
{
	uint64_t pos = wf_count_get(&queue->claim) & ~WF_CLAIM_COPYING;

	while (pos != queue->head) {
		const struct wf_record *record = wf_record_at(queue, pos);

		wf_record_release(record);
		pos += record->len_bytes;
	}
	if (queue->bundle)
		wf_bundle_put_many(queue->bundle, 1);
	queue->bundle = NULL;
	atomic_store(&queue->claim, pos);
	wf_count_add(&queue->dropped_events, wf_count_get(&queue->pushed_events) -
						     wf_count_get(&queue->taken_events) -
						     wf_count_get(&queue->dropped_events));
	wf_count_add(&queue->dropped_bytes, wf_count_get(&queue->pushed_bytes) -
						    wf_count_get(&queue->taken_bytes) -
						    wf_count_get(&queue->dropped_bytes));
	wf_queue_free_rings(queue);
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
	stats->revoked_events += wf_count_get(&queue->revoked_events);
	stats->revoked_bytes += wf_count_get(&queue->revoked_bytes);
	stats->queue_bytes +=
		wf_count_get(&queue->ring_bytes) + wf_count_get(&queue->payload_max_bytes);
}

bool wf_queue_is_valid(const struct wf_queue *queue)
{
	uint64_t claim = atomic_load(&queue->claim) & ~WF_CLAIM_COPYING;

	uint64_t ring_bytes = queue->rings[0].size + queue->rings[1].size;

	return queue->head - claim <= ring_bytes &&
	       queue->head - wf_count_get(&queue->published) <= ring_bytes &&
	       queue->head % WF_RECORD_ALIGN == 0 && claim % WF_RECORD_ALIGN == 0;
}
