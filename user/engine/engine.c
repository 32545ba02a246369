// SPDX-License-Identifier: BSD-2-Clause
/*
 * engine.c - the life of an engine: what is asked for, start, stop, end, what it counted.
 *
 * weft_stop() may come from a signal handler, so it only leaves a note; the
 * thread in wf_engine_wait() detaches the interfaces and tells the workers.
 */
#include "engine/engine_internal.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/live/iface.h"
#include "capture/file/pcap_file.h"
#include "capture/file/pcap_filter.h"
#include "deliver/subscription.h"
#include "engine/steering.h"
#include "memory/arena.h"
#include "memory/page_pool.h"

static void free_iface_opts(struct wf_engine_iface *iface)
{
	free((void *)iface->opts.ports);
	free((void *)iface->opts.allow);
	free((void *)iface->opts.deny);
	free((void *)iface->opts.pin_dir);
	free(iface->name);
}

/* A copy of @count elements; NULL for none. Sets *@failed when there is no memory. */
static void *copy_array(const void *array, size_t count, size_t element_bytes, bool *failed)
{
	void *copy;

	if (!count)
		return NULL;
	copy = malloc(count * element_bytes);
	if (!copy) {
		*failed = true;
		return NULL;
	}
	return memcpy(copy, array, count * element_bytes);
}

static int copy_strings_and_rules(struct wf_engine *engine, const struct weft_opts *opts)
{
	bool failed = false;

	engine->opts = *opts;
	engine->opts.overlap_rules = copy_array(opts->overlap_rules, opts->overlap_rules_count,
						sizeof(*opts->overlap_rules), &failed);
	engine->opts.filter = NULL;
	if (failed)
		return -ENOMEM;
	if (opts->filter && *opts->filter)
		return wf_pcap_filter_new(opts->filter, &engine->filter);
	return 0;
}

int wf_engine_new(const struct weft_opts *opts, struct wf_engine **ret_engine)
{
	struct wf_engine *engine = calloc(1, sizeof(*engine));
	int err;

	if (!engine)
		return -ENOMEM;
	wf_lock_init(&engine->control, opts->lock_timeout_ms);
	err = copy_strings_and_rules(engine, opts);
	if (err)
		goto free_engine;
	wf_engine_init_shedding(engine);
	wf_engine_init_count_mover(engine);
	if (getrandom(&engine->secret, sizeof(engine->secret), 0) != sizeof(engine->secret)) {
		err = -EIO;
		goto free_engine;
	}
	err = wf_arena_new(opts->memory_max_bytes, &engine->arena);
	if (err) {
		wf_error("memory: can't map %llu MiB: %s",
			 (unsigned long long)opts->memory_max_bytes >> 20, strerror(-err));
		goto free_engine;
	}
	*ret_engine = engine;
	return 0;

free_engine:
	wf_engine_free(engine);
	return err;
}

int wf_engine_add_file(struct wf_engine *engine, const char *path)
{
	if (engine->is_started || engine->ifaces_count || engine->file_path ||
	    engine->submit_ring_bytes) {
		wf_error("source: %s: a handle reads one file, or interfaces", path);
		return -EINVAL;
	}
	engine->file_path = strdup(path);
	return engine->file_path ? 0 : -ENOMEM;
}

static int copy_iface_opts(struct weft_interface_opts *ret_opts,
			   const struct weft_interface_opts *opts)
{
	bool failed = false;

	*ret_opts = *opts;
	ret_opts->ports = copy_array(opts->ports, opts->ports_count, sizeof(*opts->ports), &failed);
	ret_opts->allow = copy_array(opts->allow, opts->allow_count, sizeof(*opts->allow), &failed);
	ret_opts->deny = copy_array(opts->deny, opts->deny_count, sizeof(*opts->deny), &failed);
	ret_opts->pin_dir =
		opts->pin_dir ? copy_array(opts->pin_dir, strlen(opts->pin_dir) + 1, 1, &failed)
			      : NULL;
	return failed ? -ENOMEM : 0;
}

int wf_engine_add_interface(struct wf_engine *engine, const char *ifname,
			    const struct weft_interface_opts *opts)
{
	struct wf_engine_iface *iface = &engine->ifaces[engine->ifaces_count];
	int err;

	if (engine->is_started || engine->file_path) {
		wf_error("source: %s: a handle reads one file, or interfaces", ifname);
		return -EINVAL;
	}
	if (engine->ifaces_count == WEFT_INTERFACES_MAX) {
		wf_error("source: %s: at most %d interfaces", ifname, WEFT_INTERFACES_MAX);
		return -ENOSPC;
	}
	if (!if_nametoindex(ifname)) {
		wf_error("capture: %s: no such interface", ifname);
		return -ENODEV;
	}
	err = copy_iface_opts(&iface->opts, opts);
	iface->name = strdup(ifname);
	if (err || !iface->name) {
		free_iface_opts(iface);
		memset(iface, 0, sizeof(*iface));
		return -ENOMEM;
	}
	engine->ifaces_count++;
	return 0;
}

