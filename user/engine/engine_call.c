// SPDX-License-Identifier: BSD-2-Clause
/*
 * engine_call.c - the control lock, and calls through a worker's mailbox.
 */
#include "engine/engine_call.h"

#include <errno.h>

#include "engine/engine_body.h"

int wf_engine_control_lock(struct wf_engine *engine)
{
	return wf_lock_take(&engine->control, "asking workers") ? -EBUSY : 0;
}

void wf_engine_control_unlock(struct wf_engine *engine)
{
	wf_lock_put(&engine->control);
}

int wf_engine_call(struct wf_engine *engine, uint32_t worker, const struct wf_call *call)
{
	if (!atomic_load_explicit(&engine->crew.running, memory_order_acquire))
		return -ESHUTDOWN;
	return wf_mailbox_call(&engine->crew.workers[worker].mailbox, call, WEFT_ASK_TIMEOUT_MS);
}
