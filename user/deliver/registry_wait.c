// SPDX-License-Identifier: BSD-2-Clause
/*
 * registry_wait.c - control calls wait for workers. A worker that makes such a call does not wait
 * for other workers: they might wait for it.
 */
#include "deliver/registry_wait.h"

#include "base/clock.h"
#include "base/owner.h"

#define PASS_NAP_NS   (100 * WF_NS_PER_MS)
#define LISTS_WAIT_NS WF_NS_PER_SEC

/* weft_subscribe() waits while a worker has not yet seen more than this number of list changes. */
enum { UNSEEN_MAX = 32 };

bool wf_registry_has_worker(const struct wf_registry *registry, uint32_t worker)
{
	return atomic_load(&registry->worker[worker].presence) == WF_WORKER_PRESENT;
}

static bool is_worker_thread(const struct wf_registry *registry)
{
	for (uint32_t i = 0; i < registry->workers; i++)
		if (atomic_load(&registry->worker[i].thread) == wf_thread_id())
			return true;
	return false;
}

/*
 * Return true if worker @index may be in a callback of a subscription that is no longer in list
 * @generation.
 */
static bool may_call(const struct wf_registry *registry, uint32_t index, uint64_t generation)
{
	const struct wf_worker_state *worker = &registry->worker[index];

	return wf_registry_has_worker(registry, index) && !atomic_load(&worker->is_blocked) &&
	       atomic_load(&worker->generation) < generation;
}

void wf_registry_wait_for_callbacks(struct wf_registry *registry, uint64_t generation)
{
	if (is_worker_thread(registry))
		return;
	for (uint32_t i = 0; i < registry->workers; i++) {
		for (;;) {
			uint32_t ticket = wf_waiter_announce(&registry->passed);

			if (!may_call(registry, i, generation))
				break;
			wf_waiter_sleep(&registry->passed, ticket,
					wf_clock_monotonic_ns() + PASS_NAP_NS);
		}
	}
}

/* Return true if a worker uses a list much older than @generation. */
static bool is_behind(const struct wf_registry *registry, uint64_t generation)
{
	for (uint32_t i = 0; i < registry->workers; i++) {
		const struct wf_worker_state *worker = &registry->worker[i];

		if (wf_registry_has_worker(registry, i) &&
		    atomic_load(&worker->generation) + UNSEEN_MAX < generation)
			return true;
	}
	return false;
}

void wf_registry_wait_for_lists(struct wf_registry *registry, uint64_t generation)
{
	uint64_t deadline_ns = wf_clock_monotonic_ns() + LISTS_WAIT_NS;

	if (is_worker_thread(registry))
		return;
	for (;;) {
		uint32_t ticket = wf_waiter_announce(&registry->passed);
		uint64_t now_ns = wf_clock_monotonic_ns();

		if (!is_behind(registry, generation) || now_ns >= deadline_ns)
			return;
		wf_waiter_sleep(&registry->passed, ticket, now_ns + PASS_NAP_NS);
	}
}
