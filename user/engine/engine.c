// SPDX-License-Identifier: BSD-2-Clause
/*
 * engine.c - the lifetime of an engine: sources and subscriptions, start, stop, end, metrics.
 *
 * weft_stop() may come from a signal handler, so it only sets a flag and wakes the stop thread,
 * which detaches the interfaces and lets the workers finish. The application need not call anything
 * else for that.
 */
#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/file/pcap_filter.h"
#include "engine/engine_body.h"
#include "engine/housekeeping.h"
#include "engine/setup.h"
#include "engine/sources.h"
#include "memory/arena.h"
#include "memory/page_pool.h"
#include "packet/segment_filter.h"

/* Replace the default ports in @ret_ports if the caller listed others. */
static void copy_ports(uint16_t *ret_ports, const uint16_t *ports, size_t count)
{
	if (!count)
		return;
	memset(ret_ports, 0, WEFT_TUNNEL_PORTS_MAX * sizeof(*ret_ports));
	memcpy(ret_ports, ports, count * sizeof(*ports));
}

static int copy_opts(struct wf_engine *engine, const struct weft_opts *opts)
{
	const struct wf_rules rules = wf_rules_of(opts);

	engine->opts = *opts;
	engine->tunnel_ports = (struct weft_tunnel_ports)WEFT_TUNNEL_PORTS_DEFAULT;
	copy_ports(engine->tunnel_ports.vxlan, opts->vxlan_ports, opts->vxlan_ports_count);
	copy_ports(engine->tunnel_ports.geneve, opts->geneve_ports, opts->geneve_ports_count);
	engine->opts.vxlan_ports = NULL;
	engine->opts.geneve_ports = NULL;
	engine->opts.overlap_rules = NULL;
	engine->opts.verdict_rules = NULL;
	engine->opts.filter = NULL;
	if (wf_rules_copy(&engine->rules, &rules))
		return -ENOMEM;
	if (opts->filter && *opts->filter)
		return wf_pcap_filter_new(opts->filter, &engine->filter);
	return 0;
}

/* Make the loss of an interface the result of the run, and end the run if no interface is left. */
static void on_iface_lost(void *ctx, bool is_last)
{
	struct wf_engine *engine = ctx;

	wf_crew_fail(&engine->crew, -ENODEV);
	if (is_last)
		wf_engine_stop(engine);
}

static void init_callbacks(struct wf_engine *engine)
{
	wf_shedding_init(&engine->shedding);
	engine->shedding.read = wf_ifaces_read_load;
	engine->shedding.apply = wf_ifaces_shed;
	engine->shedding.ctx = &engine->ifaces;
	engine->shedding.workers = engine->opts.workers;
	wf_count_mover_init(&engine->count_mover, engine->opts.lock_timeout_ms);
	engine->count_mover.move = wf_ifaces_move_counts;
	engine->count_mover.beat = wf_ifaces_beat;
	engine->count_mover.ctx = &engine->ifaces;
	engine->iface_watch.ifaces = &engine->ifaces;
	engine->iface_watch.lost = on_iface_lost;
	engine->iface_watch.ctx = engine;
}

static int choose_secrets(struct wf_engine *engine)
{
	struct weft_hash_secret secret;

	if (getrandom(&secret, sizeof(secret), 0) != sizeof(secret) ||
	    getrandom(&engine->id_seed, sizeof(engine->id_seed), 0) != sizeof(engine->id_seed))
		return -EIO;
	wf_engine_set_secret(engine, &secret);
	return 0;
}

int wf_engine_new(const struct weft_opts *opts, struct wf_engine **ret_engine)
{
	struct wf_engine *engine = calloc(1, sizeof(*engine));
	int err;

	if (!engine)
		return -ENOMEM;
	wf_lock_init(&engine->control, opts->lock_timeout_ms);
	err = copy_opts(engine, opts);
	init_callbacks(engine);
	if (err)
		goto free_engine;
	err = choose_secrets(engine);
	if (err)
		goto free_engine;
	err = wf_arena_new(opts->memory_max_bytes, &engine->arena);
	if (err) {
		wf_error("memory: can't allocate %llu MiB of address space: %s",
			 (unsigned long long)opts->memory_max_bytes >> 20, strerror(-err));
		goto free_engine;
	}
	err = wf_registry_init(&engine->registry, engine->arena, opts->workers,
			       opts->lock_timeout_ms);
	if (err)
		goto free_engine;
	*ret_engine = engine;
	return 0;

free_engine:
	wf_engine_free(engine);
	return err;
}

