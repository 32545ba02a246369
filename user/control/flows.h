/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flows.h - joins the kernel's flow maps with the workers' flow tables, for weft/flows.h.
 *
 *   maps ─► filter ─► the first N in the requested order ─► their workers, 64 at a time ─► views
 *
 * Of the connections in the maps, only those that are returned are looked up in the workers.
 * Connections that no kernel program counts, those of files and of weft_submit(), are copied from
 * the tables of the workers instead.
 *
 * Thread: any. A lock serializes the calls, except those that a worker makes about its own
 * connections.
 */
#ifndef WF_CONTROL_FLOWS_H
#define WF_CONTROL_FLOWS_H

#include <weft/flows.h>

struct wf_engine;

/* Call @fn for each selected flow, see weft_flows_each(). @query: the defaults are filled in. */
int wf_engine_flows_each(struct wf_engine *engine, const struct weft_flow_query *query,
			 weft_flow_view_fn fn, void *ctx, uint64_t *ret_total);

/* Set the verdict of the connections named by @flow, see weft_flow_set(). */
int wf_engine_flow_set(struct wf_engine *engine, const struct weft_flow *flow, unsigned int from,
		       enum weft_verdict verdict, uint32_t *ret_count);

/* See weft_flow_user_set() and weft_flow_on_release(). */
int wf_engine_flow_user_set(struct wf_engine *engine, const struct weft_flow *flow, void *user);
int wf_engine_flow_on_release(struct wf_engine *engine, weft_flow_release_fn fn, void *ctx);

/* End the connection @flow, see weft_flow_end(). */
int wf_engine_flow_end(struct wf_engine *engine, const struct weft_flow *flow);

#endif
