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
#include "control/half_open.h"

static int check_query(const struct weft_flow_query *query)
{
	if (query->count_max > WEFT_FLOW_VIEWS_MAX)
		wf_error("weft_flows_each: count_max is %u; the maximum is %d", query->count_max,
			 WEFT_FLOW_VIEWS_MAX);
	else if ((unsigned int)query->sort >= WEFT_FLOW_SORT_COUNT)
		wf_error("weft_flows_each: sort is %u, not an enum weft_flow_sort",
			 (unsigned int)query->sort);
	else
		return 0;
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

static int check_verdict(unsigned int from, enum weft_verdict verdict)
{
	if (!from || from > (WEFT_FLOW_FROM_SRC | WEFT_FLOW_FROM_DST))
		wf_error("weft_flow_set: from is %u, not a set of WEFT_FLOW_FROM_* flags", from);
	else if ((unsigned int)verdict > WEFT_VERDICT_PASS)
		wf_error("weft_flow_set: verdict is %u; allowed are steer, shunt and pass",
			 (unsigned int)verdict);
	else
		return 0;
	return -EINVAL;
}

int weft_flow_set(struct weft *weft, const struct weft_flow *flow, unsigned int from,
		  enum weft_verdict verdict, uint32_t *ret_count)
{
	int err;

	wf_api_begin();
	err = check_verdict(from, verdict);
	if (!err)
		err = wf_engine_flow_set(weft->engine, flow, from, verdict, ret_count);
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

int weft_half_open_read(struct weft *weft, const uint8_t (*addrs)[16], size_t count,
			uint32_t *ret_counts)
{
	int err = 0;

	wf_api_begin();
	if (count > WEFT_HALF_OPEN_ADDRS_MAX) {
		wf_error("weft_half_open_read: count is %zu; the maximum is %d", count,
			 WEFT_HALF_OPEN_ADDRS_MAX);
		err = -EINVAL;
	}
	if (!err)
		err = wf_engine_half_open_read(weft->engine, addrs, count, ret_counts);
	return wf_api_end(weft, "weft_half_open_read", err);
}