int wf_engine_subscribe(struct wf_engine *engine, const struct weft_sub_opts *opts,
			struct weft_sub **ret_sub)
{
	return wf_registry_add(&engine->registry, opts, wf_engine_is_live(engine), ret_sub);
}

/* Stop the sources, and let the workers finish. */
static void stop_sources(struct wf_engine *engine)
{
	wf_iface_watch_stop(&engine->iface_watch);
	wf_ifaces_detach(&engine->ifaces);
	wf_submit_close(&engine->submit, &engine->crew);
	wf_registry_stop(&engine->registry);
	/*
	 * Pairs with the acquire in sources_ended() (worker/worker.c): interfaces are detached
	 * before the flag is set.
	 */
	atomic_store_explicit(&engine->crew.stopping, true, memory_order_release);
	for (uint32_t i = 0; i < engine->crew.count; i++) {
		struct wf_worker *worker = &engine->crew.workers[i];

		wf_mpsc_close(&worker->feed);
		wf_waiter_wake(&worker->waiter);
	}
}

/* Carry out weft_stop(), once. Thread: the stop thread. */
static uint64_t carry_out_stop(void *ctx, uint64_t now_ns)
{
	struct wf_engine *engine = ctx;

	if (atomic_load_explicit(&engine->stop_asked, memory_order_relaxed) &&
	    !engine->is_stopped) {
		engine->is_stopped = true;
		stop_sources(engine);
	}
	return UINT64_MAX;
}

/*
 * Count the @missing workers whose threads could not be started as drained and ended, so that no
 * other thread waits for them.
 */
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

static void join_threads(struct wf_engine *engine)
{
	wf_reader_join(&engine->reader);
	for (uint32_t i = 0; i < engine->crew.count; i++) {
		wf_worker_join(&engine->crew.workers[i]);
		/* A worker whose thread was not started has not left the subscriptions. */
		wf_dispatch_close(&engine->crew.workers[i].dispatch);
	}
	wf_steering_report_strays(&engine->steering, &engine->crew, engine->ifaces.list[0].name);
}

static int start_housekeeping(struct wf_engine *engine)
{
	const struct wf_housekeeping_opts opts = {
		.weft = &engine->opts,
		.arena = engine->arena,
		.mailboxes = &engine->crew.mailboxes,
		.registry = &engine->registry,
		.shedding = engine->ifaces.count ? &engine->shedding : NULL,
		.added = &engine->added,
	};

	return wf_housekeeping_start(&opts, &engine->housekeeping);
}

/* Let the application give up privileges: all that needs them is done, no thread of weft runs. */
static int call_before_threads(const struct wf_engine *engine)
{
	struct weft_needs needs = {0};
	int err;

	if (!engine->before_threads)
		return 0;
	wf_ifaces_needs(&engine->ifaces, &needs);
	err = engine->before_threads(&needs, engine->before_threads_ctx);
	if (err)
		wf_error("engine: the function of weft_before_threads() returned error %d", err);
	return err;
}

static int start_all(struct wf_engine *engine)
{
	int err = wf_ifaces_attach(&engine->ifaces);

	if (!err)
		err = call_before_threads(engine);
	if (!err)
		err = start_threads(engine);
	if (!err)
		err = wf_ifaces_begin(&engine->ifaces);
	if (!err && wf_ifaces_may_shed(&engine->ifaces))
		err = wf_shedding_start(&engine->shedding);
	if (!err && engine->ifaces.count)
		err = wf_count_mover_start(&engine->count_mover);
	if (!err && engine->ifaces.count)
		err = wf_iface_watch_start(&engine->iface_watch);
	if (!err)
		err = start_housekeeping(engine);
	/*
	 * Start the stop thread last: if an earlier step fails, wf_engine_start() stops the other
	 * threads, and the stop thread must not do the same at that time.
	 */
	if (!err)
		err = wf_periodic_start(&engine->stopper, "weft-stop", carry_out_stop, engine);
	return err;
}

