/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.h - the control command "filter": another filter for a running agent, as a whole;
 * and which part of a filter is checked where.
 *
 *   {"command": "filter", "filter.ports": "80,443", "filter.expression": "host 10.0.0.1"}
 *     → {"filter.ports": "80,443", ...}: what is in use now
 *
 * A key that is not named does not filter.
 */
#ifndef WF_AGENT_FILTER_H
#define WF_AGENT_FILTER_H

#include <jansson.h>
#include <stdio.h>

#include "agent/config.h"
#include "agent/control.h"

struct weft;

/* The filter of @config as a request. The caller owns the result; NULL: no memory. */
json_t *wf_filter_request_new(const struct wf_config *config);

/* The answer; NULL: @ret_error tells, and the old filter is in use. */
json_t *wf_filter_set_new(struct weft *weft, const json_t *request,
			  struct wf_control_error *ret_error);

/* One line for each part: what is asked for, and where it is checked. */
void wf_filter_explain(const struct wf_config *config, bool is_live, FILE *out);

#endif
