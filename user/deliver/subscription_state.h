/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscription_state.h - the state of a subscription: its queues, its filter, its map of
 * connections.
 *
 * Memory: rings, tables of losses, slots, the map of connections and the consumer's memory come
 * from the arena; all other memory is fixed at creation and charged to WF_BUDGET_QUEUES.
 */
#ifndef WF_DELIVER_SUBSCRIPTION_STATE_H
#define WF_DELIVER_SUBSCRIPTION_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/subscribe.h>

#include "deliver/conn_states.h"
#include "queue/water_marks.h"
#include "queue/queue.h"
#include "deliver/worker_state.h"

struct wf_arena;
struct wf_flow_filter;
struct wf_registry;
struct wf_sub_list;

/* Maximum number of events that one poll returns: their slots fill one span. */
#define WF_SUB_BATCH_MAX ((int)(WEFT_SPAN_BYTES / sizeof(struct wf_queue_slot)))

/* Counters of inline delivery by one worker. Only this worker writes them. */
struct wf_sub_inline {
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t events;
	_Atomic uint64_t bytes;
	_Atomic uint64_t overruns; /* number of measured calls that took longer than the budget */
	uint32_t strikes;	   /* number of the latest overruns in a row */
};

/* The parts of the handle that a subscription uses. All pointers are borrowed. */
struct wf_sub_env {
	struct wf_registry *registry;
	struct wf_arena *arena;
	uint32_t workers;
	struct wf_worker_state *worker; /* array, one for each worker */
	const _Atomic bool *stopping;	/* the handle is being stopped */
	/* live source: the default overflow policy is drop-oldest, and block is rejected */
	bool live;
	bool is_late; /* connections may exist whose OPEN the subscription has not received */
};

/* a thread is in wf_sub_poll(), or the owner has dropped its reference */
#define WF_SUB_POLLING	(1u << 0)
#define WF_SUB_NO_OWNER (1u << 1) /* the owner has dropped its reference */

struct weft_sub {
	/* set at creation; constant afterwards */
	char name[32];
	struct wf_registry *registry;  /* borrowed */
	struct wf_arena *arena;	       /* borrowed */
	uint32_t slot;		       /* index of the subscription in each list that contains it */
	uint32_t events;	       /* mask of WEFT_EVENT_BIT()s of the wanted events, never 0 */
	uint32_t directions;	       /* mask of WEFT_DIR_BIT()s, never 0 */
	uint64_t first_bytes;	       /* data at and beyond this offset is not wanted */
	struct wf_flow_filter *filter; /* owned; NULL: all connections are wanted */
	uint32_t workers;
	bool lazy_wake;
	/*
	 * a connection whose state was not set is wanted: events are queued, there is no filter,
	 * and no connection existed when the subscription began
	 */
	bool wants_unlisted;
	bool is_pollable;      /* the waiter `reader` has a descriptor */
	uint32_t budget_us;    /* time limit of the callback; 0: none */
	uint64_t idle_ttl_ns;  /* time after which an idle reader's subscription ends; 0: none */
	void *consumer_memory; /* owned: a run of the arena for the consumer's use; NULL: none */
	uint64_t consumer_bytes;
	weft_event_fn inline_fn; /* the callback; NULL: events are queued */
	weft_sub_ended_fn ended_fn;
	void *ctx; /* argument of inline_fn, ended_fn and marks.fn */
	/* owned: one for each worker if delivery is inline, else NULL */
	struct wf_sub_inline *inlines;
	/* owned: one for each worker if events are queued, else NULL */
	struct wf_queue *queues;
	struct wf_conn_states states;
	struct wf_water_marks marks; /* used if marks.fn is set */

	/* The registry writes these members under its lock, or after all workers have ended. */
	struct weft_sub *next_owned;
	struct wf_sub_list *removal; /* owned: storage for the list without this subscription */
	uint64_t watched_events;     /* number of events taken until the last wf_sub_watch() */
	/*
	 * time of the first check (wf_sub_watch()) at which events waited, but none was taken since
	 * the check before; 0: the last check found no such wait
	 */
	_Atomic uint64_t idle_since_ns;

	_Atomic uint32_t ended;	       /* enum weft_sub_end: the subscription gets no more events */
	_Atomic uint32_t refs;	       /* the owner, and each worker that has not closed its end */
	_Atomic uint64_t left;	       /* mask of the workers that have closed their ends */
	_Atomic uint32_t reader_flags; /* WF_SUB_POLLING, WF_SUB_NO_OWNER */

	/* written by the reader; threads that wake the reader also write the waiter */
	_Alignas(WF_CACHE_LINE) struct wf_waiter reader; /* the waiter on which the reader sleeps */
	uint32_t next_queue; /* index of the queue with which the next search for events begins */
	int held;
	uint32_t kept; /* events that the reader keeps, see weft_sub_keep() */
	/* owned: a run of the arena; slots of the events that the last poll lent */
	struct wf_queue_slot *slots;
};

/*
 * Create a subscription. The owner and each worker hold a reference to it. Return: 0; -EINVAL: an
 * option is out of range, or not allowed for a live source; errors of wf_flow_filter_new() and of
 * eventfd(2); -ENOBUFS; -ENOMEM. Errors are logged.
 */
int wf_sub_new(const struct weft_sub_opts *opts, const struct wf_sub_env *env,
	       struct weft_sub **ret_sub);

/* Free a subscription without references, or one that wf_sub_new() could not complete. */
void wf_sub_free(struct weft_sub *sub);

#endif
