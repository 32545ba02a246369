/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscription_state.h - the state of a subscription: its queues, its filter, its map of
 * connections.
 *
 * Memory: rings and the map of connections come from the arena; all other memory is fixed at
 * creation and charged to WF_BUDGET_QUEUES.
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

/* Maximum number of events that one poll returns. */
#define WF_SUB_BATCH_MAX 256

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
	/* live capture: the default overflow policy is drop-oldest, and block is rejected */
	bool live;
	bool is_late; /* connections may exist whose OPEN the subscription has not received */
};

#define WF_SUB_POLLING	(1u << 0) /* a thread is in wf_sub_poll() */
#define WF_SUB_DISOWNED (1u << 1) /* the owner has given the subscription up */

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
	 * gets every connection unless its OPEN was lost: there is no filter, and all connections
	 * are newer
	 */
	bool is_trusting;
	bool is_pollable;	 /* the waiter `reader` has a descriptor */
	uint32_t budget_us;	 /* time limit of the callback; 0: none */
	uint64_t idle_ttl_ns;	 /* 0: no limit */
	weft_event_fn inline_fn; /* the callback; NULL: events are queued */
	weft_sub_ended_fn ended_fn;
	void *ctx; /* argument of both functions */
	/* owned: one for each worker if delivery is inline, else NULL */
	struct wf_sub_inline *inlines;
	/* owned: one for each worker if events are queued, else NULL */
	struct wf_queue *queues;
	struct wf_conn_states states;
	struct wf_water_marks marks; /* used if marks.fn is set */

	/* The registry uses these members under its lock. */
	struct weft_sub *next_owned;
	struct wf_sub_list *removal; /* owned: storage for the list without this subscription */
	uint64_t watched_events;     /* events taken at the last wf_sub_watch() */
	/* time since which events have waited untaken; 0: no event waits */
	_Atomic uint64_t idle_since_ns;

	_Atomic uint32_t ended;	       /* enum weft_sub_end: the subscription gets no more events */
	_Atomic uint32_t refs;	       /* the owner, and each worker that has not closed its end */
	_Atomic uint64_t left;	       /* mask of the workers that have closed their ends */
	_Atomic uint32_t reader_flags; /* WF_SUB_POLLING, WF_SUB_DISOWNED */

	/* written by the reader; workers also write the waiter */
	_Alignas(WF_CACHE_LINE) struct wf_waiter reader; /* the waiter on which the reader sleeps */
	uint32_t next_queue; /* index of the queue with which the next poll begins */
	int held;
	struct wf_queue_slot *slots; /* owned: slots of the events that the last poll lent */
};

/*
 * Create a subscription. The owner and each worker hold a reference to it.
 * Return: 0; -EINVAL: the policy is block for a live source, or queue_bytes is out of range;
 * -ENOBUFS; -ENOMEM. Errors are logged.
 */
int wf_sub_new(const struct weft_sub_opts *opts, const struct wf_sub_env *env,
	       struct weft_sub **ret_sub);

/* Free a subscription without references, or one that wf_sub_new() could not complete. */
void wf_sub_free(struct weft_sub *sub);

#endif
