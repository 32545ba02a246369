// SPDX-License-Identifier: BSD-2-Clause
/*
 * asking.c - a question of the control plane to one worker, answered on the worker's thread.
 */
#include "worker/asking.h"

#include <errno.h>
#include <stdbool.h>

#include "base/clock.h"

void wf_asking_answer_now(struct wf_asking *asking, struct wf_pipeline *pipeline)
{
	/* Pairs with the release in wf_asking_ask(): what the question points to. */
	const struct wf_question *question =
		atomic_exchange_explicit(&asking->question, NULL, memory_order_acquire);

	if (!question)
		return;
	question->answer(question->ctx, pipeline);
	/* From here on the question is gone. Pairs with the acquire in has_answered(). */
	atomic_fetch_add_explicit(&asking->answered, 1, memory_order_release);
	wf_waiter_wake(&asking->asker);
}

static bool has_answered(const struct wf_asking *asking, uint64_t before)
{
	return atomic_load_explicit(&asking->answered, memory_order_acquire) != before;
}

/* Return: false: it was not taken, and is not there any more. */
static bool wait_for_answer(struct wf_asking *asking, uint64_t before, uint64_t deadline_ns)
{
	while (!has_answered(asking, before)) {
		uint32_t ticket = wf_waiter_announce(&asking->asker);

		if (!has_answered(asking, before))
			wf_waiter_sleep(&asking->asker, ticket, deadline_ns);
		wf_waiter_cancel(&asking->asker);
		if (wf_clock_monotonic_ns() < deadline_ns)
			continue;
		/* Taken back; if the worker has taken it already, the answer is near. */
		if (atomic_exchange_explicit(&asking->question, NULL, memory_order_relaxed))
			return false;
		deadline_ns = UINT64_MAX;
	}
	return true;
}

int wf_asking_ask(struct wf_asking *asking, struct wf_waiter *worker,
		  const struct wf_question *question, uint32_t timeout_ms)
{
	uint64_t before = atomic_load_explicit(&asking->answered, memory_order_relaxed);
	uint64_t deadline_ns = wf_clock_monotonic_ns() + timeout_ms * WF_NS_PER_MS;

	atomic_store_explicit(&asking->question, question, memory_order_release);
	wf_waiter_wake(worker);
	return wait_for_answer(asking, before, deadline_ns) ? 0 : -ETIMEDOUT;
}
