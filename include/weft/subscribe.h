/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscribe.h - subscriptions to events: inline on the worker's thread, or through a bounded queue.
 */
#ifndef WEFT_SUBSCRIBE_H
#define WEFT_SUBSCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/event.h>

WEFT_BEGIN_DECLS

struct weft;
struct weft_sub;

/** The reason why a subscription has ended. */
enum weft_sub_end {
	WEFT_SUB_RUNNING = 0,  /* the subscription has not ended */
	WEFT_SUB_UNSUBSCRIBED, /* weft_unsubscribe() was called */
	WEFT_SUB_FAILED,       /* inline_fn returned an error */
	WEFT_SUB_SHUTDOWN,     /* the handle was freed */
	WEFT_SUB_IDLE,	       /* events waited for idle_ttl_ms, and weft_sub_poll() took none */
	WEFT_SUB_SLOW,	       /* inline_fn repeatedly took longer than budget_us */
};

/*
 * The action on a new event if its queue is full. While the handle stops and ends all connections,
 * each policy first waits for the consumer as long as the consumer polls.
 */
enum weft_overflow {
	WEFT_OVERFLOW_DEFAULT = 0, /* BLOCK if the source is a file; DROP_OLDEST if it is live */
	WEFT_OVERFLOW_BLOCK,	   /* the worker waits for room in the queue; not allowed for a live
				      source */
	WEFT_OVERFLOW_DROP_OLDEST, /* the oldest queued events are dropped, which WEFT_EVENT_DROP
				      reports */
	WEFT_OVERFLOW_DROP_NEWEST, /* new events are dropped, which WEFT_EVENT_DROP reports */
	/*
	 * the worker waits for room for block_timeout_ms, then drops new events, without waiting
	 * again until the consumer has taken an event
	 */
	WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT,
	/*
	 * the queue grows up to queue_bytes_max, while at least a quarter of the memory limit stays
	 * free, then drops its oldest events. It becomes small again when it stays empty, and gives
	 * up its oldest events at critical memory pressure
	 */
	WEFT_OVERFLOW_RESIZE,
};

enum weft_mark {
	WEFT_MARK_LOW = 0, /* each queue of the subscription is at or below mark_low_bytes again */
	WEFT_MARK_HIGH,	   /* a queue of the subscription has reached mark_high_bytes */
};

/**
 * weft_event_fn - consume one event inline
 * @event: lent for the call
 * @ctx:   the member ctx of struct weft_sub_opts
 *
 * Return: 0 to continue; a negative errno to end this subscription only.
 * Thread: the worker that owns the connection; calls for different connections
 * may overlap. Must not block.
 */
typedef int (*weft_event_fn)(const struct weft_event *event, void *ctx);

/**
 * weft_sub_ended_fn - called when a subscription has ended, and no worker uses it any more
 * @sub:    still valid; may be unsubscribed in this call
 * @reason: WEFT_SUB_RUNNING if the capture has ended before the subscription
 * @ctx:    the member ctx of struct weft_sub_opts
 *
 * Called once. Thread: the last worker that used the subscription, or the one in
 * weft_unsubscribe() or weft_free(). Must not block.
 */
typedef void (*weft_sub_ended_fn)(struct weft_sub *sub, enum weft_sub_end reason, void *ctx);

/**
 * weft_mark_fn - called when the queues of a subscription reach a water mark
 * @sub:  still valid
 * @mark: the mark that was reached
 * @ctx:  the member ctx of struct weft_sub_opts
 *
 * HIGH and LOW alternate. Thread: HIGH: a worker, between two batches or before it waits for room;
 * LOW: the thread in weft_sub_poll(), or a worker. Calls of two threads may overlap. Must not
 * block, and must not call weft_sub_poll() or weft_unsubscribe().
 */
typedef void (*weft_mark_fn)(struct weft_sub *sub, enum weft_mark mark, void *ctx);

#define WEFT_EVENT_BIT(type) (1u << (type))
#define WEFT_DIR_BIT(dir)    (1u << (dir))

/** struct weft_sub_opts - the events that a subscription receives, and the limits of its queue */
struct weft_sub_opts {
	size_t sz;
	const char *name; /* name of the subscription in metrics and messages; copied */
	uint32_t events;  /* bit mask of WEFT_EVENT_BIT() values; 0: all events */
	enum weft_overflow overflow;
	uint64_t queue_bytes;	 /* limit of the queue from each worker, including payload; at least
				    WEFT_QUEUE_MIN_BYTES; 0: WEFT_QUEUE_BYTES */
	weft_event_fn inline_fn; /* called for each event; NULL: events are queued and read with
				    weft_sub_poll() */
	void *ctx;		 /* argument of inline_fn and ended_fn; borrowed */
	weft_sub_ended_fn ended_fn; /* called when no worker uses the subscription any more; may be
				       NULL */
	/*
	 * connections that the subscription receives, in tcpdump's syntax: by addresses and ports;
	 * the source is the side that opened the connection. Evaluated once for each connection;
	 * compiled in the call. NULL or "": all connections
	 */
	const char *filter;
	/* directions of DATA, GAP and ANOMALY events: mask of WEFT_DIR_BIT() values; 0: both */
	uint32_t directions;
	/*
	 * no DATA or GAP event covers bytes at or beyond this stream offset of its direction; 0: no
	 * limit
	 */
	uint64_t first_bytes;
	uint64_t queue_bytes_max; /* RESIZE: maximum of queue_bytes; 0: 4 * queue_bytes */
	/* maximum number of events that wait in the queue from each worker, at least
	 * WEFT_QUEUE_MIN_EVENTS; 0: no limit but queue_bytes */
	uint64_t queue_events;
	/*
	 * BLOCK_WITH_TIMEOUT: maximum time to wait; 0: WEFT_BLOCK_TIMEOUT_MS; for a live source at
	 * most WEFT_BLOCK_TIMEOUT_LIVE_MAX_MS, because frames wait in rings meanwhile
	 */
	uint32_t block_timeout_ms;
	/* a queued subscription ends if events wait for it, and weft_sub_poll() has taken none for
	 * this time; checked once a second; 0: never */
	uint32_t idle_ttl_ms;
	/*
	 * inline_fn: if WEFT_BUDGET_STRIKES measured calls in a row take longer than this, the
	 * subscription ends; one in WEFT_BUDGET_CALLS calls is measured; 0: no limit
	 */
	uint32_t budget_us;
	bool is_pollable; /* weft_sub_fd() returns a descriptor */
	/* called when the payload that waits or is lent in a queue reaches mark_high_bytes, and
	 * when it is at or below mark_low_bytes (0: half of it) again; NULL: never */
	weft_mark_fn mark_fn;
	uint64_t mark_high_bytes;
	uint64_t mark_low_bytes;
};
#define weft_sub_opts__last_field mark_low_bytes

