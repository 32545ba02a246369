// SPDX-License-Identifier: BSD-2-Clause
/*
 * shedding.c - combines the demands for shedding, and checks the receive rings for overload.
 */
#include "pressure/shedding.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"

enum {
	TICK_MS = 20,
	CALM_TICK_MS = 50, /* while wf_overload_is_calm(): most of a tick's cost is the wake-up */
	MEMORY_STEP_PERCENT = 25,
};

void wf_shedding_init(struct wf_shedding *shedding)
{
	memset(shedding, 0, sizeof(*shedding));
	wf_overload_init(&shedding->overload);
}

uint32_t wf_shedding_percent(const struct wf_shedding *shedding)
{
	uint32_t highest = 0;

	for (int i = 0; i < WF_SHED_REASON_COUNT; i++) {
		uint32_t percent = atomic_load(&shedding->demand_percent[i]);

		highest = percent > highest ? percent : highest;
	}
	return highest;
}

void wf_shedding_demand(struct wf_shedding *shedding, enum wf_shed_reason reason, uint32_t percent)
{
	uint32_t applied;

	atomic_store(&shedding->demand_percent[reason], percent < 100 ? percent : 100);
	/*
	 * Repeat if another thread has changed a demand meanwhile, so that the percentage applied
	 * last includes all demands.
	 */
	do {
		applied = wf_shedding_percent(shedding);
		shedding->apply(shedding->ctx, applied);
	} while (applied != wf_shedding_percent(shedding));
}

uint32_t wf_shedding_follow_memory(struct wf_shedding *shedding, bool is_critical, uint64_t now_ns,
				   uint64_t interval_ns)
{
	uint32_t before = atomic_load(&shedding->demand_percent[WF_SHED_MEMORY]);
	uint32_t percent = is_critical ? before + MEMORY_STEP_PERCENT : 0;

	if (is_critical && now_ns < shedding->memory_raise_ns)
		return before;
	if (percent > 100)
		percent = 100;
	shedding->memory_raise_ns = now_ns + interval_ns;
	if (percent != before)
		wf_shedding_demand(shedding, WF_SHED_MEMORY, percent);
	return percent;
}

static void log_change(uint32_t from, uint32_t to)
{
	if (!from && to)
		wf_warn("capture: workers can't keep up: %u %% of new connections are not captured "
			"at all, so that the others are captured completely; use more CPUs and "
			"workers, --depth or a filter; if the load comes in bursts, larger rings "
			"help, too (capture.ring_frames in tap mode, capture.host_ring_mb in host "
			"mode)",
			to);
	else if (from && !to)
		wf_info("capture: workers keep up again: no more connections are left out because "
			"of overload");
}

static void read_loads(struct wf_shedding *shedding, uint64_t now_ns)
{
	wf_worker_loads_begin(&shedding->loads, now_ns);
	for (uint32_t worker = 0; worker < shedding->workers; worker++) {
		struct wf_overload_reading reading;

		shedding->read(shedding->ctx, worker, &reading);
		wf_worker_loads_add(&shedding->loads, worker, &reading);
	}
}

static uint64_t watch(void *ctx, uint64_t now_ns)
{
	struct wf_shedding *shedding = ctx;
	struct wf_overload *overload = &shedding->overload;
	uint32_t before = overload->percent;
	uint32_t tick_ms;

	read_loads(shedding, now_ns);
	wf_overload_judge(overload, &shedding->loads.sum, now_ns);
	if (overload->percent != before) {
		wf_shedding_demand(shedding, WF_SHED_OVERLOAD, overload->percent);
		log_change(before, overload->percent);
	}
	atomic_store_explicit(&shedding->rises, overload->rises, memory_order_relaxed);
	atomic_store_explicit(&shedding->falls, overload->falls, memory_order_relaxed);
	tick_ms = wf_overload_is_calm(overload, now_ns) ? CALM_TICK_MS : TICK_MS;
	return wf_clock_monotonic_ns() + tick_ms * WF_NS_PER_MS;
}

int wf_shedding_start(struct wf_shedding *shedding)
{
	return wf_periodic_start(&shedding->thread, "weft-shedding", watch, shedding);
}

void wf_shedding_stop(struct wf_shedding *shedding)
{
	wf_periodic_stop(&shedding->thread);
}

void wf_shedding_stats_add(const struct wf_shedding *shedding, struct wf_metrics *sum)
{
	wf_metric_add(sum, shed_percent, wf_shedding_percent(shedding));
	wf_metric_add(sum, shed_rises,
		      atomic_load_explicit(&shedding->rises, memory_order_relaxed));
	wf_metric_add(sum, shed_falls,
		      atomic_load_explicit(&shedding->falls, memory_order_relaxed));
}
