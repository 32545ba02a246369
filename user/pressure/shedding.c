// SPDX-License-Identifier: BSD-2-Clause
/*
 * shedding.c - the one place that says how much of the new flows XDP leaves to the host.
 */
#include "pressure/shedding.h"

#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/log.h"
#include "pressure/overload.h"
#include "metrics/metrics.h"

enum { TICK_MS = 20 };

int wf_shedding_init(struct wf_shedding *shedding)
{
	memset(shedding, 0, sizeof(*shedding));
	shedding->waiter.fd = -1;
	return wf_waiter_init(&shedding->waiter);
}

void wf_shedding_fini(struct wf_shedding *shedding)
{
	wf_shedding_stop(shedding);
	wf_waiter_fini(&shedding->waiter);
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
	/* Two at once: whoever applies last must have seen both, so look again. */
	do {
		applied = wf_shedding_percent(shedding);
		shedding->apply(shedding->ctx, applied);
	} while (applied != wf_shedding_percent(shedding));
}

static void tell(uint32_t from, uint32_t to)
{
	if (!from && to)
		wf_warn("capture: workers can't keep up: %u %% of new connections are left to the "
			"host, whole",
			to);
	else if (from && !to)
		wf_info("capture: workers keep up: all new connections are taken again");
}

static void *watch(void *arg)
{
	struct wf_shedding *shedding = arg;
	struct wf_overload overload;

	wf_cpu_name_thread("weft-shedding", 0);
	wf_overload_init(&overload);
	while (!atomic_load_explicit(&shedding->stopping, memory_order_relaxed)) {
		struct wf_overload_reading reading;
		uint32_t before = overload.percent;

		shedding->read(shedding->ctx, &reading);
		wf_overload_judge(&overload, &reading, wf_clock_monotonic_ns());
		if (overload.percent != before) {
			wf_shedding_demand(shedding, WF_SHED_OVERLOAD, overload.percent);
			tell(before, overload.percent);
		}
		atomic_store_explicit(&shedding->rises, overload.rises, memory_order_relaxed);
		atomic_store_explicit(&shedding->falls, overload.falls, memory_order_relaxed);

		wf_waiter_announce(&shedding->waiter);
		if (!atomic_load_explicit(&shedding->stopping, memory_order_relaxed))
			wf_waiter_wait(&shedding->waiter, TICK_MS);
		wf_waiter_cancel(&shedding->waiter);
	}
	return NULL;
}

int wf_shedding_start(struct wf_shedding *shedding)
{
	int err = pthread_create(&shedding->thread, NULL, watch, shedding);

	shedding->is_started = !err;
	return -err;
}

void wf_shedding_stop(struct wf_shedding *shedding)
{
	if (!shedding->is_started)
		return;
	atomic_store_explicit(&shedding->stopping, true, memory_order_relaxed);
	wf_waiter_wake(&shedding->waiter);
	pthread_join(shedding->thread, NULL);
	shedding->is_started = false;
}

void wf_shedding_stats_add(const struct wf_shedding *shedding, struct wf_metrics *sum)
{
	wf_metric_add(sum, shed_percent, wf_shedding_percent(shedding));
	wf_metric_add(sum, shed_rises,
		      atomic_load_explicit(&shedding->rises, memory_order_relaxed));
	wf_metric_add(sum, shed_falls,
		      atomic_load_explicit(&shedding->falls, memory_order_relaxed));
}