/* Stop the threads after a failed start_all(), whose last step, the stop thread, does not run. */
static void undo_start(struct wf_engine *engine)
{
	wf_housekeeping_stop(engine->housekeeping);
	wf_count_mover_stop(&engine->count_mover);
	wf_shedding_stop(&engine->shedding);
	stop_sources(engine);
	join_threads(engine);
	engine->is_started = false;
	wf_setup_unmake(engine);
}

int wf_engine_start(struct wf_engine *engine)
{
	int err = wf_sources_check_not_started(engine, "weft_start()");

	if (err)
		return err;
	if (!engine->file_paths_count && !engine->ifaces.count && !engine->submit_ring_bytes) {
		wf_error("engine: nothing to start: first add a file or an interface, or call "
			 "weft_add_submit()");
		return -EINVAL;
	}
	err = wf_setup_make(engine);
	if (err) {
		wf_setup_unmake(engine);
		return err;
	}
	engine->is_started = true;
	err = start_all(engine);
	if (err)
		undo_start(engine);
	return err;
}

static int wait_for_end(struct wf_engine *engine, uint64_t deadline_ns)
{
	while (atomic_load_explicit(&engine->crew.running, memory_order_acquire)) {
		uint32_t ticket;

		if (wf_clock_monotonic_ns() >= deadline_ns)
			return -ETIMEDOUT;
		ticket = wf_waiter_announce(&engine->ended);
		if (atomic_load_explicit(&engine->crew.running, memory_order_acquire))
			wf_waiter_sleep(&engine->ended, ticket, deadline_ns);
		wf_waiter_cancel(&engine->ended);
	}
	return 0;
}

int wf_engine_wait(struct wf_engine *engine, int timeout_ms)
{
	uint64_t deadline_ns = UINT64_MAX;
	int err;

	if (!engine->is_started) {
		wf_error("engine: weft_wait(): the handle was not started");
		return -EINVAL;
	}
	if (timeout_ms >= 0)
		deadline_ns = wf_clock_monotonic_ns() + (uint64_t)timeout_ms * WF_NS_PER_MS;
	err = wait_for_end(engine, deadline_ns);
	if (err)
		return err;
	wf_periodic_stop(&engine->stopper);
	wf_count_mover_stop(&engine->count_mover);
	wf_shedding_stop(&engine->shedding);
	join_threads(engine);
	wf_housekeeping_stop(engine->housekeeping);
	err = atomic_load_explicit(&engine->crew.error, memory_order_relaxed);
	if (err)
		wf_log_set_last_error(engine->crew.error_text);
	return err;
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
	int saved = errno; /* a signal handler must not change it */

	atomic_store_explicit(&engine->stop_asked, true, memory_order_relaxed);
	wf_periodic_run_now(&engine->stopper);
	errno = saved;
}

static void free_paths(struct wf_engine *engine)
{
	for (size_t i = 0; i < engine->file_paths_count; i++)
		free(engine->file_paths[i]);
	free(engine->file_paths);
	wf_pcap_list_fini(&engine->files);
}

void wf_engine_free(struct wf_engine *engine)
{
	if (!engine)
		return;
	if (engine->is_started) {
		wf_engine_stop(engine);
		wf_engine_wait(engine, -1);
	}
	wf_housekeeping_free(engine->housekeeping);
	/* Free the queues first: they hold pages of the pools that wf_setup_unmake() frees. */
	wf_registry_fini(&engine->registry);
	wf_setup_unmake(engine);
	wf_ifaces_fini(&engine->ifaces);
	wf_pcap_filter_free(engine->filter);
	wf_segment_filter_free(engine->segment_filter);
	wf_arena_free(engine->arena);
	wf_count_mover_fini(&engine->count_mover);
	wf_shedding_stop(&engine->shedding);
	wf_lock_fini(&engine->control);
	wf_rules_fini(&engine->rules);
	free_paths(engine);
	free(engine);
}
