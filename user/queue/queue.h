/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue.h - a queue of events from one worker to one subscription: a bounded ring of records.
 *
 *   ring:  │ free │▒ being copied out ▒│ waiting ... │ written, not published │ free │
 *                 start                claim         published                head
 *
 * Positions are 64-bit byte counts that never wrap; a record never crosses the ring's end. Each
 * record has its event number, so the reader notices every loss by itself. Two kinds of tables
 * record the lost events:
 *
 *   front: dropped records, which were older than all waiting ones; the reader takes this table
 *          and reports it
 *   back:  rejected events, which are newer than all waiting ones; the worker writes this table to
 *          the ring, as records, as soon as there is room for all of it, and rejects all events
 *          until then; once the queue is closed, the reader reports the rest of this table
 *
 * A queue with the policy resize has a larger ring while it needs one. The old ring stays until its
 * last record was taken or dropped.
 *
 * Bound: the rings and the tables, which come from the arena, plus the payload that is waiting or
 * lent, at most payload_max_bytes. A single event may exceed this limit if no other payload is
 * waiting or lent. The pages of bundles (bundle.h) are not included.
 *
 * Thread: the worker for push, flush and close; the reader for take and release. Each side leaves
 * once; if the subscription has ended, the worker may leave for both sides. The second side to
 * leave frees the waiting events, the rings and the tables.
 */
#ifndef WF_QUEUE_QUEUE_H
#define WF_QUEUE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/subscribe.h>

#include "base/assert.h"
#include "base/waiter.h"
#include "queue/losses.h"

struct wf_arena;
struct wf_bundle;
struct wf_wait_budget;
struct wf_water_marks;
struct wf_page;

/* Interval at which a lazily woken reader checks for records without being woken. */
#define WF_QUEUE_NAP_NS (10 * 1000000ull)

#define WF_QUEUE_LEFT_WORKER (1u << 0)
#define WF_QUEUE_LEFT_READER (1u << 1)

/* Add @amount to a counter that only the calling thread writes. */
static inline void wf_count_add(_Atomic uint64_t *counter, uint64_t amount)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + amount,
			      memory_order_relaxed);
}

static inline uint64_t wf_count_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

struct wf_ring {
	uint8_t *bytes; /* owned: a run of the arena; NULL: none */
	uint64_t size;	/* size in bytes, a power of two */
};

struct wf_queue {
	/* set at creation; constant afterwards */
	struct wf_arena *arena; /* borrowed */
	/*
	 * base_bytes: size of ring and payload at creation. max_bytes: maximum of this size; larger
	 * than base_bytes only if the policy is resize
	 */
	uint64_t base_bytes;
	uint64_t max_bytes;
	/*
	 * an event is pushed only if at most this number of events then wait in the rings; OPEN and
	 * CLOSE events that tables of losses keep may exceed it; UINT64_MAX: no limit
	 */
	uint64_t events_max;
	uint64_t block_ns; /* time limit of waiting for room; UINT64_MAX: none */
	uint64_t
		wake_events; /* number of waiting events at which a flush wakes a sleeping reader */
	enum weft_overflow overflow; /* overflow policy; never WEFT_OVERFLOW_DEFAULT */
	void *tables; /* owned: the run of the arena that holds the tables of losses */
	uint64_t tables_bytes;
	struct wf_losses *back;	      /* borrowed: the back table, which lies in tables */
	struct wf_water_marks *marks; /* borrowed; NULL: no callback for water marks */
	/* borrowed: the waiter on which the subscription's reader sleeps */
	struct wf_waiter *reader;
	const _Atomic bool *stopping;  /* borrowed: set to true when the handle stops */
	const _Atomic uint32_t *ended; /* borrowed: not 0 once the subscription has ended */
	_Atomic bool *is_blocked;      /* borrowed: true while the worker waits for room */
	/* borrowed: limits the worker's waits for all queues; NULL: only block_ns limits them */
	struct wf_wait_budget *budget;

