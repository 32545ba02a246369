// SPDX-License-Identifier: BSD-2-Clause
/*
 * pressure.c - implements weft/pressure.h with calls to the engine, once the handle was started.
 */
#include <weft/pressure.h>

#include "api/handle.h"
#include "engine/engine.h"
#include "engine/housekeeping.h"
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

void weft_shrink(struct weft *weft)
{
	struct wf_housekeeping *housekeeping = wf_engine_housekeeping(weft->engine);

	if (housekeeping)
		wf_housekeeping_shrink(housekeeping);
}
