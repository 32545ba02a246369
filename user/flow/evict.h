/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * evict.h - chooses the flow that is evicted when there is no room for a new one.
 */
#ifndef WF_FLOW_EVICT_H
#define WF_FLOW_EVICT_H

#include <stdint.h>

struct wf_flow;
struct wf_flow_table;

/*
 * Return the least useful of up to 16 flows that are adjacent in the index, but never @keep (may be
 * NULL). If the table is nearly empty, many buckets must be read to find them. Return: NULL if the
 * table contains no flow except @keep.
 */
struct wf_flow *wf_flow_evict_choose(struct wf_flow_table *table, const struct wf_flow *keep,
				     uint64_t now_ns);

#endif
