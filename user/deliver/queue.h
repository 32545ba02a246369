/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue.h - events of one worker for one subscription: a bounded ring of records.
 *
 *   ring:  │ free │▒ being copied out ▒│ waiting ... │ written, not published │ free │
 *                 start                claim         published                head
 *
 * Positions are 64-bit byte counts that never wrap; a record never crosses the ring's end. Each
 * record has its event number and the number of payload bytes before it, so the reader detects
 * every loss by itself.
 *
 * Bound: the ring, whose size is fixed and which comes from the arena, plus the payload that
 * waits or is lent, at most payload_max_bytes (one event may exceed it if no other payload
 * waits or is lent).
 *
 * Thread: the worker for push, flush and close; the reader for take and release; both for
 * leave, once each. The second side to leave frees the waiting events and the ring.
 */
#ifndef WF_DELIVER_QUEUE_H
#define WF_DELIVER_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/subscribe.h>

#include "base/assert.h"
#include "base/waiter.h"

struct wf_arena;
struct wf_page;

/* Interval at which a lazily woken reader checks for records without being woken. */
#define WF_QUEUE_NAP_NS (10 * 1000000ull)

#define WF_QUEUE_LEFT_WORKER (1u << 0)
#define WF_QUEUE_LEFT_READER (1u << 1)

struct wf_queue {
	/* fixed at creation */
	struct wf_arena *arena; /* borrowed */
	uint8_t *ring;	     /* owned: a run of the arena, given back by the second side to leave */
	uint64_t ring_bytes; /* size of the ring, a power of two */
	uint64_t payload_max_bytes;
	uint64_t wake_bytes; /* number of waiting bytes at which a sleeping reader is woken */
	enum weft_overflow overflow;  /* never DEFAULT */
	struct wf_waiter *reader;     /* borrowed: the reader of all queues sleeps here */
	const _Atomic bool *stopping; /* borrowed: true once the handle stops */

	/* written by the worker */
	_Alignas(WF_CACHE_LINE) uint64_t head; /* position of the next record */
	uint64_t oldest_seen; /* bytes before this position may be overwritten; a cached value */
	uint64_t stuck_taken; /* taken_events when the worker's wait last timed out */
	_Atomic uint64_t published;
	_Atomic uint64_t pushed_events; /* events offered; also the next event's number */
	_Atomic uint64_t pushed_bytes;	/* payload bytes of these events */
	_Atomic uint64_t dropped_events;
	_Atomic uint64_t dropped_bytes;
	_Atomic uint64_t high_water_bytes;
	_Atomic bool closed; /* the worker pushes no more events */

	/* written by both sides: claim by the reader, and by a worker that drops the oldest */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t claim; /* first unclaimed byte; bit 0: copying */
	struct wf_waiter room; /* the worker sleeps on it until there is room */
	_Atomic uint32_t left; /* WF_QUEUE_LEFT_* */

	/* written by the reader */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t start; /* first byte being copied */
	_Atomic uint64_t taken_events;
	_Atomic uint64_t taken_bytes;	 /* payload bytes taken by the reader */
	_Atomic uint64_t released_bytes; /* payload bytes taken and released by the reader */
	uint64_t held_bytes;		 /* payload bytes taken since the last release */
	uint32_t held_events;
	uint64_t next_event; /* number of the next event if none is lost */
	uint64_t next_bytes;
	uint64_t last_ns;
};

/* Storage for the data to which an event taken by the reader points. */
struct wf_queue_slot {
	struct weft_flow flow;
	struct wf_page *page; /* owned: one reference, or NULL */
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
	uint64_t bytes; /* size of ring and payload together, at least WEFT_QUEUE_MIN_BYTES */
	enum weft_overflow overflow;
	bool lazy_wake; /* wake the reader later, for many events at a time */
	struct wf_waiter *reader;
	const _Atomic bool *stopping;
};

/* Initialize @queue, which is zeroed. Return: 0; -ENOBUFS: the arena is full. */
int wf_queue_init(struct wf_queue *queue, const struct wf_queue_opts *opts);

/* ---- the worker ---- */

/*
 * Push an event. Takes a reference to @page if the event is queued. Waits for room if the
 * policy is block.
 */
void wf_queue_push(struct wf_queue *queue, const struct weft_event *event, struct wf_page *page);
void wf_queue_flush(struct wf_queue *queue);

/*
 * Drop the oldest events, at most @events_max, if more than half of the payload limit waits,
 * until a quarter waits. The reader gets a DROP event, as for any other loss. A queue whose
 * policy is block drops no events. Return: the number of events dropped.
 */
uint32_t wf_queue_drop_waiting(struct wf_queue *queue, uint32_t events_max, uint64_t *ret_bytes);

/* Was all payload before byte @position released or dropped, or has the reader left? */
bool wf_queue_has_passed(const struct wf_queue *queue, uint64_t position);

/* Flush the queue, report to the reader that no more events follow, and leave. Idempotent. */
void wf_queue_close(struct wf_queue *queue);

/* ---- the reader ---- */

/*
 * Take up to @max events, with a DROP event before the first one after a loss. @slots: as many
 * slots as @events; the events point into them. The caller puts the pages in the slots and then
 * calls wf_queue_release(). Return: the number of events.
 */
int wf_queue_take(struct wf_queue *queue, struct weft_event *events, struct wf_queue_slot *slots,
		  int max);

/* Release the events taken so far, which the caller no longer needs. */
void wf_queue_release(struct wf_queue *queue);

bool wf_queue_is_empty(const struct wf_queue *queue);

/* Is the queue closed and empty, and was every loss reported? */
bool wf_queue_is_finished(const struct wf_queue *queue);

/* ---- both ---- */

/*
 * Leave the queue. @side: WF_QUEUE_LEFT_*. That side never uses the queue again; the second
 * side to leave frees the waiting events and the ring.
 */
void wf_queue_leave(struct wf_queue *queue, uint32_t side);

/* Add this queue's counters to @stats. Thread: any. */
void wf_queue_stats_add(const struct wf_queue *queue, struct weft_sub_stats *stats);

bool wf_queue_is_valid(const struct wf_queue *queue);

#endif
