// SPDX-License-Identifier: BSD-2-Clause
/*
 * run_limit.c - compares the clock and the count of packets with the limits of a run.
 */
#include "agent/watch/run_limit.h"

#include "agent/control/clock.h"
#include "agent/watch/nothing_found.h"
#include "config/config_table.h"

#define NS_PER_SEC 1000000000ull

static uint64_t packets_of(const struct weft *weft)
{
	struct wf_nothing_counts counts;

	wf_nothing_found_read(weft, &counts);
	return counts.frames;
}

void wf_run_limit_init(struct wf_run_limit *limit, const struct wf_config *config)
{
	limit->start_ns = 0;
	limit->packets_before = 0;
	wf_run_limit_set(limit, config);
}

void wf_run_limit_set(struct wf_run_limit *limit, const struct wf_config *config)
{
	atomic_store(&limit->duration_ns, config->duration_sec * NS_PER_SEC);
	atomic_store(&limit->packets_max, config->packets_max);
}

void wf_run_limit_start(struct wf_run_limit *limit)
{
	if (!limit->start_ns)
		limit->start_ns = wf_clock_now_ns();
}

bool wf_run_limit_is_reached(const struct wf_run_limit *limit, const struct weft *weft)
{
	uint64_t duration_ns = atomic_load(&limit->duration_ns);
	uint64_t packets_max = atomic_load(&limit->packets_max);

	if (duration_ns && limit->start_ns && wf_clock_now_ns() - limit->start_ns >= duration_ns)
		return true;
	if (!packets_max)
		return false;
	return limit->packets_before + (weft ? packets_of(weft) : 0) >= packets_max;
}

void wf_run_limit_add(struct wf_run_limit *limit, const struct weft *weft)
{
	limit->packets_before += packets_of(weft);
}
