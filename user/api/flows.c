// SPDX-License-Identifier: BSD-2-Clause
/*
 * flows.c - implements weft/flows.h.
 */
#include <weft/flows.h>

#include <errno.h>

#include <weft/limits.h>

#include "api/handle.h"
#include "api/opts.h"
#include "control/flows.h"

int weft_flows_each(struct weft *weft, const struct weft_flow_query *query, weft_flow_view_fn fn,
		    void *ctx, uint64_t *ret_total)
{
	struct weft_flow_query copy;
	int err = wf_opts_copy("weft_flow_query", query, sizeof(copy), &copy);

	if (err)
		return err;
	if (!copy.count_max)
		copy.count_max = WEFT_FLOW_VIEWS;
	if (copy.count_max > WEFT_FLOW_VIEWS_MAX || (unsigned int)copy.sort >= WEFT_FLOW_SORT_COUNT)
		return -EINVAL;
	return wf_engine_flows_each(weft->engine, &copy, fn, ctx, ret_total);
}

int weft_flow_end(struct weft *weft, const struct weft_flow *flow)
{
	return wf_engine_flow_end(weft->engine, flow);
}

int weft_flow_set(struct weft *weft, const struct weft_flow *flow, unsigned int from,
		  enum weft_verdict verdict, uint32_t *ret_count)
{
	if (!from || from > (WEFT_FLOW_FROM_SRC | WEFT_FLOW_FROM_DST) ||
	    (unsigned int)verdict > WEFT_VERDICT_PASS)
		return -EINVAL;
	return wf_engine_flow_set(weft->engine, flow, from, verdict, ret_count);
}
