// SPDX-License-Identifier: BSD-2-Clause
/*
 * workers.c - implements weft/worker.h.
 */
#include <weft/worker.h>

#include "api/handle.h"
#include "engine/engine.h"

void weft_workers_each(const struct weft *weft, weft_worker_fn fn, void *ctx)
{
	wf_engine_workers_each(weft->engine, fn, ctx);
}