int wf_engine_add_submit(struct wf_engine *engine, const struct weft_submit_opts *opts)
{
	uint64_t bytes = opts->ring_bytes ? opts->ring_bytes : (uint64_t)WEFT_SUBMIT_RING_BYTES;

	if (engine->is_started)
		return -EBUSY;
	if (engine->submit_ring_bytes)
		return -EEXIST;
	if (engine->file_path) {
		wf_error("source: a handle reads one file, or takes packets");
		return -EINVAL;
	}
	if (bytes & (bytes - 1) || bytes < WEFT_SUBMIT_RING_MIN_BYTES ||
	    bytes > WEFT_SUBMIT_RING_MAX_BYTES) {
		wf_error("options: ring_bytes is %llu; allowed: powers of two from %d to %d",
			 (unsigned long long)bytes, WEFT_SUBMIT_RING_MIN_BYTES,
			 WEFT_SUBMIT_RING_MAX_BYTES);
		return -EINVAL;
	}
	engine->submit_ring_bytes = bytes;
	engine->submit.live = opts->live;
	return 0;
}

int wf_engine_subscribe(struct wf_engine *engine, const struct weft_sub_opts *opts,
			struct weft_sub **ret_sub)
{
	struct weft_sub *sub;
	int err;

	if (engine->is_started)
		return -EBUSY;
	if (engine->subs_count == WEFT_SUBSCRIPTIONS_MAX)
		return -ENOSPC;
	err = wf_sub_new(opts, engine->opts.workers, wf_engine_is_live(engine), engine->arena,
			 &sub);
	if (err)
		return err;
	engine->subs[engine->subs_count++] = sub;
	*ret_sub = sub;
	return 0;
}

static void detach_ifaces(struct wf_engine *engine)
{
	if (engine->is_detached)
		return;
	for (uint32_t i = 0; i < engine->ifaces_count; i++)
		if (engine->ifaces[i].iface)
			wf_iface_detach(engine->ifaces[i].iface);
	engine->is_detached = true;
}

/* Sources bring no more: let the workers finish. */
static void tell_workers_to_finish(struct wf_engine *engine)
{
	detach_ifaces(engine);
	wf_submit_close(&engine->crew);
	for (uint32_t i = 0; i < engine->subs_count; i++)
		wf_sub_stop(engine->subs[i]);
	/* Pairs with the acquire in sources_ended(): the detach comes before. */
	atomic_store_explicit(&engine->crew.stopping, true, memory_order_release);
	for (uint32_t i = 0; i < engine->crew.count; i++) {
		struct wf_worker *worker = &engine->crew.workers[i];

		wf_mpsc_close(&worker->feed);
		wf_waiter_wake(&worker->waiter);
	}
}

/* Threads that could not be started count as drained and ended: nobody waits for them. */
static void count_missing_workers(struct wf_crew *crew, uint32_t missing)
{
	atomic_fetch_add_explicit(&crew->drained, missing, memory_order_release);
	atomic_fetch_sub_explicit(&crew->running, missing, memory_order_release);
}

static int start_threads(struct wf_engine *engine)
{
	struct wf_crew *crew = &engine->crew;
	int err = 0;

	atomic_store_explicit(&crew->running, crew->count, memory_order_relaxed);
	for (uint32_t i = 0; !err && i < crew->count; i++) {
		err = wf_worker_start(&crew->workers[i]);
		if (err)
			count_missing_workers(crew, crew->count - i);
	}
	if (!err && engine->reader.source)
		err = wf_reader_start(&engine->reader);
	if (err)
		wf_error("engine: can't start threads: %s", strerror(-err));
	return err;
}

static int attach_ifaces(struct wf_engine *engine)
{
	for (uint32_t i = 0; i < engine->ifaces_count; i++) {
		int err = wf_iface_attach(engine->ifaces[i].iface);

		if (err)
			return err;
	}
	return 0;
}

static void join_threads(struct wf_engine *engine)
{
	wf_reader_join(&engine->reader);
	for (uint32_t i = 0; i < engine->crew.count; i++)
		wf_worker_join(&engine->crew.workers[i]);
	wf_engine_tell_strays(engine);
}

static int start_upkeep(struct wf_engine *engine)
{
	const struct wf_upkeep_setup setup = {
		.opts = &engine->opts,
		.arena = engine->arena,
		.crew = &engine->crew,
		.shedding = engine->ifaces_count ? &engine->shedding : NULL,
	};

	return wf_engine_upkeep_start(&setup, &engine->upkeep);
}

int wf_engine_start(struct wf_engine *engine)
{
	int err;

	if (engine->is_started ||
	    (!engine->file_path && !engine->ifaces_count && !engine->submit_ring_bytes)) {
		wf_error("engine: nothing to start: add a file, an interface or submit first");
		return -EINVAL;
	}
	err = wf_engine_setup(engine);
	if (err) {
		wf_engine_teardown(engine);
		return err;
	}
	engine->is_started = true;
	err = start_threads(engine);
	if (!err)
		err = attach_ifaces(engine);
	if (!err)
		err = wf_engine_watch_load(engine);
	if (!err && engine->ifaces_count)
		err = wf_count_mover_start(&engine->count_mover);
	if (!err)
		err = start_upkeep(engine);
	if (err) {
		wf_count_mover_stop(&engine->count_mover);
		wf_shedding_stop(&engine->shedding);
		tell_workers_to_finish(engine);
		join_threads(engine);
		engine->is_started = false;
		wf_engine_teardown(engine);
	}
	return err;
}

