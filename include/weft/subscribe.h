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
#include <weft/table.h>

WEFT_BEGIN_DECLS

struct weft;
struct weft_sub;

#define WEFT_SUB_ENDS(X)                                                             \
	X(WEFT_SUB_RUNNING, 0, "running", "the subscription has not ended")          \
	X(WEFT_SUB_UNSUBSCRIBED, 1, "unsubscribed", "weft_unsubscribe() was called") \
	X(WEFT_SUB_FAILED, 2, "failed", "inline_fn returned an error")               \
	X(WEFT_SUB_SHUTDOWN, 3, "shutdown", "the handle was freed")                  \
	X(WEFT_SUB_IDLE, 4, "idle",                                                  \
	  "events waited for idle_ttl_ms, and weft_sub_poll() took none")            \
	X(WEFT_SUB_SLOW, 5, "slow", "inline_fn repeatedly took longer than budget_us")

/** The reason why a subscription has ended. */
enum weft_sub_end { WEFT_SUB_ENDS(WEFT_TABLE_ENUM) };
#define WEFT_SUB_END_COUNT (0 WEFT_SUB_ENDS(WEFT_TABLE_COUNT))

/** weft_sub_end_name() - return the name of @end in WEFT_SUB_ENDS. Static, never NULL. Thread: any.
 */
const char *weft_sub_end_name(enum weft_sub_end end);

/*
 * The action on a new event if its queue is full. While the handle stops and ends all connections,
 * each policy first waits for room, as long as the consumer takes events. At critical memory
 * pressure, each policy except BLOCK also drops the oldest events of a queue whose payload exceeds
 * half of its limit, half of its first limit (RESIZE), or an eighth of the memory limit.
 */
enum weft_overflow {
	WEFT_OVERFLOW_DEFAULT = 0, /* BLOCK if the source is a file; DROP_OLDEST if it is live */
	WEFT_OVERFLOW_BLOCK,	   /* the worker waits for room in the queue; not allowed for a live
				      source */
	WEFT_OVERFLOW_DROP_OLDEST, /* the oldest queued events are dropped, which WEFT_EVENT_DROP
				      reports */
	WEFT_OVERFLOW_DROP_NEWEST, /* new events are dropped, which WEFT_EVENT_DROP reports */
	/*
	 * the worker waits for room, at most for block_timeout_ms, then drops new events; it does
	 * not wait again until the consumer has taken an event. In live capture, a worker waits for
	 * all such subscriptions together for at most 1/WEFT_BLOCK_LIVE_SHARE of the time
	 */
	WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT,
	/*
	 * the queue grows up to queue_bytes_max, while at least a quarter of the arena stays free:
	 * the part of the memory limit for packet data, tables and queues. A queue that cannot grow
	 * drops its oldest events. A queue that stays empty returns to its first size
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
 * weft_sub_ended_fn - called when a subscription has ended and no worker uses it any more
 * @sub:    still valid; may be unsubscribed in this call
 * @reason: WEFT_SUB_RUNNING if the capture has ended, and the subscription had not ended before
 * @ctx:    the member ctx of struct weft_sub_opts
 *
 * Called once. Thread: the last worker that used the subscription; if no worker uses it, the thread
 * that calls weft_subscribe(), weft_unsubscribe(), weft_start() or weft_free(). Must not block.
 */
typedef void (*weft_sub_ended_fn)(struct weft_sub *sub, enum weft_sub_end reason, void *ctx);

/**
 * weft_mark_fn - called when the queues of a subscription reach a water mark
 * @sub:  still valid
 * @mark: the mark that was reached
 * @ctx:  the member ctx of struct weft_sub_opts
 *
 * HIGH and LOW alternate. Thread: HIGH: a worker, between two batches or before it waits for room;
 * LOW: the thread that calls weft_sub_poll(), or a worker. Calls by two threads may overlap. Must
 * not block, and must not call weft_sub_poll() or weft_unsubscribe().
 */
typedef void (*weft_mark_fn)(struct weft_sub *sub, enum weft_mark mark, void *ctx);

#define WEFT_EVENT_BIT(type) (1u << (type))
#define WEFT_DIR_BIT(dir)    (1u << (dir))

/** struct weft_sub_opts - the events that a subscription receives, and the limits of its queue */
struct weft_sub_opts {
	size_t sz;
	/* name of the subscription in metrics and messages, of which the first 31 bytes are copied;
	 * NULL: "unnamed" */
	const char *name;
	uint32_t events; /* bit mask of WEFT_EVENT_BIT() values; 0: all events */
	enum weft_overflow overflow;
	uint64_t queue_bytes;	 /* limit of the queue from each worker, including payload; at least
				    WEFT_QUEUE_MIN_BYTES; 0: WEFT_QUEUE_BYTES */
	weft_event_fn inline_fn; /* called for each event; NULL: events are queued and read with
				    weft_sub_poll() */
	void *ctx;		 /* argument of inline_fn, ended_fn and mark_fn; borrowed */
	weft_sub_ended_fn ended_fn; /* called when no worker uses the subscription any more; may be
				       NULL */
	/*
	 * connections that the subscription receives, in tcpdump's syntax: by addresses and ports;
	 * the source is the side that opened the connection. An expression about other fields of
	 * packets is rejected. Evaluated once for each connection; compiled in the call. NULL or
	 * "": all connections
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
	 * when it is at or below mark_low_bytes again (0: half of mark_high_bytes); NULL: never */
	weft_mark_fn mark_fn;
	uint64_t mark_high_bytes;
	uint64_t mark_low_bytes;
	/* memory for the consumer's own use, from the memory of the handle; weft_sub_memory()
	 * returns it; 0: none */
	uint64_t consumer_bytes;
};
#define weft_sub_opts__last_field consumer_bytes

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
 * option is invalid (logged); -ENOBUFS if its memory exceeds the memory limit; -ENOMEM; -ETIMEDOUT
 * if other control calls took too long; other negative errno if is_pollable needs a descriptor that
 * the system refuses. Thread: any, also in a callback of this handle. Memory: for each worker, a
 * queued subscription gets a ring of at most @queue_bytes / 8 or 64 KiB, whichever is more, and up
 * to 192 KiB for records of losses; it also gets 64 KiB for lent events, and a map of connections
 * of 1/512 of the memory limit. An inline subscription gets only the map, if it is added while the
 * handle runs, or has a filter. Workers allocate pages while events wait. All of this memory and
 * @consumer_bytes count against the handle's memory limit.
 */
int weft_subscribe(struct weft *weft, const struct weft_sub_opts *opts, struct weft_sub **ret_sub);

/**
 * weft_sub_poll() - receive the next events of a queued subscription
 * @events:     array of @events_max events; the data they point to is lent until the next call
 * @timeout_ms: maximum time to wait for the first event; -1: no limit
 *
 * Return: the number of events; 0 if none arrived in time; -ESHUTDOWN if the capture has ended and
 * all events have been received, or if the subscription has ended before (enum weft_sub_end), whose
 * waiting events are then dropped; -EINVAL if an argument is invalid or the subscription is inline;
 * -EAGAIN if events wait, but the consumer keeps too much data of earlier ones (weft_sub_keep()).
 * Thread: any, one at a time for each subscription. Memory: this call frees the events of the
 * previous call, except data that is kept.
 */
int weft_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms);

