// SPDX-License-Identifier: BSD-2-Clause
/*
 * run_limit.c - compares the clock and the count of packets with the limits of a run.
 */
#include "agent/run_limit.h"

#include "agent/control/clock.h"
#include "agent/nothing_found.h"
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
	*limit = (struct wf_run_limit){
		.duration_ns = config->duration_sec * NS_PER_SEC,
		.end_ns = UINT64_MAX,
		.packets_max = config->packets_max,
	};
}

void wf_run_limit_start(struct wf_run_limit *limit)
{
	if (limit->duration_ns && limit->end_ns == UINT64_MAX)
		limit->end_ns = wf_clock_now_ns() + limit->duration_ns;
}

bool wf_run_limit_is_reached(const struct wf_run_limit *limit, const struct weft *weft)
{
	if (wf_clock_now_ns() >= limit->end_ns)
		return true;
	if (!limit->packets_max)
		return false;
	return limit->packets_before + (weft ? packets_of(weft) : 0) >= limit->packets_max;
}

void wf_run_limit_add(struct wf_run_limit *limit, const struct weft *weft)
{
	limit->packets_before += packets_of(weft);
}
