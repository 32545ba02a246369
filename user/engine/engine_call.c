// SPDX-License-Identifier: BSD-2-Clause
/*
 * engine_call.c - the control lock, and calls to workers.
 *
 * A worker makes control calls from inline callbacks. It runs a call to itself directly, not
 * through its mailbox, and while it waits for the lock, it runs the call that the lock's holder has
 * put into its mailbox. So no worker waits for a thread that waits for this worker.
 */
#include "engine/engine_call.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "engine/engine_body.h"

static int lock_as_worker(struct wf_engine *engine, struct wf_worker *self)
{
	uint64_t deadline_ns = wf_clock_monotonic_ns() + engine->control.timeout_ms * WF_NS_PER_MS;

	while (wf_lock_try(&engine->control)) {
		/*
		 * The lock's holder makes a call and waits for its end, so a worker must not wait
		 * for the lock in a call.
		 */
		if (self->mailbox.is_in_call || wf_clock_monotonic_ns() >= deadline_ns)
			return -EBUSY;
		wf_mailbox_run_call(&self->mailbox, self->pipeline);
		poll(NULL, 0, 1);
	}
	return 0;
}

int wf_engine_control_lock(struct wf_engine *engine)
{
	struct wf_worker *self = wf_crew_self(&engine->crew);

	if (self)
		return lock_as_worker(engine, self);
	return wf_lock_take(&engine->control, "asking workers") ? -EBUSY : 0;
}

void wf_engine_control_unlock(struct wf_engine *engine)
{
	wf_lock_put(&engine->control);
}

int wf_engine_call(struct wf_engine *engine, uint32_t worker, const struct wf_call *call)
{
	struct wf_worker *self = wf_crew_self(&engine->crew);

	if (!atomic_load_explicit(&engine->crew.running, memory_order_acquire))
		return -ESHUTDOWN;
	if (self && self->index == worker) {
		call->fn(call->ctx, self->pipeline);
		return 0;
	}
	return wf_mailbox_call(&engine->crew.workers[worker].mailbox, call, WEFT_ASK_TIMEOUT_MS);
}
