// SPDX-License-Identifier: BSD-2-Clause
/*
 * queue_reader.c - the reader's end of a queue: turns records and tables of losses into events.
 *
 * The design comment of queue_room.c explains how reading and dropping work together.
 */
#include "queue/queue.h"

#include <string.h>

#include "queue/bundle.h"
#include "queue/queue_record.h"
#include "memory/page.h"

enum {
	CLAIM_RUN = 16, /* maximum number of events claimed at a time, except those of a bundle */
	/* the limits of lent_max(); one event with more payload may be lent alone */
	PAYLOAD_LENT_SHARE = 4, /* at most 1/4 of the payload limit is lent at once */
	PAYLOAD_KEPT_SHARE = 2, /* lent and kept payload together is at most 1/2 of the limit */
};

static void take_drop(const struct wf_record *record, struct wf_queue_slot *slot,
		      struct weft_event *event)
{
	event->flow = record->what ? &slot->flow : NULL;
	event->drop.events = record->lost_events;
	event->drop.data_bytes = record->lost_bytes;
	event->drop.off = record->off;
	event->drop.len_bytes = record->stream_bytes;
	event->drop.connections = record->what ? 0 : record->sum.connections;
	event->drop.closes = record->what ? 0 : record->sum.closes;
}

/* Turn @record into @event. The record's reference to its page moves to @slot. */
static void take_record(struct wf_queue *queue, const struct wf_record *record,
			struct wf_queue_slot *slot, struct weft_event *event)
{
	uint64_t payload = wf_record_payload_bytes(record);

	slot->flow = record->flow;
	slot->page = record->page;
	event->type = (enum weft_event_type)record->type;
	event->dir = (enum weft_dir)record->dir;
	event->time_ns = record->time_ns;
	event->flow = &slot->flow;
	event->user = NULL;
	switch (event->type) {
	case WEFT_EVENT_DATA:
		event->data.bytes = record->bytes;
		event->data.len_bytes = (uint32_t)record->stream_bytes;
		event->data.off = record->off;
		break;
	case WEFT_EVENT_GAP:
		event->gap.off = record->off;
		event->gap.len_bytes = record->stream_bytes;
		event->gap.cause = (enum weft_gap_cause)record->what;
		break;
	case WEFT_EVENT_CLOSE:
		slot->close = record->close;
		event->close = &slot->close;
		break;
	case WEFT_EVENT_ANOMALY:
		event->anomaly.kind = (enum weft_anomaly)record->what;
		event->anomaly.off = record->off;
		event->anomaly.len_bytes = record->stream_bytes;
		event->anomaly.shown_bytes = record->shown_bytes;
		if (record->shown_bytes)
			memcpy(&slot->conflict, record->conflict, sizeof(slot->conflict));
		event->anomaly.kept = slot->conflict.kept;
		event->anomaly.lost = slot->conflict.lost;
		break;
	case WEFT_EVENT_OPEN:
		event->open = wf_record_open(record);
		break;
	case WEFT_EVENT_DROP:
		take_drop(record, slot, event);
		break;
	}
	queue->next_event += wf_record_numbers(record);
	if (event->type == WEFT_EVENT_DROP)
		return;
	queue->held_bytes += payload;
	queue->held_events++;
	wf_count_add(&queue->records_taken, 1);
	wf_count_add(&queue->taken_events, 1);
	wf_count_add(&queue->taken_bytes, payload);
}

/* Return the maximum of payload bytes that may be lent until the next release. */
static uint64_t lent_max(const struct wf_queue *queue)
{
	uint64_t limit = wf_count_get(&queue->payload_max_bytes);
	uint64_t kept_max = limit / PAYLOAD_KEPT_SHARE, lent = limit / PAYLOAD_LENT_SHARE;
	uint64_t rest = kept_max > queue->kept_bytes ? kept_max - queue->kept_bytes : 0;

	return rest < lent ? rest : lent;
}

/* Return true if @payload more bytes may be lent until the next release. */
static bool may_lend(const struct wf_queue *queue, uint64_t payload)
{
	return queue->held_bytes + payload <= lent_max(queue) ||
	       !(queue->held_events + queue->kept_events);
}

