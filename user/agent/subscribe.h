/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscribe.h - the clients of a replay (weft replay --subscribers): the replay begins when they
 * have subscribed, and ends when they have received everything.
 *
 * Thread: main.
 */
#ifndef WF_AGENT_SUBSCRIBE_H
#define WF_AGENT_SUBSCRIBE_H

#include <stdbool.h>

#include <weft/log.h>

struct wf_config;
struct wf_control;
struct wf_subscribers;

/*
 * Serve clients, and wait until there are @count. Return: 0; -EINTR if a signal has requested the
 * end meanwhile; other negative errno if a thread can't be started.
 */
int wf_subscribe_await(struct wf_subscribers *subscribers, struct wf_control *control,
		       unsigned int count, const struct wf_config *config, weft_log_fn log_fn,
		       void *log_ctx);

/*
 * End the subscriptions of all clients after the end of the capture, or at once if @start_err is
 * not 0. In a replay, wait until each client has received everything, is gone, or has read nothing
 * for its idle TTL; after a signal and in live capture, as wf_subscribers_finish() does.
 */
void wf_subscribe_end(struct wf_subscribers *subscribers, bool is_replay, int start_err);

#endif
