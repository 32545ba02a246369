/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_record.h - the format of a queue's records, and the functions that the files of this folder
 * share.
 */
#ifndef WF_QUEUE_QUEUE_RECORD_H
#define WF_QUEUE_QUEUE_RECORD_H

#include <stddef.h>

#include "queue/queue.h"
#include "queue/water_marks.h"

enum {
	WF_RECORD_ALIGN = 64,
	WF_RECORD_PAD = 0xff,	 /* type of a record that fills the ring up to its end */
	WF_RECORD_BUNDLE = 0xfe, /* type of a record that stands for events of a bundle */
};
#define WF_RECORD_OPEN_MIDWAY	    (1u << 0)
#define WF_RECORD_OPEN_MIDSTREAM    (1u << 1)
#define WF_RECORD_OPEN_HAS_ISN(dir) (1u << (2 + (dir)))
#define WF_CLAIM_COPYING	    1ull /* lowest bit of wf_queue.claim: the reader is copying */

struct wf_record {
	uint32_t len_bytes; /* length of the record, a multiple of WF_RECORD_ALIGN */
	uint8_t type;	    /* enum weft_event_type, WF_RECORD_PAD or WF_RECORD_BUNDLE */
	uint8_t dir;
	/*
	 * GAP event: enum weft_gap_cause; ANOMALY event: enum weft_anomaly; OPEN event:
	 * WF_RECORD_OPEN_* flags; DROP event: 1 if it has a connection
	 */
	uint8_t what;
	uint8_t shown_bytes;
	uint64_t number;
	uint64_t lost_bytes; /* DROP event: payload bytes of the lost events */
	uint64_t time_ns;
	/* OPEN event: off and stream_bytes are the offsets of the two directions */
	uint64_t off;
	uint64_t stream_bytes; /* bundle: payload bytes of the events of the record */
	union {
		const uint8_t *bytes;
		uint64_t lost_events; /* DROP event: number of lost events */
		/* bundle: the events of the record, which may be a part of those of the bundle */
		struct {
			uint32_t first; /* index of the first one */
			uint32_t count;
		} part;
		uint32_t isn[WEFT_DIR_COUNT]; /* OPEN event: ISN of each direction */
	};
	union {
		/* owned: one reference to the page that holds the payload, or NULL */
		struct wf_page *page;
		struct wf_bundle *bundle; /* the record is one of its holders */
	};
	struct weft_flow flow;
	union {
		struct weft_flow_record close;
		/* bytes of a conflict: first the kept ones, then the lost ones */
		uint8_t conflict[2 * WEFT_CONFLICT_BYTES_MAX];
		/* DROP event without a connection: what it covers, see struct weft_event */
		struct {
			uint64_t connections;
			uint64_t closes;
		} sum;
	};
};
_Static_assert(offsetof(struct wf_record, flow) == 64, "the header is one cache line");
_Static_assert(offsetof(struct wf_record, close) == 128, "most records are two cache lines");

static inline void wf_record_set_open(struct wf_record *record, const struct weft_open *open)
{
	record->off = open->off[0];
	record->stream_bytes = open->off[1];
	record->what = 0;
	record->what |= open->midway ? WF_RECORD_OPEN_MIDWAY : 0;
	record->what |= open->midstream ? WF_RECORD_OPEN_MIDSTREAM : 0;
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		record->isn[dir] = open->isn[dir];
		record->what |= open->has_isn[dir] ? WF_RECORD_OPEN_HAS_ISN(dir) : 0;
	}
}

static inline struct weft_open wf_record_open(const struct wf_record *record)
{
	return (struct weft_open){
		.off = {record->off, record->stream_bytes},
		.isn = {record->isn[0], record->isn[1]},
		.has_isn = {record->what & WF_RECORD_OPEN_HAS_ISN(0),
			    record->what & WF_RECORD_OPEN_HAS_ISN(1)},
		.midway = record->what & WF_RECORD_OPEN_MIDWAY,
		.midstream = record->what & WF_RECORD_OPEN_MIDSTREAM,
	};
}

static inline uint64_t wf_record_payload_bytes(const struct wf_record *record)
{
	return record->type == WEFT_EVENT_DATA || record->type == WF_RECORD_BUNDLE
		       ? record->stream_bytes
		       : 0;
}

/* Return the loss of the event of @record, which is neither a bundle nor DROP. */
static inline struct wf_loss_range wf_record_loss(const struct wf_record *record)
{
	struct wf_loss_range loss = {.events = 1, .bytes = wf_record_payload_bytes(record)};

	if (record->type != WEFT_EVENT_ANOMALY) {
		loss.from_off = record->off;
		loss.to_off = record->off + record->stream_bytes;
	}
	return loss;
}

/* Return the number of event numbers for which a record, which is not padding, stands. */
static inline uint64_t wf_record_numbers(const struct wf_record *record)
{
	if (record->type == WF_RECORD_BUNDLE)
		return record->part.count;
	return record->type == WEFT_EVENT_DROP ? record->lost_events : 1;
}

/* Return the number of events in a record: 0 for padding, and for DROP, which reports losses. */
static inline uint64_t wf_record_events(const struct wf_record *record)
{
	if (record->type == WF_RECORD_PAD || record->type == WEFT_EVENT_DROP)
		return 0;
	return wf_record_numbers(record);
}

/*
 * Return the number of events for which the current ring has room. Events of a bundle count as if
 * they had records of their own: a bundle has a short one, so that the records which a worker
 * writes and drops one after another lie in few pages.
 */
