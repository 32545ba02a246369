// SPDX-License-Identifier: BSD-2-Clause
/*
 * pressure.c - weft/pressure.h: one call down, if there is somebody to ask.
 */
#include <weft/pressure.h>

#include "api/handle.h"
#include "engine/engine.h"
#include "engine/upkeep_thread.h"

size_t weft_pressure_changes(const struct weft *weft, uint64_t after,
			     struct weft_pressure_change *ret_changes, size_t max)
{
	struct wf_engine_upkeep *upkeep = wf_engine_upkeep_of(weft->engine);

	return upkeep ? wf_engine_upkeep_changes(upkeep, after, ret_changes, max) : 0;
}

void weft_pressure_sources_each(const struct weft *weft, weft_pressure_source_fn fn, void *ctx)
{
	struct wf_engine_upkeep *upkeep = wf_engine_upkeep_of(weft->engine);

	if (upkeep)
		wf_engine_upkeep_sources(upkeep, fn, ctx);
}

void weft_cleanup_each(const struct weft *weft, weft_cleanup_fn fn, void *ctx)
{
	struct wf_engine_upkeep *upkeep = wf_engine_upkeep_of(weft->engine);

	if (upkeep)
		wf_engine_upkeep_tasks(upkeep, fn, ctx);
}

void weft_shrink(struct weft *weft)
{
	struct wf_engine_upkeep *upkeep = wf_engine_upkeep_of(weft->engine);

	if (upkeep)
		wf_engine_upkeep_shrink(upkeep);
}
