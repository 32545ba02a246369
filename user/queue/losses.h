/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * losses.h - a table of fixed size with a queue's dropped events, by connection and direction.
 *
 *   entry: │ connection │ lost range toserver │ lost range toclient │ OPEN │ CLOSE │
 *   sum:   │ events and bytes for which there was no entry │
 *
 * OPEN and CLOSE events are kept, not lost: their entry delivers OPEN before the lost ranges and
 * CLOSE after them. If the table is full, an OPEN or CLOSE first displaces connections of which
 * neither OPEN nor CLOSE was delivered, then one that only lost data; displaced entries are added
 * to the sum. If there is no such entry, wf_losses_reserve() fails: the queue then does not drop
 * that OPEN or CLOSE; if it was rejecting a new CLOSE, the sum counts it. A lost range displaces
 * only entries of the first kind; if there is none, it is added to the sum.
 *
 * Bound: wf_losses_bytes(). Thread: the side that has taken the front table; the worker for the
 * back table, and the reader once the queue is closed (queue.h).
 */
#ifndef WF_QUEUE_LOSSES_H
#define WF_QUEUE_LOSSES_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>

/* The dropped range of one direction of a connection. If events is 0, nothing was dropped. */
struct wf_loss_range {
	uint64_t from_off;
	uint64_t to_off; /* equal to from_off: no bytes were dropped */
	uint64_t events;
	uint64_t bytes; /* payload bytes of these events, not counting gaps */
};

struct wf_loss {
	struct weft_flow flow;
	struct wf_loss_range range[WEFT_DIR_COUNT];
	uint64_t time_ns;
	uint64_t open_ns;
	struct weft_open open;
	uint64_t close_ns;
	bool has_open;
	int16_t close; /* index in wf_losses.closes; -1: none */
};

struct wf_loss_sum {
	uint64_t events;
	uint64_t bytes;
	uint64_t connections;
	uint64_t closes;
	uint64_t time_ns;
};

enum { WF_LOSSES_CLOSES = 15, WF_LOSSES_MIN = 32, WF_LOSSES_MAX = 256 };

struct wf_losses {
	uint32_t size;
	uint32_t count;
	uint32_t last;	      /* index of the entry that was used last */
	uint32_t closes_used; /* mask of the elements of closes that are in use */
	struct wf_loss_sum sum;
	/* OPEN and CLOSE events that moved to the sum since the last wf_losses_moved() */
	uint64_t moved;
	struct weft_flow_record closes[WF_LOSSES_CLOSES];
	/* connection id of each entry, so that a search need not read list[] */
	uint64_t ids[WF_LOSSES_MAX];
	struct wf_loss list[];
};

static inline uint64_t wf_losses_bytes(uint32_t size)
{
	return (sizeof(struct wf_losses) + size * sizeof(struct wf_loss) + 63) & ~63ull;
}

/* Make the zeroed memory at @losses an empty table. */
void wf_losses_init(struct wf_losses *losses, uint32_t size);

static inline bool wf_losses_is_empty(const struct wf_losses *losses)
{
	return !losses->count && !losses->sum.events;
}

/* Remove all entries. */
void wf_losses_clear(struct wf_losses *losses);

/*
 * Make sure that an OPEN (@is_close: a CLOSE) event of @flow can be kept. Return: false if there is
 * no room.
 */
bool wf_losses_reserve(struct wf_losses *losses, const struct weft_flow *flow, bool is_close);

/* Keep an event for which wf_losses_reserve() returned true. */
void wf_losses_keep_open(struct wf_losses *losses, const struct weft_flow *flow,
			 const struct weft_open *open, uint64_t time_ns);
void wf_losses_keep_close(struct wf_losses *losses, const struct weft_flow *flow,
			  const struct weft_flow_record *record, uint64_t time_ns);

/*
 * Add @range of direction @dir to the entry of @flow. If there is no entry and no room for one, or
 * the range is not adjacent, add it to the sum.
 */
void wf_losses_add(struct wf_losses *losses, const struct weft_flow *flow, enum weft_dir dir,
		   const struct wf_loss_range *range, uint64_t time_ns);

/*
 * Prefetch the entries of the next @count ranges that are added, if their connections take turns:
 * then their entries follow each other.
 */
void wf_losses_prefetch(const struct wf_losses *losses, uint32_t count);

/* Add @sum to the sum of @losses. */
void wf_losses_add_sum(struct wf_losses *losses, const struct wf_loss_sum *sum);

/* Return the number of kept OPEN and CLOSE events that moved to the sum since the last call. */
uint64_t wf_losses_moved(struct wf_losses *losses);

/* A position in the sequence of events of a table; zero: its beginning. */
struct wf_losses_cursor {
	uint32_t index;
	uint32_t step;
};

/*
 * Write the next event of the table to *@ret_event. The order for each entry is OPEN, DROP of each
 * direction, CLOSE; the last event is DROP for the sum. The event is valid until @losses changes.
 * Return: false after the last event.
 */
bool wf_losses_next(const struct wf_losses *losses, struct wf_losses_cursor *cursor,
		    struct weft_event *ret_event);

#endif