static inline uint64_t wf_queue_ring_events(const struct wf_queue *queue)
{
	return wf_count_get(&queue->ring_bytes) / offsetof(struct wf_record, close);
}

static inline struct wf_record *wf_record_at(const struct wf_queue *queue, uint64_t pos)
{
	/* Pairs with the store in use_ring() (queue_ring.c): the ring is set before the turn. */
	uint64_t turn = atomic_load_explicit(&queue->turn, memory_order_acquire);
	bool is_older = (int64_t)(pos - (turn & ~1ull)) < 0;
	const struct wf_ring *ring = &queue->rings[(turn & 1) ^ is_older];

	return (struct wf_record *)(ring->bytes + (pos & (ring->size - 1)));
}

/* Return the payload bytes that are waiting or lent. */
static inline uint64_t wf_queue_payload_in_use(const struct wf_queue *queue)
{
	return wf_count_get(&queue->pushed_bytes) - wf_count_get(&queue->dropped_bytes) -
	       atomic_load(&queue->released_bytes);
}

/* Clear @losses and make it a spare front table. Thread: the side that has taken it. */
static inline void wf_queue_put_spare(struct wf_queue *queue, struct wf_losses *losses)
{
	struct wf_losses *none = NULL;

	wf_losses_clear(losses);
	if (!atomic_compare_exchange_strong(&queue->spare[0], &none, losses))
		atomic_store(&queue->spare[1], losses);
}

/*
 * Clear the high flag if the payload is at or below the low mark. The queue must have water marks.
 * Thread: both sides.
 */
static inline void wf_queue_check_low(struct wf_queue *queue)
{
	if (atomic_load(&queue->is_high) &&
	    wf_queue_payload_in_use(queue) <= queue->marks->low_bytes)
		wf_water_marks_lower(queue->marks, &queue->is_high);
}

/* ---- the worker ---- */

/* Return the number of events in the rings, with those of a bundle that are not taken yet. */
static inline uint64_t wf_queue_ring_waiting(const struct wf_queue *queue)
{
	return queue->records_in - queue->records_dropped - wf_count_get(&queue->records_taken);
}

/* Set or clear the high flag, as the payload requires. The queue must have water marks. */
static inline void wf_queue_check_marks(struct wf_queue *queue)
{
	if (!atomic_load(&queue->is_high) &&
	    wf_queue_payload_in_use(queue) >= queue->marks->high_bytes)
		wf_water_marks_raise(queue->marks, &queue->is_high);
	/* The reader may have released all payload before the flag was set. */
	wf_queue_check_low(queue);
}

/* Return the position of the first byte that the reader may still read. */
static inline uint64_t wf_queue_oldest_in_use(const struct wf_queue *queue)
{
	/* Pairs with the atomic operation in take_records() (queue_reader.c) that ends copying. */
	uint64_t claim = atomic_load(&queue->claim);

	if (claim & WF_CLAIM_COPYING)
		return atomic_load_explicit(&queue->start, memory_order_acquire);
	return claim;
}

/* Publish the written records. Return: true if there were unpublished records. */
static inline bool wf_queue_publish(struct wf_queue *queue)
{
	if (wf_count_get(&queue->published) == queue->head)
		return false;
	/* Pairs with the loads in wf_queue_take() and wf_queue_is_empty(): the records are
	 * complete. */
	atomic_store(&queue->published, queue->head);
	return true;
}

/*
 * If a record of @bytes does not fit before the ring's end, return the number of bytes left there,
 * which are filled with padding; else return 0.
 */
uint64_t wf_queue_pad_bytes(const struct wf_queue *queue, uint64_t bytes);

/* Fill in @record, except its length and number. It takes over the reference to @page (DATA). */
void wf_record_fill(struct wf_record *record, const struct weft_event *event, struct wf_page *page);

/* Return the event of a record of a bundle; it points into the record. */
struct weft_event wf_record_event(const struct wf_record *record);

/* ---- the worker: queue_room.c ---- */

/* The room that new records need in a queue. */
struct wf_need {
	uint64_t bytes;	  /* bytes of the ring */
	uint64_t payload; /* payload bytes; not yet counted as pushed */
	uint64_t events;
};

/*
 * Make room for @need, as the overflow policy says. While the handle is stopping, wait for the
 * reader first. Return: false if there is no room.
 */
bool wf_queue_make_room(struct wf_queue *queue, const struct wf_need *need);

/* Return true if there is room for @need now. */
bool wf_queue_has_room(struct wf_queue *queue, const struct wf_need *need);

/* Return false if wf_queue_make_room() only succeeds if there is room already. */
bool wf_queue_may_make_room(const struct wf_queue *queue);

bool wf_queue_has_left(const struct wf_queue *queue, uint32_t side);

/*
 * Return true if the worker's last wait for room timed out, or had no time left in the budget, and
 * the reader has taken no event since then: the worker does not wait again.
 */
static inline bool wf_queue_is_stuck(const struct wf_queue *queue)
{
	return wf_count_get(&queue->taken_events) == queue->stuck_taken;
}

/* ---- the worker: queue_ring.c ---- */

/* Allocate the first ring and the tables of losses. Return: 0; -ENOBUFS. */
int wf_queue_open_ring(struct wf_queue *queue, uint64_t bytes);
void wf_queue_free_rings(struct wf_queue *queue);

/* Replace the ring by a larger one. Return: false if that is not possible now. */
bool wf_queue_grow(struct wf_queue *queue);

/*
 * Free the older ring when it is no longer used, and make a grown queue small again after many
 * flushes at which it was empty.
 */
void wf_queue_settle(struct wf_queue *queue);

#endif
