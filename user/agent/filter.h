/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.h - the request "filter", which shows or replaces the filter of a running agent, and the
 * list of where each part of a filter is checked.
 *
 *   {"command": "filter", "filter.ports": "80,443", "filter.expression": "host 10.0.0.1"}
 *     -> {"filter.ports": "80,443", ..., "capture.mode": "tap"}: the filter that is now in use,
 *        and the mode of the interfaces
 *   {"command": "filter", "clear": true} -> {"capture.mode": ...}: no part is set
 *   {"command": "filter"} -> {...}: the filter in use, which stays as it is
 *
 * Parts that are missing from a request with other parts are removed from the filter.
 */
#ifndef WF_AGENT_FILTER_H
#define WF_AGENT_FILTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "config/config_table.h"

struct weft;

/*
 * Return the parts of the filter of @config that are set, owned by the caller; NULL if there is no
 * memory.
 */
json_t *wf_filter_parts_new(const struct wf_config *config);

/* Return true if a command line or a file has set any part of the filter of @config. */
bool wf_filter_is_given(const struct wf_config *config);

/*
 * Set the ports, prefixes and sample of @config, and @expression, as the filter of @weft. Return:
 * the result of weft_filter_set().
 */
int wf_filter_apply(const struct wf_config *config, const char *expression, struct weft *weft);

/*
 * Print each part of the filter and where it is checked. @is_live: true for interfaces, false for a
 * file.
 */
void wf_filter_explain(const struct wf_config *config, bool is_live, FILE *out);

/* Print @parts, the response to the request "filter", like wf_filter_explain(). */
void wf_filter_print(const json_t *parts, FILE *out);

#endif
