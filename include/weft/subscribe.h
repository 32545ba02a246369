/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscribe.h - consumers of events: inline on the worker's thread, or with a bounded queue.
 */
#ifndef WEFT_SUBSCRIBE_H
#define WEFT_SUBSCRIBE_H

#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/event.h>

WEFT_BEGIN_DECLS

struct weft;
struct weft_sub;

/*
 * What happens to an event that finds its queue full. While the handle stops and ends all
 * connections, each policy first waits for the consumer, for as long as the consumer still polls.
 */
enum weft_overflow {
	WEFT_OVERFLOW_DEFAULT = 0, /* block for a file, drop-oldest live */
	WEFT_OVERFLOW_BLOCK,	   /* the worker waits; rejected for a live source */
	WEFT_OVERFLOW_DROP_OLDEST, /* the oldest queued events are dropped; reported by
				      WEFT_EVENT_DROP */
	WEFT_OVERFLOW_DROP_NEWEST, /* new events are dropped; reported by WEFT_EVENT_DROP */
};

/**
 * weft_event_fn - consume one event inline
 * @event: lent for the call
 * @ctx:   as in struct weft_sub_opts
 *
 * Return: 0, or a negative errno, which ends this subscription and nothing else.
 * Thread: the worker that owns the connection; calls for different connections
 * may overlap. Must not block.
 */
typedef int (*weft_event_fn)(const struct weft_event *event, void *ctx);

#define WEFT_EVENT_BIT(type) (1u << (type))

/** struct weft_sub_opts - which events a subscription gets, and the limits of its queue */
struct weft_sub_opts {
	size_t sz;
	const char *name; /* for metrics and logs; copied */
	uint32_t events;  /* mask of WEFT_EVENT_BIT() values; 0: all */
	enum weft_overflow overflow;
	uint64_t queue_bytes;	 /* limit of the queue from each worker, payload included;
				    WEFT_QUEUE_MIN_BYTES or more; 0: WEFT_QUEUE_BYTES */
	weft_event_fn inline_fn; /* NULL: queued, read with weft_sub_poll() */
	void *ctx;		 /* for inline_fn */
};
#define weft_sub_opts__last_field ctx

/**
 * weft_subscribe() - add a consumer
 * @opts:    borrowed for the call; NULL: all defaults
 * @ret_sub: owned by the handle; ends with weft_unsubscribe() or weft_free()
 *
 * Return: 0; -ENOSPC: WEFT_SUBSCRIPTIONS_MAX reached; -EINVAL: an option is invalid (logged);
 * -ENOBUFS: the queues exceed the memory budget; -ETIMEDOUT: other calls took too long.
 * Thread: any, before weft_start(). Memory: a ring of at most an eighth of @queue_bytes for each
 * worker at once, the rest as pages when events wait; all from the handle's budget.
 */
int weft_subscribe(struct weft *weft, const struct weft_sub_opts *opts, struct weft_sub **ret_sub);

/**
 * weft_sub_poll() - take the next events of a queued subscription
 * @events:     caller's array of @events_max events; their contents are lent until the next call
 * @timeout_ms: longest time to wait for the first event; -1: no limit
 *
 * Return: number of events; 0: none came in time; -ESHUTDOWN: all events have been taken and no
 * more will come; -EINVAL: an argument, or an inline subscription. Thread: any, one at a time for
 * each subscription. Memory: frees the events of the call before.
 */
int weft_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms);

/**
 * struct weft_sub_stats - a subscription's own ledger: pushed = taken + dropped + waiting
 *
 * Bytes are payload. The sum holds exactly when no event is on its way.
 */
struct weft_sub_stats {
	uint64_t pushed_events; /* events of the subscribed types, including those dropped later */
	uint64_t pushed_bytes;
	uint64_t taken_events; /* given to the consumer; DROP events are not counted */
	uint64_t taken_bytes;
	uint64_t dropped_events;
	uint64_t dropped_bytes;
	uint64_t waiting_events;
	uint64_t waiting_bytes;
	/* most bytes ever queued or lent at once; sum over the workers' queues */
	uint64_t high_water_bytes;
};

/** weft_sub_stats_read() - read what a subscription counted. Thread: any. Memory: none. */
void weft_sub_stats_read(const struct weft_sub *sub, struct weft_sub_stats *ret_stats);

/**
 * weft_unsubscribe() - end a subscription and free the events that wait for it
 * @sub: may be NULL; must not be polled any more
 *
 * Thread: the one that polls it, or any after that one has ended.
 */
void weft_unsubscribe(struct weft_sub *sub);

WEFT_END_DECLS

#endif