	/* written by the worker */
	/* position at which the worker writes the next record */
	_Alignas(WF_CACHE_LINE) uint64_t head;
	uint64_t next_number; /* event number that the next record written to the ring gets */
	/* cached wf_queue_oldest_in_use(): bytes before this position may be overwritten */
	uint64_t oldest_seen;
	/*
	 * taken_events when the worker's last wait for room timed out, or had no time left in the
	 * budget; UINT64_MAX: neither
	 */
	uint64_t stuck_taken;
	uint64_t ring_from;    /* position at which the current ring began */
	uint32_t calm_flushes; /* number of successive flushes that found a grown queue empty */
	uint64_t records_in;   /* number of events written to rings, without DROP events */
	/* number of these events that were dropped from the rings before the subscription ended */
	uint64_t records_dropped;
	/*
	 * an OPEN event was rejected, and the subscription wants all connections: from now on,
	 * deliver/dispatch.c looks up each connection of this worker in the subscription's map
	 * (deliver/conn_states.h)
	 */
	bool lost_open;
	struct wf_ring rings[2];
	/*
	 * ring_from, with the index of the current ring in bit 0; records before ring_from are in
	 * the other ring
	 */
	_Atomic uint64_t turn;
	_Atomic uint64_t ring_bytes; /* size of the current ring */
	_Atomic uint64_t payload_max_bytes;
	_Atomic uint64_t published;
	/*
	 * number of events so far, including rejected ones; a rejected OPEN is counted only if the
	 * CLOSE of its connection is lost too
	 */
	_Atomic uint64_t pushed_events;
	_Atomic uint64_t pushed_bytes; /* payload bytes of the events counted by pushed_events */
	_Atomic uint64_t dropped_events;
	_Atomic uint64_t dropped_bytes;
	_Atomic uint64_t high_water_bytes;
	_Atomic bool closed; /* the worker pushes no more events */

	/*
	 * written by both sides
	 *
	 * claim: position of the first unclaimed byte; bit 0 is set while the reader copies. The
	 * worker writes it only to drop the oldest records.
	 */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t claim;
	struct wf_waiter room; /* the waiter on which the worker sleeps until there is room */
	/*
	 * The two front tables. A side takes a table by exchanging it for NULL, so that neither
	 * side waits for the other one; the reader keeps at most one.
	 */
	/* the table with entries; NULL: no entries, or a side has taken the table */
	struct wf_losses *_Atomic losses;
	struct wf_losses *_Atomic spare[2]; /* the empty front tables; NULL: none */
	_Atomic bool is_high;		    /* set at the high water mark, cleared at the low one */
	_Atomic uint32_t left; /* sides that have left the queue: mask of WF_QUEUE_LEFT_* */

	/* written by the reader */
	/* position at which the reader began to copy */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t start;
	_Atomic uint64_t taken_events;
	_Atomic uint64_t taken_bytes;	 /* payload bytes taken by the reader */
	_Atomic uint64_t released_bytes; /* payload bytes taken and released by the reader */
	_Atomic uint64_t records_taken;	 /* events taken from rings, without DROP events */
	_Atomic uint64_t revoked_events; /* kept events that the consumer gave back unread */
	_Atomic uint64_t revoked_bytes;
	uint64_t held_bytes; /* payload bytes taken since the last release and not kept */
	uint32_t held_events;
	uint32_t kept_events; /* events whose payload is kept beyond the release */
	uint64_t kept_bytes;  /* payload bytes of the kept events */
	uint64_t next_event;  /* number that the next event has if no event was lost */
	/*
	 * owned: a bundle of which the reader has claimed events; those from index bundle_next to
	 * bundle_end are not taken yet; NULL: none
	 */
	struct wf_bundle *bundle;
	uint32_t bundle_next;
	uint32_t bundle_end;
	/* the table that the reader is reporting as events, and the position in it; NULL: none */
	struct wf_losses *reporting;
	struct wf_losses_cursor report_pos;
};

/* Storage for the data of one event taken by the reader; the event points into it. */
struct wf_queue_slot {
	struct weft_flow flow;
	struct wf_page *page; /* owned: one reference to the page that holds the payload, or NULL */
	union {
		struct weft_flow_record close;
		struct {
			uint8_t kept[WEFT_CONFLICT_BYTES_MAX];
			uint8_t lost[WEFT_CONFLICT_BYTES_MAX];
		} conflict;
	};
};

struct wf_queue_opts {
	struct wf_arena *arena;
	/* size of the ring plus limit of the payload at creation, at least WEFT_QUEUE_MIN_BYTES */
	uint64_t bytes;
	uint64_t max_bytes;  /* maximum size with the policy resize; 0: the value of @bytes */
	uint64_t events_max; /* maximum number of events waiting in the rings; 0: no limit */
	uint64_t block_ns;   /* time limit of the policy block-with-timeout */
	enum weft_overflow overflow;
	struct wf_water_marks *marks;
	/* a flush wakes the reader only if the waiting events fill 1/16 of the first ring */
	bool lazy_wake;
	struct wf_waiter *reader;
	const _Atomic bool *stopping;
	const _Atomic uint32_t *ended;
	_Atomic bool *is_blocked;
	struct wf_wait_budget *budget; /* NULL: waits are limited by block_ns only */
};

