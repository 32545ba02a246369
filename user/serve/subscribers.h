/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscribers.h - the clients that receive events through the control socket, and the thread that
 * serves all of them.
 */
#ifndef WF_SERVE_SUBSCRIBERS_H
#define WF_SERVE_SUBSCRIBERS_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include <weft/weft.h>

#include "agent/control/control.h"

struct weft;
struct wf_subscribers;

/**
 * wf_subscribers_new() - create the set for @weft, which must outlive it
 * @max:       maximum number of clients
 * @shm_group: name or number of a group whose members may connect, and read from shared memory;
 * NULL: none
 * @control:   the sockets to which members of @shm_group connect; may be NULL if @shm_group is
 *
 * Return: 0 on success; negative errno, with the reason in @ret_error. Thread: main, as for all
 * functions that do not name another thread.
 */
int wf_subscribers_new(struct weft *weft, unsigned int max, const char *shm_group,
		       struct wf_control *control, struct wf_subscribers **ret_subscribers,
		       struct wf_control_error *ret_error);

/*
 * Start the thread. Call after weft_start() or, in a replay, before it: clients that are added
 * before it get all events. Return: 0 on success; negative errno.
 */
int wf_subscribers_start(struct wf_subscribers *subscribers);

/*
 * Serve the clients of a replay, for which workers wait: with the priority of the workers.
 * @idle_ttl_ms: that of clients whose request has none; 0: no limit. Call before the start.
 */
void wf_subscribers_set_replay(struct wf_subscribers *subscribers, uint32_t idle_ttl_ms);

/* Set the function to which the end of an idle client is reported. Call before the start. */
void wf_subscribers_set_log(struct wf_subscribers *subscribers, weft_log_fn log, void *log_ctx);

/**
 * wf_subscribers_add() - add the client that sent the request "subscribe"
 * @fd: the connection of the client, non-blocking; taken on success only
 *
 * Return: 0 on success: the thread answers the request; negative errno, with the reason in
 * @ret_error. Thread: any.
 */
int wf_subscribers_add(struct wf_subscribers *subscribers, int fd, const json_t *request,
		       struct wf_control_error *ret_error);

/*
 * Allow @max clients from now on. If there are more, they stay, and no further one is accepted.
 * Thread: any.
 */
void wf_subscribers_set_max(struct wf_subscribers *subscribers, unsigned int max);

/* Return the number of clients. Thread: any. */
unsigned int wf_subscribers_count(const struct wf_subscribers *subscribers);

/* Reject new clients from now on: the capture has ended. */
void wf_subscribers_refuse(struct wf_subscribers *subscribers);

/* Let wf_subscribers_finish() disconnect all clients at once: the capture could not begin. */
void wf_subscribers_cut(struct wf_subscribers *subscribers);

/*
 * Reject new clients, and wait until each client has received all of its events, or has read
 * nothing for 1 second; after about 5 seconds, disconnect all that are left. Call after the end of
 * the capture.
 */
void wf_subscribers_finish(struct wf_subscribers *subscribers);

/* Free the set after the last wf_subscribers_add(). NULL is allowed. */
void wf_subscribers_free(struct wf_subscribers *subscribers);

#endif