static int wait_for_end(struct wf_engine *engine, uint64_t deadline_ns)
{
	bool told = false;

	while (atomic_load_explicit(&engine->crew.running, memory_order_acquire)) {
		uint32_t ticket;

		if (wf_clock_monotonic_ns() >= deadline_ns)
			return -ETIMEDOUT;
		ticket = wf_waiter_announce(&engine->stop_waiter);
		if (atomic_load_explicit(&engine->stop_asked, memory_order_relaxed) && !told) {
			tell_workers_to_finish(engine);
			told = true;
		} else if (atomic_load_explicit(&engine->crew.running, memory_order_acquire)) {
			wf_waiter_sleep(&engine->stop_waiter, ticket, deadline_ns);
		}
		wf_waiter_cancel(&engine->stop_waiter);
	}
	return 0;
}

int wf_engine_wait(struct wf_engine *engine, int timeout_ms)
{
	uint64_t deadline_ns = UINT64_MAX;
	int err;

	if (!engine->is_started)
		return -EINVAL;
	if (timeout_ms >= 0)
		deadline_ns = wf_clock_monotonic_ns() + (uint64_t)timeout_ms * WF_NS_PER_MS;
	err = wait_for_end(engine, deadline_ns);
	if (err)
		return err;
	wf_count_mover_stop(&engine->count_mover);
	wf_shedding_stop(&engine->shedding);
	join_threads(engine);
	wf_engine_upkeep_stop(engine->upkeep);
	return atomic_load_explicit(&engine->crew.error, memory_order_relaxed);
}

int wf_engine_submit(struct wf_engine *engine, const struct weft_packet *packets, uint32_t count,
		     int timeout_ms)
{
	if (!engine->is_started || !engine->submit_ring_bytes)
		return -EINVAL;
	return wf_submit(&engine->submit, packets, count, timeout_ms);
}

void wf_engine_stop(struct wf_engine *engine)
{
	atomic_store_explicit(&engine->stop_asked, true, memory_order_relaxed);
	wf_waiter_wake(&engine->stop_waiter);
}

void wf_engine_free(struct wf_engine *engine)
{
	if (!engine)
		return;
	if (engine->is_started) {
		wf_engine_stop(engine);
		wf_engine_wait(engine, -1);
	}
	wf_engine_upkeep_free(engine->upkeep);
	/* What waits in queues are pages of the pools that teardown frees. */
	for (uint32_t i = 0; i < engine->subs_count; i++)
		wf_sub_free(engine->subs[i]);
	wf_engine_teardown(engine);
	for (uint32_t i = 0; i < engine->ifaces_count; i++)
		free_iface_opts(&engine->ifaces[i]);
	wf_pcap_filter_free(engine->filter);
	wf_arena_free(engine->arena);
	wf_count_mover_fini(&engine->count_mover);
	wf_shedding_stop(&engine->shedding);
	wf_lock_fini(&engine->control);
	free((void *)engine->opts.overlap_rules);
	free(engine->file_path);
	free(engine);
}

void wf_engine_stats(const struct wf_engine *engine, struct wf_metrics *ret_sum)
{
	for (uint32_t i = 0; engine->is_started && i < engine->crew.count; i++)
		wf_metrics_sum(&engine->crew.workers[i].metrics, ret_sum);
	if (engine->is_started && engine->reader.source)
		wf_metrics_sum(&engine->reader.metrics, ret_sum);
	for (uint32_t i = 0; engine->is_started && i < engine->ifaces_count; i++)
		wf_iface_stats_add(engine->ifaces[i].iface, ret_sum);
	if (engine->upkeep)
		wf_engine_upkeep_stats(engine->upkeep, ret_sum);
	wf_shedding_stats_add(&engine->shedding, ret_sum);
	wf_metrics_add_lock(ret_sum, &engine->control);
	wf_metrics_add_lock(ret_sum, &engine->count_mover.lock);
	if (!engine->is_started)
		return;
	wf_submit_stats_add(&engine->crew, ret_sum);
	wf_metric_add(ret_sum, ownership_violations,
		      atomic_load_explicit(&engine->claims.violations, memory_order_relaxed));
	for (uint32_t i = 0; i < engine->crew.count; i++)
		wf_metric_add(ret_sum, ownership_violations,
			      atomic_load_explicit(&engine->crew.workers[i].owner.violations,
						   memory_order_relaxed));
}

void wf_engine_progress(const struct wf_engine *engine, struct weft_progress *ret_progress)
{
	memset(ret_progress, 0, sizeof(*ret_progress));
	if (engine->is_started && engine->file)
		wf_pcap_file_progress(engine->file, ret_progress);
}

struct wf_engine_upkeep *wf_engine_upkeep_of(const struct wf_engine *engine)
{
	return engine->upkeep;
}