/*
 * Take up to @max events of the bundle that the reader has claimed. Each slot gets its own
 * reference to the event's page, because the bundle may be freed first. Return: the number of
 * events; 0 if no bundle is claimed, or if the limit of lent payload is reached.
 */
static int take_bundle(struct wf_queue *queue, struct weft_event *events,
		       struct wf_queue_slot *slots, int max)
{
	struct wf_bundle *bundle = queue->bundle;
	int count = 0;

	while (bundle && count < max && queue->bundle_next < queue->bundle_end) {
		const struct wf_record *record = wf_bundle_record(bundle, queue->bundle_next);

		if (!may_lend(queue, wf_record_payload_bytes(record)))
			return count;
		if (record->page)
			wf_page_get(record->page);
		take_record(queue, record, &slots[count], &events[count]);
		queue->bundle_next++;
		count++;
	}
	if (bundle && queue->bundle_next == queue->bundle_end) {
		queue->bundle = NULL;
		wf_bundle_put_many(bundle, 1);
	}
	return count;
}

/*
 * Return the end of the run of records that starts at @pos: at most @max and CLAIM_RUN events,
 * without a loss between them, not beyond @end, and with at most lent_max() bytes lent (a single
 * event may exceed this). A bundle is a run of its own, whose events are lent later.
 */
static uint64_t run_end(const struct wf_queue *queue, uint64_t pos, uint64_t end, int max)
{
	uint64_t budget = lent_max(queue);
	uint64_t number = queue->next_event;
	uint64_t payload = queue->held_bytes;
	int count = 0;

	if (max > CLAIM_RUN)
		max = CLAIM_RUN;
	while (pos != end && count < max) {
		const struct wf_record *record = wf_record_at(queue, pos);

		if (record->type == WF_RECORD_BUNDLE)
			return count || record->number != number || payload > budget
				       ? pos
				       : pos + record->len_bytes;
		if (record->type != WF_RECORD_PAD) {
			payload += wf_record_payload_bytes(record);
			if (record->number != number ||
			    (payload > budget &&
			     queue->held_events + queue->kept_events + (uint32_t)count))
				break;
			number += wf_record_numbers(record);
			count++;
		}
		pos += record->len_bytes;
	}
	return pos;
}

/* Return the first record from @pos up to @end that is not padding; NULL if there is none. */
static const struct wf_record *first_record(const struct wf_queue *queue, uint64_t pos,
					    uint64_t end)
{
	while (pos != end) {
		const struct wf_record *record = wf_record_at(queue, pos);

		if (record->type != WF_RECORD_PAD)
			return record;
		pos += record->len_bytes;
	}
	return NULL;
}

/* ---- losses ---- */

/* Copy the flow and the close record of @event from the table to @slot, and count the event. */
static void copy_reported(struct wf_queue *queue, struct wf_queue_slot *slot,
			  struct weft_event *event)
{
	slot->page = NULL;
	if (event->flow) {
		slot->flow = *event->flow;
		event->flow = &slot->flow;
	}
	if (event->type == WEFT_EVENT_CLOSE) {
		slot->close = *event->close;
		event->close = &slot->close;
	}
	if (event->type == WEFT_EVENT_DROP) {
		queue->next_event += event->drop.events;
		return;
	}
	queue->next_event++;
	wf_count_add(&queue->taken_events, 1);
}

/* Take the front table (queue.h), if it has entries, for report_table() to return as events. */
static void begin_front(struct wf_queue *queue)
{
	if (queue->reporting || !atomic_load(&queue->losses))
		return;
	/* Pairs with the store in put_front() (queue_room.c): the table's entries are complete. */
	queue->reporting = atomic_exchange(&queue->losses, NULL);
	queue->report_pos = (struct wf_losses_cursor){0};
}

/* Fill in up to @max events of the table that is being reported. Return: their number. */
static int report_table(struct wf_queue *queue, struct weft_event *events,
			struct wf_queue_slot *slots, int max)
{
	int count = 0;

