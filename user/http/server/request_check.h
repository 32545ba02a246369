/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request_check.h - checks the headers of a request, before anything is answered.
 */
#ifndef WF_HTTP_SERVER_REQUEST_CHECK_H
#define WF_HTTP_SERVER_REQUEST_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct lws;
struct wf_http;

struct wf_request_refusal {
	char text[320];
};

/*
 * Check the headers Host and Origin. Return: 0; 400 or 403, with the reason in @ret_refusal.
 */
unsigned int wf_request_check_sender(const struct wf_http *http, struct lws *wsi,
				     struct wf_request_refusal *ret_refusal);

/* Check the token. Return: 0; 401 if there is none or it is wrong. */
unsigned int wf_request_check_token(const struct wf_http *http, struct lws *wsi,
				    struct wf_request_refusal *ret_refusal);

/*
 * Copy the header If-Match. A value that is too long is truncated, or replaced by "too long";
 * neither is a valid version. Return: false if the header is missing.
 */
bool wf_request_if_match(struct lws *wsi, char *ret_text, size_t text_bytes);

/*
 * Check the headers that describe the body. *ret_body_bytes: its length; 0 without Content-Length.
 * Return: 0; 411 if there is a header Transfer-Encoding; 413 if the body is too long; 400 if
 * Content-Length is not a number.
 */
unsigned int wf_request_check_body(struct lws *wsi, size_t *ret_body_bytes,
				   struct wf_request_refusal *ret_refusal);

#endif