/**
 * weft_sub_fd() - return a descriptor that is readable while events may wait for the subscription
 *
 * For poll(2), select(2) and epoll(7), as level-triggered or edge-triggered event. The descriptor
 * stays readable until weft_sub_poll() finds no event, that is, returns 0 with a timeout of 0: call
 * it until then (edge-triggered), or once for each wake-up (level-triggered). The descriptor is
 * also readable when the subscription has ended. The caller must not read, write or close it.
 *
 * Return: the descriptor, valid until weft_unsubscribe(); -EINVAL if the subscription was not made
 * with is_pollable, or is inline. Thread: any. Memory: none.
 */
int weft_sub_fd(const struct weft_sub *sub);

/**
 * weft_sub_memory() - return the memory for the consumer's own use
 *
 * The memory has a size of consumer_bytes, is not initialised, and lies in the memory that
 * weft_share_memory() shares. Return: the memory, valid until weft_unsubscribe(); NULL if
 * consumer_bytes was 0. Thread: any. Memory: none.
 */
void *weft_sub_memory(const struct weft_sub *sub);

/** struct weft_kept - data that a consumer keeps; the members are for weft_sub_give_back() only */
struct weft_kept {
	void *page;
	uint32_t worker;
	uint32_t len_bytes;
};

/**
 * weft_sub_keep() - keep the data of an event beyond the next poll
 * @event: a DATA event of the last weft_sub_poll(), unchanged
 *
 * The data stays where it is, and counts as lent by its queue, until weft_sub_give_back(). While
 * the next event would raise the kept data from a worker above half of what that worker's queue may
 * hold, weft_sub_poll() returns neither this DATA event nor those that wait behind it. All data
 * must be given back before weft_unsubscribe(), in any order.
 *
 * Return: 0 on success; -EINVAL if @event is not such an event; -ENOTSUP if its data lies in a
 * capture file, or was kept by an earlier call: data is kept once. Thread: that of weft_sub_poll().
 * Memory: none.
 */
