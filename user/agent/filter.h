/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.h - the request "filter", which replaces the whole filter of a running agent; and which
 * part of a filter is checked where.
 *
 *   {"command": "filter", "filter.ports": "80,443", "filter.expression": "host 10.0.0.1"}
 *     -> {"filter.ports": "80,443", ...}: the filter that is now in use
 *
 * A part that is not named does not filter.
 */
#ifndef WF_AGENT_FILTER_H
#define WF_AGENT_FILTER_H

#include <jansson.h>
#include <stdio.h>

#include "config/config_table.h"

/* The filter of @config as a request. The caller owns the result; NULL: no memory. */
json_t *wf_filter_request_new(const struct wf_config *config);

/* Writes each part of the filter and where it is checked. @is_live: not a capture file. */
void wf_filter_explain(const struct wf_config *config, bool is_live, FILE *out);

#endif
