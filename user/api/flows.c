// SPDX-License-Identifier: BSD-2-Clause
/*
 * flows.c - implements weft/flows.h.
 */
#include <weft/flows.h>

#include <errno.h>

#include <weft/limits.h>

#include "api/handle.h"
#include "api/last_error.h"
#include "api/opts.h"
#include "base/log.h"
#include "control/flows.h"

static int check_query(const struct weft_flow_query *query)
{
	if (query->count_max <= WEFT_FLOW_VIEWS_MAX &&
	    (unsigned int)query->sort < WEFT_FLOW_SORT_COUNT)
		return 0;
	wf_error("weft_flows_each: count_max %u (at most %d) or sort %u (below %d) is out of range",
		 query->count_max, WEFT_FLOW_VIEWS_MAX, (unsigned int)query->sort,
		 WEFT_FLOW_SORT_COUNT);
	return -EINVAL;
}

int weft_flows_each(struct weft *weft, const struct weft_flow_query *query, weft_flow_view_fn fn,
		    void *ctx, uint64_t *ret_total)
{
	struct weft_flow_query copy;
	int err;

	wf_api_begin();
	err = wf_opts_copy("weft_flow_query", query, sizeof(copy), &copy);
	if (!err && !copy.count_max)
		copy.count_max = WEFT_FLOW_VIEWS;
	if (!err)
		err = check_query(&copy);
	if (!err)
		err = wf_engine_flows_each(weft->engine, &copy, fn, ctx, ret_total);
	return wf_api_end(weft, "weft_flows_each", err);
}

int weft_flow_end(struct weft *weft, const struct weft_flow *flow)
{
	wf_api_begin();
	return wf_api_end(weft, "weft_flow_end", wf_engine_flow_end(weft->engine, flow));
}

int weft_flow_set(struct weft *weft, const struct weft_flow *flow, unsigned int from,
		  enum weft_verdict verdict, uint32_t *ret_count)
{
	int err = -EINVAL;

	wf_api_begin();
	if (from && from <= (WEFT_FLOW_FROM_SRC | WEFT_FLOW_FROM_DST) &&
	    (unsigned int)verdict <= WEFT_VERDICT_PASS)
		err = wf_engine_flow_set(weft->engine, flow, from, verdict, ret_count);
	else
		wf_error("weft_flow_set: from %u or verdict %u is invalid", from,
			 (unsigned int)verdict);
	return wf_api_end(weft, "weft_flow_set", err);
}

int weft_flow_user_set(struct weft *weft, const struct weft_flow *flow, void *user)
{
	wf_api_begin();
	return wf_api_end(weft, "weft_flow_user_set",
			  wf_engine_flow_user_set(weft->engine, flow, user));
}

int weft_flow_on_release(struct weft *weft, weft_flow_release_fn fn, void *ctx)
{
	int err;

	wf_api_begin();
	err = wf_lock_take(&weft->lock, "weft_flow_on_release");
	if (!err) {
		err = wf_engine_flow_on_release(weft->engine, fn, ctx);
		wf_lock_put(&weft->lock);
	}
	return wf_api_end(weft, "weft_flow_on_release", err);
}