/* Initialize @queue, which must be zeroed. Return: 0; -ENOBUFS: the arena is full. */
int wf_queue_init(struct wf_queue *queue, const struct wf_queue_opts *opts);

/* ---- the worker ---- */

/*
 * Push an event other than OPEN. If there is no room, wait or drop events, as the overflow policy
 * says. Return: true if the event was queued; for DATA, the queue has then taken one of the
 * caller's references to @page.
 */
bool wf_queue_push(struct wf_queue *queue, const struct weft_event *event, struct wf_page *page);

/*
 * Push the events of @bundle, which is not empty. Return: true if the queue has become one of its
 * holders, in place of the caller; false if the events were pushed in parts or one by one, or
 * dropped.
 */
bool wf_queue_push_bundle(struct wf_queue *queue, struct wf_bundle *bundle);

/* Push an OPEN event. Return: false if it was rejected; a rejected OPEN is not counted. */
bool wf_queue_push_open(struct wf_queue *queue, const struct weft_event *event);

/*
 * Count an event as pushed and dropped, because the OPEN of its connection was rejected, so that
 * the reader did not get the OPEN. If @event is CLOSE, the rejected OPEN is counted too.
 */
void wf_queue_lose_unknown(struct wf_queue *queue, const struct weft_event *event);

void wf_queue_flush(struct wf_queue *queue);

/*
 * Drop the oldest events, at most @events_max records (a bundle is one record), of a queue that
 * keeps much payload, waiting or lent: more than half of its payload limit or of its size at
 * creation, or more than an eighth of all memory. Dropping stops at half of that amount. The reader
 * gets a DROP event, as for any other loss. Do nothing if the policy is block. Return: the number
 * of events dropped; *@ret_bytes: their payload bytes.
 */
uint32_t wf_queue_drop_waiting(struct wf_queue *queue, uint32_t events_max, uint64_t *ret_bytes);

/*
 * Return true if at least @position payload bytes were released or dropped since the queue was
 * created, whether they are the oldest ones or not, or if the reader has left.
 */
bool wf_queue_has_passed(const struct wf_queue *queue, uint64_t position);

/*
 * Drop up to @events_max waiting records (a bundle is one record) of a queue that has no reader any
 * more. Return: true if none is left, or the worker has left the queue.
 */
bool wf_queue_clear(struct wf_queue *queue, uint32_t events_max);

/*
 * Publish the written records, mark the queue as closed, so that the reader expects no more events,
 * and leave it. Idempotent.
 */
void wf_queue_close(struct wf_queue *queue);

/* ---- the reader ---- */

/*
 * Take up to @max events. DROP events come before the first event after a loss. @slots: as many
 * slots as @events; the events point into them. The caller puts (releases) the pages in the slots,
 * and then calls wf_queue_release(). Return: the number of events.
 */
int wf_queue_take(struct wf_queue *queue, struct weft_event *events, struct wf_queue_slot *slots,
		  int max);

/* Release all events taken so far, except kept ones: the caller no longer uses them. */
void wf_queue_release(struct wf_queue *queue);

/*
 * Keep the payload of an event, of @bytes, that was taken since the last release. While events are
 * kept, no event is taken with which lent and kept payload would exceed half of the payload limit.
 */
void wf_queue_keep(struct wf_queue *queue, uint64_t bytes);

/* Release the payload of one kept event. @is_unread: the consumer did not read it (counted). */
void wf_queue_give_back(struct wf_queue *queue, uint64_t bytes, bool is_unread);

/* Free the waiting events and leave the queue. Idempotent. */
void wf_queue_abandon(struct wf_queue *queue);

bool wf_queue_is_empty(const struct wf_queue *queue);

/* Return true if the queue is closed and empty, and every loss was reported. */
bool wf_queue_is_finished(const struct wf_queue *queue);

/* ---- both ---- */

/*
 * Leave the queue on side @side (WF_QUEUE_LEFT_*). This side must not push or take again. The
 * second side to leave frees the waiting events, the rings and the tables.
 */
void wf_queue_leave(struct wf_queue *queue, uint32_t side);

/* Add this queue's counters to @stats. Thread: any. */
void wf_queue_stats_add(const struct wf_queue *queue, struct weft_sub_stats *stats);

bool wf_queue_is_valid(const struct wf_queue *queue);

#endif
