/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query.h - makes a request to the agent from the parameters of a query, or from a JSON body.
 *
 * Thread: any; the functions do no I/O and keep no state between calls. They return an HTTP status:
 * 0 on success, or that of the error, with the reason in @ret_error.
 */
#ifndef WF_HTTP_WIRE_QUERY_H
#define WF_HTTP_WIRE_QUERY_H

#include <jansson.h>
#include <stddef.h>

#include "http/wire/route.h"

enum { WF_QUERY_ERROR_BYTES = 320 };

struct wf_query_error {
	char text[WF_QUERY_ERROR_BYTES];
};

/*
 * Add the parameter @argument, "NAME=VALUE" without escapes, to @request. Return: 0; 400 if @route
 * has no such parameter or its value is not valid.
 */
int wf_query_add(json_t *request, const struct wf_http_route *route, const char *argument,
		 struct wf_query_error *ret_error);

/*
 * Add the members of @body, a JSON object, to @request. Return: 0; 400 if it is neither a JSON
 * object nor an array; 422 if it is an array, or if a member is unknown, missing, or of another
 * type.
 */
int wf_query_add_body(json_t *request, const struct wf_http_route *route, const char *body,
		      size_t body_bytes, struct wf_query_error *ret_error);

/*
 * Add @body, any JSON value, as the member @route->body_member. Return: 0; 400 if it is not JSON.
 */
int wf_query_add_value(json_t *request, const struct wf_http_route *route, const char *body,
		       size_t body_bytes, struct wf_query_error *ret_error);

/*
 * Add the header If-Match, a version with or without quotation marks, as the member that @route
 * names. Return: 0; 400 if it is not a number.
 */
int wf_query_add_if_match(json_t *request, const struct wf_http_route *route, const char *header,
			  struct wf_query_error *ret_error);

#endif
