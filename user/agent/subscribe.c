// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscribe.c - the request "subscribe", after which its connection carries events (serve/).
 */
#include "agent/request.h"
#include "serve/subscribers.h"

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