	while (queue->reporting && count < max) {
		if (wf_losses_next(queue->reporting, &queue->report_pos, &events[count])) {
			copy_reported(queue, &slots[count], &events[count]);
			count++;
			continue;
		}
		if (queue->reporting != queue->back)
			wf_queue_put_spare(queue, queue->reporting);
		queue->reporting = NULL;
	}
	return count;
}

/*
 * Report the back table after the worker has closed the queue and the reader has taken all records:
 * the table contains the last events.
 */
static int report_back_table(struct wf_queue *queue, struct weft_event *events,
			     struct wf_queue_slot *slots, int max)
{
	if (!queue->reporting && queue->next_event != wf_count_get(&queue->pushed_events)) {
		queue->reporting = queue->back;
		queue->report_pos = (struct wf_losses_cursor){0};
	}
	return report_table(queue, events, slots, max);
}

/* ---- records ---- */

/*
 * Report losses, or take a run of records. The reader has set WF_CLAIM_COPYING, so no record at or
 * after start is overwritten. Return: the number of events. *@ret_again: true if the caller may
 * call again for more events. 0 events and true: the worker dropped records during the call, or the
 * run was only padding. 0 events and false: there are no more records before @end, the limit of
 * lent payload is reached, or the worker has not yet entered a dropped record in the front table.
 */
static int take_run(struct wf_queue *queue, uint64_t end, struct weft_event *events,
		    struct wf_queue_slot *slots, int max, bool *ret_again)
{
	uint64_t claim = atomic_load(&queue->claim);
	uint64_t pos = claim & ~WF_CLAIM_COPYING, to;
	const struct wf_record *record;
	int count = 0;

	*ret_again = false;
	/*
	 * The worker drops only published records, but possibly some that were published after
	 * @end.
	 */
	if ((int64_t)(end - pos) <= 0)
		return 0;
	record = first_record(queue, pos, end);
	if (record && record->number != queue->next_event) {
		begin_front(queue);
		count = report_table(queue, events, slots, max);
		*ret_again = count;
		return count;
	}
	to = run_end(queue, pos, end, max);
	*ret_again = to != pos;
	if (to == pos ||
	    !atomic_compare_exchange_strong(&queue->claim, &claim, to | WF_CLAIM_COPYING))
		return 0;
	for (; pos != to; pos += record->len_bytes) {
		record = wf_record_at(queue, pos);
		if (record->type == WF_RECORD_PAD)
			continue;
		if (record->type == WF_RECORD_BUNDLE) {
			queue->bundle = record->bundle;
			queue->bundle_next = record->part.first;
			queue->bundle_end = record->part.first + record->part.count;
			count += take_bundle(queue, events + count, slots + count, max - count);
			*ret_again = !queue->bundle;
			continue;
		}
		take_record(queue, record, &slots[count], &events[count]);
		count++;
	}
	return count;
}

/*
 * Set the bit WF_CLAIM_COPYING of claim: from now on the worker does not overwrite waiting records.
 */
static void begin_copying(struct wf_queue *queue)
{
	uint64_t claim = atomic_load(&queue->claim);

	do
		atomic_store_explicit(&queue->start, claim, memory_order_release);
	while (!atomic_compare_exchange_weak(&queue->claim, &claim, claim | WF_CLAIM_COPYING));
}

static int take_records(struct wf_queue *queue, uint64_t end, struct weft_event *events,
			struct wf_queue_slot *slots, int max)
{
	bool again = true;
	int count = 0;

	if (atomic_load(&queue->claim) == end)
		return 0;
	begin_copying(queue);
	while (count < max && again)
		count += take_run(queue, end, events + count, slots + count, max - count, &again);
	/*
	 * Pairs with wf_queue_oldest_in_use(): the reader's loads happen before the worker's
	 * stores.
	 */
	atomic_fetch_and(&queue->claim, ~WF_CLAIM_COPYING);
	return count;
}

int wf_queue_take(struct wf_queue *queue, struct weft_event *events, struct wf_queue_slot *slots,
		  int max)
{
	bool closed = atomic_load(&queue->closed);
	uint64_t end = atomic_load(&queue->published);
	int count;

	/* The events of a claimed bundle are older than all losses that are not reported yet. */
	count = take_bundle(queue, events, slots, max);
	if (queue->bundle)
		return count;
	begin_front(queue);
	count += report_table(queue, events + count, slots + count, max - count);
	if (count < max)
		count += take_records(queue, end, events + count, slots + count, max - count);
	if (closed && count < max && wf_queue_is_empty(queue))
		count += report_back_table(queue, events + count, slots + count, max - count);
	return count;
}

