// SPDX-License-Identifier: BSD-2-Clause
/*
 * mailbox.c - sends requests to a worker or the reader, and runs calls on its thread.
 */
#include "worker/mailbox.h"

#include <errno.h>
#include <stdbool.h>

#include "base/clock.h"

void wf_mailbox_post(struct wf_mailbox *mailbox, uint32_t request)
{
	/* Pairs with the acquire in wf_mailbox_take(). */
	atomic_fetch_or_explicit(&mailbox->requested, 1u << request, memory_order_release);
	if (mailbox->owner)
		wf_waiter_wake(mailbox->owner);
}

void wf_mailboxes_post(const struct wf_mailboxes *mailboxes, uint32_t request)
{
	for (uint32_t i = 0; i < mailboxes->count; i++)
		wf_mailbox_post(mailboxes->list[i], request);
}

void wf_mailbox_run_call(struct wf_mailbox *mailbox, struct wf_pipeline *pipeline)
{
	/* Pairs with the release in wf_mailbox_call(): the fields of *call are visible. */
	const struct wf_call *call =
		atomic_exchange_explicit(&mailbox->call, NULL, memory_order_acquire);

	if (!call)
		return;
	mailbox->is_in_call = true;
	call->fn(call->ctx, pipeline);
	mailbox->is_in_call = false;
	/* The caller may release the call from here on. Pairs with the acquire in is_done(). */
	atomic_fetch_add_explicit(&mailbox->calls_done, 1, memory_order_release);
	wf_waiter_wake(&mailbox->caller);
}

static bool is_done(const struct wf_mailbox *mailbox, uint64_t before)
{
	return atomic_load_explicit(&mailbox->calls_done, memory_order_acquire) != before;
}

/*
 * Wait until the posted call has run. Return: true if it has run; false if it was withdrawn at the
 * deadline and will not run.
 */
static bool wait_until_done(struct wf_mailbox *mailbox, uint64_t before, uint64_t deadline_ns)
{
	while (!is_done(mailbox, before)) {
		uint32_t ticket = wf_waiter_announce(&mailbox->caller);

		if (!is_done(mailbox, before))
			wf_waiter_sleep(&mailbox->caller, ticket, deadline_ns);
		wf_waiter_cancel(&mailbox->caller);
		if (wf_clock_monotonic_ns() < deadline_ns)
			continue;
		/*
		 * Withdraw the call. If the worker has already taken it, wait without a deadline:
		 * it will finish soon.
		 */
		if (atomic_exchange_explicit(&mailbox->call, NULL, memory_order_relaxed))
			return false;
		deadline_ns = UINT64_MAX;
	}
	return true;
}

int wf_mailbox_call(struct wf_mailbox *mailbox, const struct wf_call *call, uint32_t timeout_ms)
{
	uint64_t before = atomic_load_explicit(&mailbox->calls_done, memory_order_relaxed);
	uint64_t deadline_ns = wf_clock_monotonic_ns() + timeout_ms * WF_NS_PER_MS;

	atomic_store_explicit(&mailbox->call, call, memory_order_release);
	wf_mailbox_post(mailbox, WF_REQUEST_CALL);
	return wait_until_done(mailbox, before, deadline_ns) ? 0 : -ETIMEDOUT;
}
