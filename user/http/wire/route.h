/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * route.h - the description of a path of the HTTP server: the request to the agent that answers
 * it, and the parameters that become members of this request.
 */
#ifndef WF_HTTP_WIRE_ROUTE_H
#define WF_HTTP_WIRE_ROUTE_H

#include <stdbool.h>

/** The form of a response. */
enum wf_http_form {
	WF_HTTP_JSON = 0,
	WF_HTTP_METRICS, /* the result is a string: metrics in the text format of Prometheus */
	WF_HTTP_HEALTH,	 /* JSON; 503 if the member "status" of the result is "unhealthy" */
};

/** struct wf_http_param - a parameter of the query, or a member of the JSON body */
struct wf_http_param {
	const char *name;   /* name in the query or body; NULL ends a list */
	const char *member; /* name of the member of the request to the agent */
	bool is_number;
	bool is_filter; /* a filter expression, see filter_text.h */
	bool is_required;
};

/**
 * struct wf_http_route - one path
 * @method: "GET": parameters are in the query; "POST", "PUT": parameters are members of the JSON
 *          body; "DELETE": there are no parameters. All except "GET" need the token, because they
 *          change something. NULL: the request to the agent can't be made by HTTP
 * @command: name of the request to the agent
 * @params: static; NULL: none
 * @rest_member: member of the request that gets the rest of the URI after @path, which ends with
 *               "/"; NULL: @path is complete
 * @body_member: member of the request that gets the body, which may be any JSON value; NULL: the
 *               body is an object with @params. "DELETE" has no body
 * @if_match_member: the header If-Match, a number, becomes this member; NULL: it is ignored
 */
struct wf_http_route {
	const char *method;
	const char *path;
	const char *command;
	const struct wf_http_param *params;
	enum wf_http_form form;
	const char *rest_member;
	const char *body_member;
	const char *if_match_member;
};

#endif
