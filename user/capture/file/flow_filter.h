/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_filter.h - a filter of connections in tcpdump's syntax: by addresses and ports.
 *
 * The source is the side that opened the connection.
 *
 * Thread: any; a filter does not change.
 */
#ifndef WF_CAPTURE_FILE_FLOW_FILTER_H
#define WF_CAPTURE_FILE_FLOW_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/flow.h>

struct wf_flow_filter;

/*
 * Compile @expression. Return: 0; -EINVAL: it does not compile, or tests something that differs
 * between the packets of a connection (logged); -ENOMEM.
 */
int wf_flow_filter_new(const char *expression, struct wf_flow_filter **ret_filter);
void wf_flow_filter_free(struct wf_flow_filter *filter);

/* Return the bytes of memory of the filter. */
uint64_t wf_flow_filter_bytes(const struct wf_flow_filter *filter);

bool wf_flow_filter_match(const struct wf_flow_filter *filter, const struct weft_flow *flow);

#endif
