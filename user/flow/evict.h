/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * evict.h - the choice of the flow that is evicted when there is no room for another.
 */
#ifndef WF_FLOW_EVICT_H
#define WF_FLOW_EVICT_H

#include <stdint.h>

struct wf_flow;
struct wf_flow_table;

/*
 * Return the least useful of a few flows chosen at random, but never @keep (may be NULL). Bounded
 * work.
 * Return: NULL if there is no other flow.
 */
struct wf_flow *wf_flow_evict_choose(struct wf_flow_table *table, const struct wf_flow *keep,
				     uint64_t now_ns);

#endif
