/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscribe_request.h - reads the request "subscribe", whose members weft/client.h documents.
 *
 * Thread: any.
 */
#ifndef WF_SERVE_SUBSCRIBE_REQUEST_H
#define WF_SERVE_SUBSCRIBE_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include <weft/subscribe.h>

#include "agent/control/control.h"

enum { WF_SUBSCRIBE_NAME_BYTES = 32 };

/*
 * Fill in @ret_opts. Its texts are borrowed from @request; its name is NULL if the request has
 * none. Return: 0 on success; -EINVAL if a member is not known or its value is not valid; other
 * negative errno. On failure, @ret_error has the reason. *@ret_is_shared: the client reads from
 * shared memory.
 */
int wf_subscribe_request_read(const json_t *request, struct weft_sub_opts *ret_opts,
			      bool *ret_is_shared, struct wf_control_error *ret_error);

#endif
