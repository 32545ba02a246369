// SPDX-License-Identifier: BSD-2-Clause
/*
 * kernel.c - what an engine's interfaces know of flows, taken together.
 *
 * A flow may be seen on several (both directions of a pair of taps, say): what is
 * counted is summed, and it is idle if it is on all.
 */
#include "engine/engine_internal.h"

#include <errno.h>
#include <string.h>

#include "pressure/overload.h"

static void add_kept(struct wf_kept *sum, const struct wf_kept *kept, bool first)
{
	for (int i = 0; i < 2; i++) {
		sum->packets[i] += kept->packets[i];
		sum->bytes[i] += kept->bytes[i];
		if (first || kept->was[i] == WF_VERDICT_STEER)
			sum->was[i] = kept->was[i];
	}
	if (first || kept->idle_ns < sum->idle_ns)
		sum->idle_ns = kept->idle_ns;
}

int wf_engine_set_verdict(void *ctx, const struct wf_flow_key *key,
			  const enum wf_verdict verdict[2], struct wf_kept *ret_kept)
{
	const struct wf_engine *engine = ctx;
	struct wf_kept sum;
	bool any = false;
	int err = -ENOENT;

	memset(&sum, 0, sizeof(sum));
	for (uint32_t i = 0; i < engine->ifaces_count; i++) {
		struct wf_kept kept;
		int one = wf_iface_set_verdict(engine->ifaces[i].iface, key, verdict, &kept);

		if (!one)
			add_kept(&sum, &kept, !any);
		else if (one != -ENOENT)
			err = one;
		any |= !one;
	}
	if (!any)
		return err;
	*ret_kept = sum;
	return 0;
}

static void read_load(void *ctx, struct wf_overload_reading *ret_reading)
{
	const struct wf_engine *engine = ctx;

	memset(ret_reading, 0, sizeof(*ret_reading));
	for (uint32_t i = 0; i < engine->ifaces_count; i++) {
		struct wf_iface_load load;

		wf_iface_load(engine->ifaces[i].iface, &load);
		ret_reading->lost_frames += load.lost_frames;
		ret_reading->received_frames += load.received_frames;
		if (load.fill_percent > ret_reading->fill_percent)
			ret_reading->fill_percent = load.fill_percent;
	}
}

static void apply_shed(void *ctx, uint32_t percent)
{
	const struct wf_engine *engine = ctx;

	for (uint32_t i = 0; i < engine->ifaces_count; i++)
		wf_iface_shed(engine->ifaces[i].iface, percent);
}

/* What can't be moved now waits where it is, and is moved the next time. */
static void move_counts(void *ctx)
{
	const struct wf_engine *engine = ctx;

	for (uint32_t i = 0; i < engine->ifaces_count; i++)
		wf_iface_move_counts(engine->ifaces[i].iface);
}

static void beat(void *ctx)
{
	const struct wf_engine *engine = ctx;

	for (uint32_t i = 0; i < engine->ifaces_count; i++)
		wf_iface_beat(engine->ifaces[i].iface);
}

void wf_engine_init_count_mover(struct wf_engine *engine)
{
	wf_count_mover_init(&engine->count_mover, engine->opts.lock_timeout_ms);
	engine->count_mover.move = move_counts;
	engine->count_mover.beat = beat;
	engine->count_mover.ctx = engine;
}

void wf_engine_init_shedding(struct wf_engine *engine)
{
	wf_shedding_init(&engine->shedding);
	engine->shedding.read = read_load;
	engine->shedding.apply = apply_shed;
	engine->shedding.ctx = engine;
}

int wf_engine_watch_load(struct wf_engine *engine)
{
	for (uint32_t i = 0; i < engine->ifaces_count; i++)
		if (engine->ifaces[i].opts.no_shed)
			return 0;
	return engine->ifaces_count ? wf_shedding_start(&engine->shedding) : 0;
}
