/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscribe.h - how events reach a consumer: inline on the worker, or by a bounded queue.
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

enum weft_overflow {
	WEFT_OVERFLOW_DEFAULT = 0, /* block for a file, drop-oldest live */
	WEFT_OVERFLOW_BLOCK,	   /* the worker waits; refused for a live source. Once the handle
				      stops, only for a consumer that goes on taking */
	WEFT_OVERFLOW_DROP_OLDEST, /* what waits longest is given up, told by WEFT_EVENT_DROP */
	WEFT_OVERFLOW_DROP_NEWEST, /* what just came is given up, told by WEFT_EVENT_DROP */
};

/**
 * weft_event_fn - inline consumer
 * @event: lent for the call
 *
 * Return: 0, or a negative errno, which ends this subscription and nothing else.
 * Thread: the worker that owns the connection; calls for different connections
 * may overlap. Must not block.
 */
typedef int (*weft_event_fn)(const struct weft_event *event, void *ctx);

#define WEFT_EVENT_BIT(type) (1u << (type))

/** struct weft_sub_opts - what a subscription wants, and how much may wait for it */
struct weft_sub_opts {
	size_t sz;
	const char *name; /* for metrics and logs; copied */
	uint32_t events;  /* WEFT_EVENT_BIT()s; 0: all */
	enum weft_overflow overflow;
	uint64_t queue_bytes;	 /* for each worker; payload counts; WEFT_QUEUE_MIN_BYTES or more */
	weft_event_fn inline_fn; /* NULL: queued, read with weft_sub_poll() */
	void *ctx;		 /* for inline_fn */
};
#define weft_sub_opts__last_field ctx

/**
 * weft_subscribe() - add a consumer
 * @ret_sub: owned by the handle; ends with weft_unsubscribe() or weft_free()
 *
 * Return: 0; -ENOSPC: WEFT_SUBSCRIPTIONS_MAX reached; -EINVAL; -ENOBUFS: the
 * queues don't fit in the memory budget; -ETIMEDOUT: other calls took too long.
 * Thread: any, before weft_start().
 */
int weft_subscribe(struct weft *weft, const struct weft_sub_opts *opts, struct weft_sub **ret_sub);

/**
 * weft_sub_poll() - take the next events of a queued subscription
 * @events:     caller's array, @events_max long; contents lent until the next call
 * @timeout_ms: how long to wait for the first; -1: until there is one
 *
 * Return: number of events; 0: none came in time; -ESHUTDOWN: the last one has
 * been taken and no more will come. Thread: one at a time for a subscription.
 */
int weft_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms);

/**
 * struct weft_sub_stats - a subscription's own ledger: pushed = taken + dropped + waiting
 *
 * Bytes are payload. Closes exactly when the subscription is quiet.
 */
struct weft_sub_stats {
	uint64_t pushed_events; /* that it wanted, as the workers offered them */
	uint64_t pushed_bytes;
	uint64_t taken_events; /* handed to the consumer; DROP events are not among them */
	uint64_t taken_bytes;
	uint64_t dropped_events;
	uint64_t dropped_bytes;
	uint64_t waiting_events;
	uint64_t waiting_bytes;
	uint64_t high_water_bytes; /* most that ever waited or was lent, summed over workers */
};

/** weft_sub_stats_read() - Thread: any. */
void weft_sub_stats_read(const struct weft_sub *sub, struct weft_sub_stats *ret_stats);

/**
 * weft_unsubscribe() - end a subscription; all that waits for it is freed
 *
 * Thread: the one that polls it, or any once that one has ended. @sub may be NULL.
 */
void weft_unsubscribe(struct weft_sub *sub);

WEFT_END_DECLS

#endif