/* Claim all published records. Return: the position of the first one; *@ret_end: their end. */
static uint64_t claim_all(struct wf_queue *queue, uint64_t *ret_end)
{
	uint64_t claim = atomic_load(&queue->claim);

	do
		*ret_end = atomic_load(&queue->published);
	while (!atomic_compare_exchange_weak(&queue->claim, &claim, *ret_end | WF_CLAIM_COPYING));
	return claim & ~WF_CLAIM_COPYING;
}

void wf_queue_abandon(struct wf_queue *queue)
{
	const struct wf_record *record;
	uint64_t pos, end;

	if (atomic_load(&queue->left) & WF_QUEUE_LEFT_READER)
		return;
	begin_copying(queue);
	for (pos = claim_all(queue, &end); pos != end; pos += record->len_bytes) {
		record = wf_record_at(queue, pos);
		wf_record_release(record);
	}
	if (queue->bundle)
		wf_bundle_put_many(queue->bundle, 1);
	queue->bundle = NULL;
	atomic_fetch_and(&queue->claim, ~WF_CLAIM_COPYING);
	wf_queue_leave(queue, WF_QUEUE_LEFT_READER);
}

/* Count @bytes as released, and wake a worker that waits for room once there is enough. */
static void release_bytes(struct wf_queue *queue, uint64_t bytes)
{
	uint64_t waiting, events, payload;

	atomic_store(&queue->released_bytes, wf_count_get(&queue->released_bytes) + bytes);
	if (queue->marks)
		wf_queue_check_low(queue);

	/*
	 * Wake a worker that waits for room only if the queue is empty, or if the waiting events
	 * use at most half of the ring and of the payload limit, so that the worker can write many
	 * events at once.
	 */
	if (!wf_waiter_is_announced(&queue->room))
		return;
	waiting = atomic_load(&queue->published) - wf_count_get(&queue->claim);
	events = wf_count_get(&queue->pushed_events) - wf_count_get(&queue->dropped_events) -
		 wf_count_get(&queue->taken_events);
	payload = wf_count_get(&queue->pushed_bytes) - wf_count_get(&queue->dropped_bytes) -
		  wf_count_get(&queue->taken_bytes);
	if (!waiting || (waiting <= wf_count_get(&queue->ring_bytes) / 2 &&
			 events <= wf_queue_ring_events(queue) / 2 &&
			 payload <= wf_count_get(&queue->payload_max_bytes) / 2))
		wf_waiter_wake(&queue->room);
}

void wf_queue_release(struct wf_queue *queue)
{
	uint64_t bytes = queue->held_bytes;

	if (!queue->held_events)
		return;
	queue->held_events = 0;
	queue->held_bytes = 0;
	release_bytes(queue, bytes);
}

void wf_queue_keep(struct wf_queue *queue, uint64_t bytes)
{
	queue->held_bytes -= bytes;
	queue->kept_bytes += bytes;
	queue->kept_events++;
}

void wf_queue_give_back(struct wf_queue *queue, uint64_t bytes, bool is_unread)
{
	queue->kept_bytes -= bytes;
	queue->kept_events--;
	if (is_unread) {
		wf_count_add(&queue->revoked_events, 1);
		wf_count_add(&queue->revoked_bytes, bytes);
	}
	release_bytes(queue, bytes);
}

bool wf_queue_is_empty(const struct wf_queue *queue)
{
	return !queue->bundle &&
	       (atomic_load(&queue->claim) & ~WF_CLAIM_COPYING) == atomic_load(&queue->published) &&
	       !atomic_load(&queue->losses) &&
	       (!queue->reporting || queue->reporting == queue->back);
}

bool wf_queue_is_finished(const struct wf_queue *queue)
{
	return atomic_load(&queue->closed) && wf_queue_is_empty(queue) &&
	       queue->next_event == wf_count_get(&queue->pushed_events);
}