/**
 * weft_subscribe() - add a subscription, before or while the handle runs
 * @opts:    borrowed for the call; NULL: all defaults
 * @ret_sub: owned by the handle; freed by weft_unsubscribe() or weft_free()
 *
 * For each connection that exists when the subscription begins, the subscription first gets an OPEN
 * event, just before the connection's next event. This OPEN is marked as midway, and contains the
 * stream offsets from which on the subscription gets data (event.h).
 *
 * Return: 0 on success; -ENOSPC if there are WEFT_SUBSCRIPTIONS_MAX subscriptions; -EINVAL if an
 * option is invalid (logged); -ENOBUFS if the queues exceed the memory limit; -ENOMEM; -ETIMEDOUT
 * if other control calls took too long. Thread: any, also in a callback of this handle. Memory: for
 * each worker, this call allocates a ring of at most @queue_bytes / 8, and up to 192 KiB for
 * records of losses; while the handle runs, or with a filter, also a map of connections of 1/512 of
 * the memory limit. Workers allocate pages while events wait. All of this memory counts against the
 * handle's memory limit.
 */
int weft_subscribe(struct weft *weft, const struct weft_sub_opts *opts, struct weft_sub **ret_sub);

/**
 * weft_sub_poll() - receive the next events of a queued subscription
 * @events:     array of @events_max events; the data they point to is lent until the next call
 * @timeout_ms: maximum time to wait for the first event; -1: no limit
 *
 * Return: the number of events; 0 if none arrived in time; -ESHUTDOWN if the subscription has ended
 * and all its events have been received; -EINVAL if an argument is invalid or the subscription is
 * inline. Thread: any, one at a time for each subscription. Memory: this call frees the events of
 * the previous call.
 */
int weft_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms);

/**
 * weft_sub_fd() - return a descriptor that is readable while events may wait for the subscription
 *
 * For poll(2), select(2) and epoll(7), as level-triggered or edge-triggered event. It stays
 * readable until weft_sub_poll() finds no event, that is, returns 0 with a timeout of 0: call it
 * until then, or once for each wake-up. It is also readable when the subscription has ended. It is
 * not to be read, written or closed. Workers write to it only after weft_sub_poll() has found no
 * event.
 *
 * Return: the descriptor, valid until weft_unsubscribe(); -EINVAL if the subscription was not made
 * with is_pollable. Thread: any. Memory: none.
 */
int weft_sub_fd(const struct weft_sub *sub);

/**
 * struct weft_sub_stats - the counts of a subscription: pushed = taken + dropped + waiting
 *
 * Bytes are payload bytes. The sum is exact while no event is being pushed or taken.
 */
struct weft_sub_stats {
	uint64_t pushed_events; /* events of the subscribed types, including those dropped later */
	uint64_t pushed_bytes;
	uint64_t taken_events; /* events received by the consumer, without DROP events */
	uint64_t taken_bytes;
	uint64_t dropped_events;
	uint64_t dropped_bytes;
	uint64_t waiting_events;
	uint64_t waiting_bytes;
	/* maximum number of bytes queued or lent at one time; the sum over the queues of all
	 * workers */
	uint64_t high_water_bytes;
	enum weft_sub_end ended; /* the reason why the subscription has ended */
	uint64_t queue_bytes;	 /* size of all queues; changes with WEFT_OVERFLOW_RESIZE */
	/* time for which events have waited without the consumer taking any; exact to a second */
	uint64_t lag_ns;
	uint64_t overruns; /* measured calls of inline_fn that exceeded budget_us */
};

/** weft_sub_stats_read() - read the counts of a subscription. Thread: any. Memory: none. */
void weft_sub_stats_read(const struct weft_sub *sub, struct weft_sub_stats *ret_stats);

/**
 * weft_unsubscribe() - end a subscription and free all that it holds
 * @sub: may be NULL; must not be used after this call, nor may events that were polled from it
 *
 * A thread that waits in weft_sub_poll() returns -ESHUTDOWN. When this call returns, no worker is
 * in inline_fn or calls it again, except if the call was made in a callback of this handle: then
 * other workers may be in inline_fn until ended_fn is called.
 *
 * Thread: any, also in a callback of this handle; before weft_free(). Waits for workers that are in
 * inline_fn, so the caller must not hold a lock for which inline_fn waits. Memory: frees the
 * queues, the waiting events and the map; workers free the parts that they still use when their
 * batch ends.
 */
void weft_unsubscribe(struct weft_sub *sub);

WEFT_END_DECLS

#endif
