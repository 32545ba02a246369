// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscribe.c - the request "subscribe", after which its connection carries events (serve/), and
 * the clients for which a replay waits.
 *
 * A worker of a replay waits for a client that does not read, so such a client must end: by default
 * after IDLE_SEC.
 */
#include "agent/subscribe.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "agent/control/control.h"
#include "agent/request.h"
#include "agent/signals.h"
#include "config/config.h"
#include "config/config_table.h"
#include "serve/subscribers.h"

enum { IDLE_SEC = 60, MS_PER_SEC = 1000, NAP_NS = 10000000 };

static int stream(const struct wf_request_env *env, int fd, const json_t *request,
		  struct wf_control_error *ret_error)
{
	return wf_subscribers_add(env->subscribers, fd, request, ret_error);
}

const struct wf_request wf_request_subscribe = {
	.name = "subscribe",
	.help = "send events on this connection, as weft/client.h describes; members: version, name, "
		"filter, events, directions, first_bytes, queue_bytes, queue_bytes_max, queue_events, "
		"overflow, block_timeout_ms, idle_ttl_ms, shm",
	.stream = stream,
};

/* ---- replay ---- */

static uint32_t idle_ttl_ms(const struct wf_config *config)
{
	if (wf_config_place(config, "delivery.subscription_ttl_sec"))
		return config->sinks.subscription_ttl_sec * MS_PER_SEC;
	return IDLE_SEC * MS_PER_SEC;
}

/* Sleep for a moment. Return: false if a signal has requested the end. */
static bool nap(void)
{
	const struct timespec moment = {.tv_nsec = NAP_NS};

	if (wf_signals_is_stopped())
		return false;
	nanosleep(&moment, NULL);
	return true;
}

static void log_wait(const struct wf_control *control, unsigned int count, weft_log_fn log_fn,
		     void *log_ctx)
{
	char message[256];

	if (!log_fn)
		return;
	snprintf(message, sizeof(message),
		 "replay: waiting for %u subscriber%s at %s (weft subscribe -i replay)", count,
		 count > 1 ? "s" : "", wf_control_path(control));
	log_fn(WEFT_LOG_INFO, message, log_ctx);
}

int wf_subscribe_await(struct wf_subscribers *subscribers, struct wf_control *control,
		       unsigned int count, const struct wf_config *config, weft_log_fn log_fn,
		       void *log_ctx)
{
	int err;

	wf_subscribers_set_replay(subscribers, idle_ttl_ms(config));
	err = wf_subscribers_start(subscribers);
	if (!err)
		err = wf_control_start(control);
	if (err)
		return err;
	log_wait(control, count, log_fn, log_ctx);
	while (wf_subscribers_count(subscribers) < count)
		if (!nap())
			return -EINTR;
	return 0;
}

void wf_subscribe_end(struct wf_subscribers *subscribers, bool is_replay, int start_err)
{
	if (start_err) {
		wf_subscribers_cut(subscribers);
	} else if (is_replay) {
		wf_subscribers_refuse(subscribers);
		while (wf_subscribers_count(subscribers) && nap())
			;
	}
	wf_subscribers_finish(subscribers);
}
