/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upkeep_tasks.h - the cleanup tasks whose work is the workers'.
 *
 * A task's run asks every worker (orders.h) and counts what the workers answered since
 * its last run: so its numbers are one interval late, and no thread waits for another.
 *
 * Half-open counts of sources need no task: each goes with its last handshake. Subscriptions
 * whose owner is gone are closed by the workers at their next flush (deliver/dispatch.c).
 *
 * Thread: upkeep.
 */
#ifndef WF_ENGINE_UPKEEP_TASKS_H
#define WF_ENGINE_UPKEEP_TASKS_H

#include <stdint.h>

#include <weft/opts.h>

#include "worker/orders.h"

struct wf_cleanup;
struct wf_crew;

#define WF_UPKEEP_TASKS (WF_CHORE_CACHES + 1)

struct wf_upkeep_task {
	struct wf_crew *crew; /* borrowed */
	enum wf_chore chore;
	uint64_t collected_items;
};

/* Register all. @tasks outlive @cleanup. Return: 0; -ENOBUFS. */
int wf_upkeep_tasks_register(struct wf_upkeep_task tasks[WF_UPKEEP_TASKS], struct wf_crew *crew,
			     const struct weft_opts *opts, struct wf_cleanup *cleanup,
			     uint64_t now_ns);

/* Ask every worker to do @chore, and wake it. */
void wf_upkeep_ask(struct wf_crew *crew, enum wf_chore chore);

/* Have the reader of a replay with several workers, which has a pool too, give back half of it. */
void wf_upkeep_ask_reader(struct wf_crew *crew);

#endif
