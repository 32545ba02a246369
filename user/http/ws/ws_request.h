/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ws_request.h - parses a message of a WebSocket client.
 *
 *   {"op":"subscribe","id":1,"filter":"tcp port 80","events":["flow","gap","anomaly","data"],
 *    "queue_bytes":1048576,"overflow":"drop-oldest"}
 *   {"op":"unsubscribe","id":1}
 *   {"op":"watch","id":2,"prefix":"a/"}     a later "unsubscribe" with this id ends the watch
 *
 * Thread: any; the functions do no I/O and keep no state between calls.
 */
#ifndef WF_HTTP_WS_WS_REQUEST_H
#define WF_HTTP_WS_WS_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/subscribe.h>

enum wf_ws_op {
	WF_WS_SUBSCRIBE = 0,
	WF_WS_UNSUBSCRIBE,
	WF_WS_WATCH,
};

/** struct wf_ws_request - a parsed message */
struct wf_ws_request {
	enum wf_ws_op op;
	bool has_id;
	uint32_t id;
	/* options of SUBSCRIBE; the filter is borrowed from the message */
	const char *filter;
	uint32_t events;
	enum weft_overflow overflow;
	uint64_t queue_bytes;
	const char *prefix; /* option of WATCH; borrowed from the message */
	char error[320];    /* the reason if the message was rejected */
};

/*
 * Parse @message. Return: 0; -EINVAL, with the reason in ret_request->error;
 * ret_request->id is set if the message has a valid id.
 */
int wf_ws_request_parse(const json_t *message, struct wf_ws_request *ret_request);

#endif
