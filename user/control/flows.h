/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flows.h - the kernel's flow maps joined with the workers' flow tables, for weft/flows.h.
 *
 *   maps ─► filter ─► the first N in the order asked for ─► their workers, 64 at a time ─► views
 *
 * Workers are asked only about the connections that will be shown. Thread: any; calls take turns.
 */
#ifndef WF_CONTROL_FLOWS_H
#define WF_CONTROL_FLOWS_H

#include <weft/flows.h>

struct wf_engine;

/* @query: defaults filled in. See weft_flows_each(). */
int wf_engine_flows_each(struct wf_engine *engine, const struct weft_flow_query *query,
			 weft_flow_view_fn fn, void *ctx, uint64_t *ret_total);

/* See weft_flow_set(). */
int wf_engine_flow_set(struct wf_engine *engine, const struct weft_flow *flow, unsigned int from,
		       enum weft_verdict verdict, uint32_t *ret_count);

#endif
