// SPDX-License-Identifier: BSD-2-Clause
/*
 * cleanup_tasks.c - the table of the cleanup tasks that workers run.
 *
 * A new task needs one function and one row.
 */
#include "worker/cleanup_tasks.h"

#include <stddef.h>

#include "base/clock.h"
#include "decode/defrag.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "pressure/cleanup.h"
#include "pressure/monitor.h"
#include "worker/pressure_actions.h"

enum { FORGET_MAX = 65536 /* maximum number of ended connections forgotten per run */ };

static uint64_t close_idle_flows(struct wf_pressure_actions *actions)
{
	wf_sweep_start(&actions->sweep, WF_SWEEP_EXPIRE);
	return 0;
}

/* Expire handshakes; each expired handshake lowers the half-open count of its source. */
static uint64_t forget_handshakes(struct wf_pressure_actions *actions)
{
	struct wf_conns *conns = actions->conns;
	uint32_t before = wf_half_open_count(&conns->half_open);

	wf_conns_expire_handshakes(conns, conns->now_ns);
	return before - wf_half_open_count(&conns->half_open);
}

static uint64_t drop_fragments(struct wf_pressure_actions *actions)
{
	const struct wf_conns *conns = actions->conns;
	uint64_t before = wf_metric_get(conns->metrics, fragments_held_fragments);

	wf_defrag_tick(actions->defrag, conns->now_ns);
	return before - wf_metric_get(conns->metrics, fragments_held_fragments);
}

/*
 * Forget the ended connections whose age has reached the TTL (at the high level, half of it), the
 * oldest first, and at most FORGET_MAX per run. At the critical level, keep only connections to
 * which late segments may still belong.
 */
static uint64_t forget_recent(struct wf_pressure_actions *actions)
{
	struct wf_recent *recent = &actions->conns->recent;
	uint64_t ttl_ns = recent->ttl_ns / 100 * wf_monitor_ttl_percent(actions->level);

	if (actions->level == WEFT_PRESSURE_CRITICAL)
		ttl_ns = recent->linger_ns;
	return wf_recent_forget(recent, ttl_ns, actions->conns->now_ns, FORGET_MAX);
}

/* Free the cached pages if no page was taken since the previous run. */
static uint64_t shrink_idle_caches(struct wf_pressure_actions *actions)
{
	uint64_t taken = wf_metric_get(actions->conns->metrics, pages_taken_pages);
	bool is_idle = taken == actions->pages_taken;

	actions->pages_taken = taken;
	return is_idle ? wf_page_pool_shrink(actions->pages) : 0;
}

struct task {
	const char *name;
	/*
	 * returns the number of items removed; 0 from close_idle_flows(), whose sweep removes them
	 * later
	 */
	uint64_t (*run)(struct wf_pressure_actions *actions);
	size_t ttl_sec_off; /* offset of the TTL option in struct weft_opts; 0: use ttl_ms */
	uint64_t ttl_ms;
};

enum { IDLE_FLOWS = 0 };

static const struct task tasks[] = {
	[IDLE_FLOWS] = {"idle flows", close_idle_flows,
			offsetof(struct weft_opts, timeout_established_sec), 0},
	{"handshakes", forget_handshakes, offsetof(struct weft_opts, timeout_embryonic_sec), 0},
	{"fragments", drop_fragments, 0, WEFT_FRAGMENT_TIMEOUT_MS},
	{"ended flows", forget_recent, 0, WEFT_RECENT_TTL_SEC * 1000ull},
	{"idle page caches", shrink_idle_caches, 0, 0},
};
enum { TASKS = sizeof(tasks) / sizeof(tasks[0]) };
_Static_assert((int)TASKS <= (int)WF_MAILBOX_TASKS_MAX, "a request for each");

/* ---- on the worker's thread ---- */

void wf_cleanup_tasks_run(uint32_t requested, struct wf_pressure_actions *actions,
			  struct wf_mailbox *mailbox)
{
	for (uint32_t i = 0; i < TASKS; i++)
		if (requested & 1u << (WF_REQUEST_CLEANUP_FIRST + i))
			wf_mailbox_add_done(mailbox, i, tasks[i].run(actions));
}

void wf_cleanup_tasks_count_closed(struct wf_mailbox *mailbox, uint64_t flows)
{
	wf_mailbox_add_done(mailbox, IDLE_FLOWS, flows);
}

/* ---- on the thread that runs the cleanup registry ---- */

/*
 * Callback of the cleanup registry: request the task from every worker. Return the number of items
 * that workers removed since the previous call. @ttl_ns is not used: each worker derives its own
 * timeouts from the pressure level.
 */
static int64_t request(void *ctx, uint64_t now_ns, uint64_t ttl_ns)
{
	struct wf_cleanup_request *self = ctx;
	uint64_t before = self->collected_items;

	self->collected_items = 0;
	for (uint32_t i = 0; i < self->mailboxes->count; i++)
		self->collected_items += atomic_load_explicit(
			&self->mailboxes->list[i]->done_items[self->task], memory_order_relaxed);
	wf_mailboxes_post(self->mailboxes, WF_REQUEST_CLEANUP_FIRST + self->task);
	return (int64_t)(self->collected_items - before);
}

static uint64_t ttl_ns_of(const struct task *task, const struct weft_opts *opts)
{
	const void *sec = (const char *)opts + task->ttl_sec_off;

	return task->ttl_sec_off ? *(const uint32_t *)sec * WF_NS_PER_SEC
				 : task->ttl_ms * WF_NS_PER_MS;
}

int wf_cleanup_tasks_register(struct wf_cleanup_requests *requests,
			      const struct wf_mailboxes *mailboxes, const struct weft_opts *opts,
			      struct wf_cleanup *cleanup, uint64_t now_ns)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < TASKS; i++) {
		const struct wf_cleanup_task task = {
			.name = tasks[i].name,
			.interval_ns = opts->cleanup_interval_sec * WF_NS_PER_SEC,
			.ttl_ns = ttl_ns_of(&tasks[i], opts),
			.fn = request,
			.ctx = &requests->list[i],
		};

		requests->list[i] = (struct wf_cleanup_request){.mailboxes = mailboxes, .task = i};
		err = wf_cleanup_register(cleanup, &task, now_ns);
	}
	return err;
}

void wf_cleanup_tasks_post_all(const struct wf_mailboxes *mailboxes)
{
	for (uint32_t i = 0; i < TASKS; i++)
		wf_mailboxes_post(mailboxes, WF_REQUEST_CLEANUP_FIRST + i);
}
