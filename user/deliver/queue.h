/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue.h - events of one worker for one subscription: a bounded ring of records.
 *
 *   ring:  │ free │▒ being copied out ▒│ waiting ... │ written, not published │ free │
 *                 start                claim         published                head
 *
 * Positions are 64-bit byte counts that never wrap; a record never crosses the
 * ring's end. Each record carries its number and the payload before it, so the
 * reader sees by itself what was dropped, wherever that happened.
 *
 * Bound: ring bytes, fixed and taken from the arena, plus payload waiting or
 * lent, limited to payload_max (one event may exceed it when nothing waits).
 *
 * Thread: push, flush, close: the worker; take, release: the reader; leave: both,
 * once each; the second to leave frees.
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

/* A reader that is woken lazily looks for records by itself at this interval. */
#define WF_QUEUE_NAP_NS (10 * 1000000ull)

#define WF_QUEUE_LEFT_WORKER (1u << 0)
#define WF_QUEUE_LEFT_READER (1u << 1)

struct wf_queue {
	/* fixed */
	struct wf_arena *arena; /* borrowed */
	uint8_t *ring;		/* owned: spans of the arena, given back by the last to leave */
	uint64_t ring_bytes;	/* power of two */
	uint64_t payload_max_bytes;
	uint64_t wake_bytes;	      /* a sleeping reader is woken when this much waits */
	enum weft_overflow overflow;  /* never DEFAULT */
	struct wf_waiter *reader;     /* borrowed: where the reader of many queues sleeps */
	const _Atomic bool *stopping; /* borrowed: the handle stops, so wait only for a reader that
					 takes events */

	/* written by the worker */
	_Alignas(WF_CACHE_LINE) uint64_t head; /* next record goes here */
	uint64_t oldest_seen; /* bytes before this may be overwritten; as last read */
	uint64_t stuck_claim; /* reader's position when the worker's wait last timed out */
	_Atomic uint64_t published;
	_Atomic uint64_t pushed_events; /* also the number of the next event */
	_Atomic uint64_t pushed_bytes;	/* payload of these events */
	_Atomic uint64_t dropped_events;
	_Atomic uint64_t dropped_bytes;
	_Atomic uint64_t high_water_bytes;
	_Atomic bool closed; /* no more will come */

	/* written by both: claim by the reader, and by a worker that drops the oldest */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t claim; /* low bit: the reader is copying */
	struct wf_waiter room;				/* the worker sleeps until there is some */
	_Atomic uint32_t left;				/* WF_QUEUE_LEFT_* */

	/* written by the reader */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t start; /* of what is being copied */
	_Atomic uint64_t taken_events;
	_Atomic uint64_t taken_bytes;	 /* payload handed out */
	_Atomic uint64_t released_bytes; /* payload handed out and released */
	uint64_t held_bytes;		 /* taken since the last release */
	uint32_t held_events;
	uint64_t next_event; /* number expected next */
	uint64_t next_bytes;
	uint64_t last_ns;
};

/* Storage for the data that an event taken by the reader points to. */
struct wf_queue_slot {
	struct weft_flow flow;
	struct wf_page *page; /* one reference, or NULL */
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
	uint64_t bytes; /* ring and payload together, WEFT_QUEUE_MIN_BYTES or more */
	enum weft_overflow overflow;
	bool lazy_wake; /* wake the reader for many events at a time, later */
	struct wf_waiter *reader;
	const _Atomic bool *stopping;
};

/* @queue: zeroed. Return: 0; -ENOBUFS: the arena is full. */
int wf_queue_init(struct wf_queue *queue, const struct wf_queue_opts *opts);

/* ---- the worker ---- */

/* Takes a reference to @page if the event is queued. Waits if the policy is block. */
void wf_queue_push(struct wf_queue *queue, const struct weft_event *event, struct wf_page *page);
void wf_queue_flush(struct wf_queue *queue);

/*
 * If more than half of the payload limit waits, drop the oldest events, at most @events_max, until
 * a quarter is left. The reader gets a DROP event, as for any other loss. A queue whose policy is
 * block drops none. Return: events dropped.
 */
uint32_t wf_queue_drop_waiting(struct wf_queue *queue, uint32_t events_max, uint64_t *ret_bytes);

/* Has the reader released all payload that was pushed before the @position-th byte? */
bool wf_queue_has_passed(const struct wf_queue *queue, uint64_t position);

/* Flush, let the reader know that no more events follow, leave. Idempotent. */
void wf_queue_close(struct wf_queue *queue);

/* ---- the reader ---- */

/*
 * Take up to @max events, a DROP before the first after a loss. @slots: as many
 * as @events, which point into them; the caller puts their pages, then releases.
 * Return: how many.
 */
int wf_queue_take(struct wf_queue *queue, struct weft_event *events, struct wf_queue_slot *slots,
		  int max);

/* The events that take handed out are no longer needed. */
void wf_queue_release(struct wf_queue *queue);

bool wf_queue_is_empty(const struct wf_queue *queue);

/* Empty, closed, and every loss reported. */
bool wf_queue_is_finished(const struct wf_queue *queue);

/* ---- both ---- */

/* @side: WF_QUEUE_LEFT_*. It never uses the queue again; the second one frees waiting events. */
void wf_queue_leave(struct wf_queue *queue, uint32_t side);

/* Add this queue's numbers. Thread: any. */
void wf_queue_stats_add(const struct wf_queue *queue, struct weft_sub_stats *stats);

bool wf_queue_is_valid(const struct wf_queue *queue);

#endif
