// SPDX-License-Identifier: BSD-2-Clause
/*
 * pressure.c - implements weft/pressure.h. Before weft_start(), no level changes, sources or
 * cleanup tasks are reported, and weft_shrink() has no effect.
 */
#include <weft/pressure.h>

#include "api/handle.h"
#include "api/last_error.h"
#include "api/opts.h"
#include "engine/engine.h"
#include "engine/housekeeping.h"
#include "engine/sources.h"
#include "memory/budget.h"
#include "pressure/pressure_report.h"

static struct wf_pressure_report *report_of(const struct weft *weft)
{
	struct wf_housekeeping *housekeeping = wf_engine_housekeeping(weft->engine);

	return housekeeping ? wf_housekeeping_report(housekeeping) : NULL;
}

size_t weft_pressure_changes(const struct weft *weft, uint64_t after,
			     struct weft_pressure_change *ret_changes, size_t max)
{
	struct wf_pressure_report *report = report_of(weft);

	return report ? wf_pressure_report_changes(report, after, ret_changes, max) : 0;
}

void weft_pressure_sources_each(const struct weft *weft, weft_pressure_source_fn fn, void *ctx)
{
	struct wf_pressure_report *report = report_of(weft);

	if (report)
		wf_pressure_report_sources(report, fn, ctx);
}

void weft_cleanup_each(const struct weft *weft, weft_cleanup_fn fn, void *ctx)
{
	struct wf_pressure_report *report = report_of(weft);

	if (report)
		wf_pressure_report_tasks(report, fn, ctx);
}

int weft_cleanup_add(struct weft *weft, const struct weft_cleanup_opts *opts)
{
	struct weft_cleanup_opts copy;
	int err;

	wf_api_begin();
	err = wf_opts_copy("weft_cleanup_opts", opts, sizeof(copy), &copy);
	if (!err)
		err = wf_lock_take(&weft->lock, "weft_cleanup_add");
	if (!err) {
		err = wf_engine_cleanup_add(weft->engine, &copy);
		wf_lock_put(&weft->lock);
	}
	return wf_api_end(weft, "weft_cleanup_add", err);
}

uint64_t weft_memory_limit(const struct weft *weft)
{
	return wf_engine_budget(weft->engine)->limit_bytes;
}

int weft_memory_reserve(struct weft *weft, uint64_t bytes)
{
	return wf_budget_reserve(wf_engine_budget(weft->engine), WF_BUDGET_STATE, bytes);
}

void weft_memory_release(struct weft *weft, uint64_t bytes)
{
	wf_budget_release(wf_engine_budget(weft->engine), WF_BUDGET_STATE, bytes);
}

void weft_shrink(struct weft *weft)
{
	struct wf_housekeeping *housekeeping = wf_engine_housekeeping(weft->engine);

	if (housekeeping)
		wf_housekeeping_shrink(housekeeping);
}
