/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscriber.h - one client: its connection, its subscription, and the frames that are being sent.
 *
 * Thread: the one that subscribers.c starts; any for wf_subscriber_new(), and for
 * wf_subscriber_free() of a client that this thread does not serve.
 */
#ifndef WF_SERVE_SUBSCRIBER_H
#define WF_SERVE_SUBSCRIBER_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/weft.h>

struct wf_subscriber;

/** The state after wf_subscriber_serve(). */
enum wf_subscriber_state {
	WF_SUBSCRIBER_READY = 0, /* wait until the subscription's descriptor is readable */
	/* serve the client again after a short time: events were sent, so more are expected */
	WF_SUBSCRIBER_BUSY,
	/* serve the client again after the other clients: the limit of one call was reached */
	WF_SUBSCRIBER_MORE,
	/* wait with epoll for the events that wf_subscriber_watched() returns, on the connection */
	WF_SUBSCRIBER_BLOCKED,
	/* free the client: it closed the connection or received everything, or an error occurred */
	WF_SUBSCRIBER_GONE,
};

/**
 * wf_subscriber_new() - subscribe for a client
 * @fd:   the client's connection, non-blocking; taken on success only
 * @opts: borrowed for the call; is_pollable must be set; consumer_bytes: memory for copies, see
 *        wf_shm_sender_new()
 * @is_shared: the client reads from shared memory
 *
 * The first bytes that are sent are the response to the request. Return: 0 on success; the error of
 * weft_subscribe(), of weft_share_memory(), or of making a ring; -ENOMEM. Thread: any. Memory: 12
 * KiB, beside the subscription; with shared memory 132 KiB more, and 516 KiB of the arena.
 */
int wf_subscriber_new(struct weft *weft, int fd, const struct weft_sub_opts *opts, bool is_shared,
		      struct wf_subscriber **ret_subscriber);

/* End the subscription, close the connection, and free @subscriber. NULL is allowed. */
void wf_subscriber_free(struct wf_subscriber *subscriber);

/*
 * Send the events that wait, or write them to shared memory, until there is no room for more or a
 * limit of events is reached. Return: the new state.
 */
enum wf_subscriber_state wf_subscriber_serve(struct wf_subscriber *subscriber);

/*
 * Check a client with shared memory, also if no event arrives: return to its queue the data that it
 * has read, and serve it if it was blocked and has read. If the client has read nothing since the
 * last check, take its data back under critical memory pressure, or if its queue has dropped events
 * and has a policy that drops the oldest ones. Call periodically. Return: the new state; @state for
 * a client without shared memory, or to which the response was not sent yet.
 */
enum wf_subscriber_state wf_subscriber_check(struct wf_subscriber *subscriber,
					     enum wf_subscriber_state state, bool is_critical);

/* Return the epoll events for which the connection is watched in @state. */
uint32_t wf_subscriber_watched(const struct wf_subscriber *subscriber,
			       enum wf_subscriber_state state);

/* Return the descriptor of the connection, or that of the subscription. */
int wf_subscriber_fd(const struct wf_subscriber *subscriber);
int wf_subscriber_sub_fd(const struct wf_subscriber *subscriber);

/*
 * Return a number that grows when bytes are sent on the connection or, with shared memory, when the
 * client has read records.
 */
uint64_t wf_subscriber_progress(const struct wf_subscriber *subscriber);

/*
 * Return true if the client must read before it gets further bytes that were taken from its queue
 * or, with shared memory, if it has not read all frames.
 */
bool wf_subscriber_is_behind(const struct wf_subscriber *subscriber);

/* Return the name of the subscription, for messages. */
const char *wf_subscriber_name(const struct wf_subscriber *subscriber);

/* Return the idle_ttl_ms of the subscription in nanoseconds; UINT64_MAX: no limit. */
uint64_t wf_subscriber_idle_ttl_ns(const struct wf_subscriber *subscriber);

/*
 * End a client that was behind and made no progress for its idle TTL. With shared memory, tell it
 * the reason if the ring has room, once. Return: the new state: BLOCKED until the client has read
 * the reason; GONE if it can't be told, or was told before.
 */
enum wf_subscriber_state wf_subscriber_end_idle(struct wf_subscriber *subscriber);

/* Return true if the agent has ended the subscription. */
bool wf_subscriber_is_ended(const struct wf_subscriber *subscriber);

#endif
