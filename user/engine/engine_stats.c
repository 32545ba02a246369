// SPDX-License-Identifier: BSD-2-Clause
/*
 * engine_stats.c - what can be read of an engine: its counters, workers, interfaces, subscriptions
 * and the names of its sources.
 */
#include <string.h>

#include "base/clock.h"
#include "capture/live/iface_stats.h"
#include "decode/decode.h"
#include "engine/engine.h"
#include "engine/engine_body.h"
#include "engine/housekeeping.h"
#include "memory/arena.h"
#include "unread/unread.h"

static void add_unread(const struct wf_engine *engine, struct wf_metrics *ret_sum)
{
	const struct wf_decoder decoder = {
		.checksum = WEFT_CHECKSUM_IGNORE,
		.ports = &engine->tunnel_ports,
	};
	struct wf_unread sum = {.frames = 0};

	for (uint32_t i = 0; i < engine->crew.count; i++)
		wf_unread_add(&sum, &engine->crew.workers[i].unread);
	wf_ifaces_note_unread(&engine->ifaces, &decoder, &sum);
	wf_unread_report(&sum, ret_sum);
}

void wf_engine_stats(const struct wf_engine *engine, struct wf_metrics *ret_sum)
{
	for (uint32_t i = 0; engine->is_started && i < engine->crew.count; i++)
		wf_metrics_sum(&engine->crew.workers[i].metrics, ret_sum);
	if (engine->is_started && engine->reader.source)
		wf_metrics_sum(&engine->reader.metrics, ret_sum);
	if (engine->is_started)
		wf_ifaces_stats_add(&engine->ifaces, ret_sum);
	if (engine->housekeeping)
		wf_housekeeping_stats(engine->housekeeping, ret_sum);
	wf_shedding_stats_add(&engine->shedding, ret_sum);
	wf_metrics_add_lock(ret_sum, &engine->control);
	wf_metrics_add_lock(ret_sum, &engine->count_mover.lock);
	wf_metrics_add_lock(ret_sum, &engine->registry.lock);
	if (!engine->is_started)
		return;
	add_unread(engine, ret_sum);
	wf_submit_stats_add(&engine->crew, ret_sum);
	wf_metric_add(ret_sum, ownership_violations,
		      atomic_load_explicit(&engine->claims.violations, memory_order_relaxed));
	for (uint32_t i = 0; i < engine->crew.count; i++)
		wf_metric_add(ret_sum, ownership_violations,
			      atomic_load_explicit(&engine->crew.workers[i].owner.violations,
						   memory_order_relaxed));
}

int wf_engine_subs_each(struct wf_engine *engine, wf_registry_stats_fn fn, void *ctx,
			struct weft_sub_stats *ret_removed)
{
	return wf_registry_stats_each(&engine->registry, fn, ctx, ret_removed);
}

void wf_engine_iface_stats_each(const struct wf_engine *engine, wf_iface_stats_fn fn, void *ctx)
{
	for (uint32_t i = 0; engine->is_started && i < engine->ifaces.count; i++) {
		struct wf_metrics counted;

		memset(&counted, 0, sizeof(counted));
		wf_iface_stats_add(engine->ifaces.list[i].iface, &counted);
		fn(engine->ifaces.list[i].name, &counted, ctx);
	}
}

void wf_engine_workers_each(const struct wf_engine *engine, weft_worker_fn fn, void *ctx)
{
	uint64_t now_ns = wf_clock_monotonic_ns();

	for (uint32_t i = 0; engine->is_started && i < engine->crew.count; i++) {
		const struct wf_worker *worker = &engine->crew.workers[i];
		const struct wf_activity *activity = &worker->activity;
		struct wf_overload_reading reading;

		wf_ifaces_read_load((void *)&engine->ifaces, i, &reading);
		/*
		 * Without a live source, a worker may sleep without a limit, so the time since its
		 * last round would not show that it hangs: report 0.
		 */
		fn(
			&(struct weft_worker){
				.index = i,
				.busy_percent = atomic_load_explicit(&activity->busy_percent,
								     memory_order_relaxed),
				.last_seen_ns = engine->crew.live
							? wf_activity_age_ns(activity, now_ns)
							: 0,
				.frames = wf_metric_get(&worker->metrics, frames),
				.delivered_bytes =
					wf_metric_get(&worker->metrics, payload_delivered_bytes),
				.connections = wf_metric_get(&worker->metrics, flows_active_flows),
				.ring_full_frames = reading.lost_frames,
			},
			ctx);
	}
}

void wf_engine_interfaces_each(const struct wf_engine *engine, weft_interface_fn fn, void *ctx)
{
	wf_iface_watch_each(&engine->iface_watch, fn, ctx);
}

const char *wf_engine_interface_name(const struct wf_engine *engine, uint8_t number)
{
	if (!number || number > engine->ifaces.count)
		return NULL;
	return engine->ifaces.list[number - 1].name;
}

const char *wf_engine_file_name(const struct wf_engine *engine, uint16_t number)
{
	if (!number || number > engine->files.count)
		return NULL;
	return engine->files.paths[number - 1];
}

struct wf_housekeeping *wf_engine_housekeeping(const struct wf_engine *engine)
{
	return engine->housekeeping;
}

struct wf_budget *wf_engine_budget(const struct wf_engine *engine)
{
	return wf_arena_budget(engine->arena);
}
