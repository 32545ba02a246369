// SPDX-License-Identifier: BSD-2-Clause
/*
 * budget.c - the memory limit, and the number of bytes that each owner has reserved.
 *
 * Only the counter of used bytes is checked: a compare-and-swap raises it only if the sum stays
 * within the limit, so the limit is never exceeded. The counters of the owners are updated
 * afterwards, so their sum may differ from the used bytes for a moment.
 */
#include "memory/budget.h"

#include <errno.h>

#include "memory/fault.h"
#include "metrics/metrics.h"

void wf_budget_init(struct wf_budget *budget, uint64_t limit_bytes, wf_budget_reclaim_fn reclaim,
		    void *reclaim_ctx)
{
	budget->limit_bytes = limit_bytes;
	budget->reclaim = reclaim;
	budget->reclaim_ctx = reclaim_ctx;
	atomic_init(&budget->used_bytes, 0);
	atomic_init(&budget->peak_bytes, 0);
	atomic_init(&budget->refused, 0);
	for (int owner = 0; owner < WF_BUDGET_OWNER_COUNT; owner++)
		atomic_init(&budget->held_bytes[owner], 0);
}

static void raise_peak(struct wf_budget *budget, uint64_t used)
{
	uint64_t peak = atomic_load_explicit(&budget->peak_bytes, memory_order_relaxed);

	while (peak < used &&
	       !atomic_compare_exchange_weak_explicit(&budget->peak_bytes, &peak, used,
						      memory_order_relaxed, memory_order_relaxed))
		;
}

static bool raise_used(struct wf_budget *budget, uint64_t bytes)
{
	uint64_t used = atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);

	do {
		/* The sum used + bytes is not computed, because it could overflow. */
		if (used > budget->limit_bytes || bytes > budget->limit_bytes - used)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&budget->used_bytes, &used, used + bytes,
							memory_order_relaxed,
							memory_order_relaxed));
	raise_peak(budget, used + bytes);
	return true;
}

int wf_budget_reserve(struct wf_budget *budget, enum wf_budget_owner owner, uint64_t bytes)
{
	if (wf_fault_hit())
		return -ENOBUFS;

	if (!raise_used(budget, bytes)) {
		if (bytes <= budget->limit_bytes && budget->reclaim)
			budget->reclaim(budget->reclaim_ctx, bytes);
		if (!raise_used(budget, bytes)) {
			atomic_fetch_add_explicit(&budget->refused, 1, memory_order_relaxed);
			return -ENOBUFS;
		}
	}
	atomic_fetch_add_explicit(&budget->held_bytes[owner], bytes, memory_order_relaxed);
	return 0;
}

void wf_budget_release(struct wf_budget *budget, enum wf_budget_owner owner, uint64_t bytes)
{
	uint64_t held =
		atomic_fetch_sub_explicit(&budget->held_bytes[owner], bytes, memory_order_relaxed);

	wf_assert(held >= bytes);
	(void)held;
	atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
}

void wf_budget_move(struct wf_budget *budget, enum wf_budget_owner from, enum wf_budget_owner to,
		    uint64_t bytes)
{
	uint64_t held =
		atomic_fetch_sub_explicit(&budget->held_bytes[from], bytes, memory_order_relaxed);

	wf_assert(held >= bytes);
	(void)held;
	atomic_fetch_add_explicit(&budget->held_bytes[to], bytes, memory_order_relaxed);
}

uint64_t wf_budget_kernel(const struct wf_budget *budget)
{
	return wf_budget_held(budget, WF_BUDGET_MAPS) + wf_budget_held(budget, WF_BUDGET_RINGS);
}

uint64_t wf_budget_fixed(const struct wf_budget *budget)
{
	return wf_budget_held(budget, WF_BUDGET_TABLES) + wf_budget_held(budget, WF_BUDGET_FRAMES) +
	       wf_budget_held(budget, WF_BUDGET_WORKERS) + wf_budget_kernel(budget);
}

uint64_t wf_budget_left(const struct wf_budget *budget)
{
	/*
	 * Other threads may change the counters between the two loads, so that free_bytes exceeds
	 * used.
	 */
	uint64_t free_bytes = wf_budget_held(budget, WF_BUDGET_FREE_SPANS);
	uint64_t used = wf_budget_used(budget);
	uint64_t taken = used > free_bytes ? used - free_bytes : 0;

	return taken < budget->limit_bytes ? budget->limit_bytes - taken : 0;
}

uint64_t wf_budget_used(const struct wf_budget *budget)
{
	return atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);
}

uint64_t wf_budget_held(const struct wf_budget *budget, enum wf_budget_owner owner)
{
	return atomic_load_explicit(&budget->held_bytes[owner], memory_order_relaxed);
}

void wf_budget_publish(const struct wf_budget *budget, struct wf_metrics *metrics)
{
	wf_metric_set(metrics, memory_limit_bytes, budget->limit_bytes);
	wf_metric_set(metrics, memory_used_bytes, wf_budget_used(budget));
	wf_metric_set(metrics, memory_peak_bytes,
		      atomic_load_explicit(&budget->peak_bytes, memory_order_relaxed));
	wf_metric_set(metrics, memory_refused_reservations,
		      atomic_load_explicit(&budget->refused, memory_order_relaxed));
	wf_metric_set(metrics, memory_tables_bytes, wf_budget_held(budget, WF_BUDGET_TABLES));
	wf_metric_set(metrics, memory_free_spans_bytes,
		      wf_budget_held(budget, WF_BUDGET_FREE_SPANS));
	wf_metric_set(metrics, memory_frames_bytes, wf_budget_held(budget, WF_BUDGET_FRAMES));
	wf_metric_set(metrics, memory_pages_bytes, wf_budget_held(budget, WF_BUDGET_PAGES));
	wf_metric_set(metrics, memory_slabs_bytes, wf_budget_held(budget, WF_BUDGET_SLABS));
	wf_metric_set(metrics, memory_runs_bytes, wf_budget_held(budget, WF_BUDGET_RUNS));
	wf_metric_set(metrics, memory_queues_bytes, wf_budget_held(budget, WF_BUDGET_QUEUES));
	wf_metric_set(metrics, memory_workers_bytes, wf_budget_held(budget, WF_BUDGET_WORKERS));
	wf_metric_set(metrics, memory_rings_bytes, wf_budget_held(budget, WF_BUDGET_RINGS));
	wf_metric_set(metrics, memory_maps_bytes, wf_budget_held(budget, WF_BUDGET_MAPS));
	wf_metric_set(metrics, memory_state_bytes, wf_budget_held(budget, WF_BUDGET_STATE));
	wf_metric_set(metrics, memory_other_bytes, wf_budget_held(budget, WF_BUDGET_OTHER));
}

bool wf_budget_is_valid(const struct wf_budget *budget)
{
	uint64_t sum = 0;

	for (int owner = 0; owner < WF_BUDGET_OWNER_COUNT; owner++)
		sum += wf_budget_held(budget, (enum wf_budget_owner)owner);
	return sum == wf_budget_used(budget) && sum <= budget->limit_bytes;
}
