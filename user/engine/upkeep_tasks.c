// SPDX-License-Identifier: BSD-2-Clause
/*
 * upkeep_tasks.c - the cleanup tasks whose work is the workers'.
 */
#include "engine/upkeep_tasks.h"

#include <weft/limits.h>

#include "base/clock.h"
#include "worker/worker.h"
#include "pressure/cleanup.h"

void wf_upkeep_ask_reader(struct wf_crew *crew)
{
	atomic_fetch_add_explicit(&crew->halvings, 1, memory_order_relaxed);
}

void wf_upkeep_ask(struct wf_crew *crew, enum wf_chore chore)
{
	for (uint32_t i = 0; i < crew->count; i++) {
		wf_orders_give(&crew->workers[i].orders, chore);
		wf_waiter_wake(&crew->workers[i].waiter);
	}
}

/* @ttl_ns: the workers know the level, and from it how much of their timeouts counts. */
static int64_t ask_task(void *ctx, uint64_t now_ns, uint64_t ttl_ns)
{
	struct wf_upkeep_task *task = ctx;
	uint64_t before = task->collected_items;

	task->collected_items = 0;
	for (uint32_t i = 0; i < task->crew->count; i++)
		task->collected_items +=
			atomic_load_explicit(&task->crew->workers[i].orders.done_items[task->chore],
					     memory_order_relaxed);
	wf_upkeep_ask(task->crew, task->chore);
	return (int64_t)(task->collected_items - before);
}

int wf_upkeep_tasks_register(struct wf_upkeep_task tasks[WF_UPKEEP_TASKS], struct wf_crew *crew,
			     const struct weft_opts *opts, struct wf_cleanup *cleanup,
			     uint64_t now_ns)
{
	const struct {
		const char *name;
		uint64_t ttl_ns;
	} kinds[WF_UPKEEP_TASKS] = {
		[WF_CHORE_FLOWS] = {"idle flows", opts->timeout_established_sec * WF_NS_PER_SEC},
		[WF_CHORE_HANDSHAKES] = {"handshakes", opts->timeout_embryonic_sec * WF_NS_PER_SEC},
		[WF_CHORE_FRAGMENTS] = {"fragments", WEFT_FRAGMENT_TIMEOUT_MS * WF_NS_PER_MS},
		[WF_CHORE_RECENT] = {"ended flows", WEFT_RECENT_TTL_SEC * WF_NS_PER_SEC},
		[WF_CHORE_CACHES] = {"idle page caches", 0},
	};

	for (int i = 0; i < WF_UPKEEP_TASKS; i++) {
		const struct wf_cleanup_task task = {
			.name = kinds[i].name,
			.interval_ns = opts->cleanup_interval_sec * WF_NS_PER_SEC,
			.ttl_ns = kinds[i].ttl_ns,
			.fn = ask_task,
			.ctx = &tasks[i],
		};
		uint32_t id;
		int err;

		tasks[i] = (struct wf_upkeep_task){.crew = crew, .chore = (enum wf_chore)i};
		err = wf_cleanup_register(cleanup, &task, now_ns, &id);
		if (err)
			return err;
	}
	return 0;
}