int weft_sub_keep(struct weft_sub *sub, const struct weft_event *event, struct weft_kept *ret_kept);

/**
 * weft_sub_give_back() - end the use of kept data
 * @kept:      data from weft_sub_keep(), to be given back once
 * @is_unread: true if the consumer has not used the data; counted in weft_sub_stats.revoked_events
 *
 * Thread: that of weft_sub_poll(). Memory: frees the data unless others hold it, too.
 */
void weft_sub_give_back(struct weft_sub *sub, const struct weft_kept *kept, bool is_unread);

/**
 * struct weft_memory - memory, or a mapped file, in which the data of events lies
 * @fd:    opened for reading only; owned by the caller
 * @base:  address of the memory in this process: data at @base + n lies at offset n of @fd
 * @bytes: size of the memory
 */
struct weft_memory {
	int fd;
	const void *base;
	uint64_t bytes;
};

/**
 * weft_share_memory() - return the memory of a handle, for another process to map
 *
 * A process that maps it can read all that the handle holds, of all connections, and cannot write
 * to it. Data of an event may be read there until it is given back (weft_sub_keep()). From the
 * first call on, memory that is free again is not returned to the system, only reused.
 *
 * Return: 0 on success; -EINVAL if an argument is NULL; other negative errno if the system rejects
 * it (logged). Thread: any, after weft_start(). Memory: none.
 */
int weft_share_memory(struct weft *weft, struct weft_memory *ret_memory);

/**
 * weft_share_file() - return the capture file in which data of an event lies, for another process
 * @bytes: data of a DATA event for which weft_sub_keep() has returned -ENOTSUP
 *
 * A process that maps the file can read all of it. The data lies there as long as the file does not
 * change. @bytes of @ret_file is the size of the file when it was opened; the file may be shorter
 * meanwhile, and reading beyond its end then raises SIGBUS.
 *
 * Return: 0 on success; -EINVAL if an argument is NULL; -ENOENT if the data lies in no such file:
 * neither a pipe nor a compressed file is shared, nor standard input that is open for writing, nor
 * a file that was opened while the process had WEFT_SHARED_FILES_MAX others open; other negative
 * errno if there is no descriptor left. Thread: any, while the event is lent. Memory: none.
 */
int weft_share_file(const uint8_t *bytes, struct weft_memory *ret_file);

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
	/* sum, over all queues, of the highest number of bytes waiting or lent at one time */
	uint64_t high_water_bytes;
	enum weft_sub_end ended; /* why the subscription has ended; WEFT_SUB_RUNNING: it has not */
	uint64_t queue_bytes; /* sum of the limits of all queues; WEFT_OVERFLOW_RESIZE changes it */
	/* time for which events have waited and the consumer has taken none; exact to a second */
	uint64_t lag_ns;
	uint64_t overruns; /* measured calls of inline_fn that exceeded budget_us */
	/* taken events whose kept data was given back unread, see weft_sub_give_back() */
	uint64_t revoked_events;
	uint64_t revoked_bytes;
};

/** weft_sub_stats_read() - read the counts of a subscription. Thread: any. Memory: none. */
void weft_sub_stats_read(const struct weft_sub *sub, struct weft_sub_stats *ret_stats);

/**
 * weft_subs_each() - call @fn for each subscription of a handle
 * @fn, @ctx: the strings and structs are lent for the call; @fn must not add or remove
 * subscriptions
 *
 * Subscriptions that were removed by weft_unsubscribe() are left out. Return: 0; -EINVAL if
 * an argument is NULL; -ETIMEDOUT if other control calls took too long. Thread: any. Memory: none.
 */
typedef void (*weft_sub_fn)(const char *name, const struct weft_sub_stats *stats, void *ctx);
int weft_subs_each(const struct weft *weft, weft_sub_fn fn, void *ctx);

/**
 * weft_unsubscribe() - end a subscription and free its memory
 * @sub: may be NULL; must not be used after this call, nor may events that were polled from it
 *
 * A thread that waits in weft_sub_poll() returns -ESHUTDOWN. When this call returns, no worker is
 * in inline_fn or calls it again, except if the call was made in a callback of this handle: then
 * other workers may be in inline_fn until ended_fn is called.
 *
 * Thread: any, also in a callback of this handle; before weft_free(). Waits for other control calls
 * without a time limit (a wait longer than lock_timeout_ms is logged), and for workers that are in
 * inline_fn, so the caller must not hold a lock for which inline_fn waits. Memory: frees the
 * queues, the waiting events and the map; workers free the parts that they still use when their
 * batch ends.
 */
void weft_unsubscribe(struct weft_sub *sub);

WEFT_END_DECLS

#endif
