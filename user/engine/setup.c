// SPDX-License-Identifier: BSD-2-Clause
/*
 * setup.c - allocates all parts of an engine before its threads run, and frees them.
 *
 *   arena ─► page pool for each worker (rx frames in tap mode, pages of each class)
 *         ─► interfaces (maps, programs, rings, sockets over the arena) or the files
 *         ─► pipeline and dispatch for each worker
 *
 * In tap mode, a quarter of the arena is used for receive frames, so that data can stay in its
 * frame until it is read. If the queues need more, twice the size of the fill rings is used, but at
 * most half of the arena. As many frames as the fill rings hold, but at most half of the receive
 * frames, are reserved for these rings.
 */
#include "engine/setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "capture/live/iface_mode.h"
#include "capture/live/iface_cost.h"
#include "capture/set/pcap_set.h"
#include "capture/source.h"
#include "decode/defrag.h"
#include "worker/fragments.h"
#include "engine/engine_body.h"
#include "engine/placement.h"
#include "engine/replay_seed.h"
#include "memory/arena.h"
#include "memory/page_pool.h"
#include "packet/segment_filter.h"
#include "reassembly/fixed_pages.h"

/* Return the total size of the fill rings of all queues, in frames. */
static uint64_t fill_frames(const struct wf_engine *engine)
{
	uint64_t frames = 0;

	for (uint32_t i = 0; i < engine->ifaces.count; i++) {
		const struct wf_ifaces_entry *iface = &engine->ifaces.list[i];

		frames += (uint64_t)iface->opts.ring_frames *
			  wf_iface_count_queues(iface->name, iface->opts.mode);
	}
	return frames;
}

/*
 * Return true if an interface receives into the arena. In host mode, it receives into ring buffers.
 */
static bool has_tap(const struct wf_engine *engine)
{
	return fill_frames(engine);
}

/* Set one worker's share of the receive frames, and of the frames reserved for the rings. */
static void share_frames(const struct wf_engine *engine, struct wf_page_pool_opts *opts)
{
	uint64_t half = wf_arena_bytes(engine->arena) / 2 / opts->frame_bytes;
	uint64_t fill = fill_frames(engine);
	uint64_t wanted = 2 * fill > half / 2 ? 2 * fill : half / 2;
	uint64_t frames = wanted < half ? wanted : half;

	opts->frames = (uint32_t)(frames / engine->opts.workers);
	opts->frames_reserve =
		(uint32_t)((fill < frames / 2 ? fill : frames / 2) / engine->opts.workers);
}

/*
 * Charge the whole arena: the kernel pins the arena as UMEM, so none of it can be returned to the
 * system.
 */
static int pin_arena(struct wf_engine *engine)
{
	int err = wf_arena_pin(engine->arena, wf_charges_headroom(engine->opts.workers));

	if (err == -ENOBUFS)
		wf_error("memory: the limit of %llu MiB is too small for this capture; raise the "
			 "limit",
			 (unsigned long long)engine->opts.memory_max_bytes >> 20);
	else if (err)
		wf_error("memory: can't prepare the arena for the interfaces: %s", strerror(-err));
	return err;
}

static struct wf_page_pool_opts page_opts(const struct weft_opts *opts)
{
	struct wf_page_pool_opts pool = {
		.small_bytes = opts->page_small_bytes,
		.medium_bytes = opts->page_medium_bytes,
		.large_bytes = opts->page_large_bytes,
		.max_class_pages = opts->class_pages_max,
	};

	if (opts->adaptive_sizing == WEFT_OFF)
		wf_fixed_pages_choose(&pool);
	return pool;
}

static int setup_pages(struct wf_engine *engine)
{
	struct wf_page_pool_opts opts = page_opts(&engine->opts);

	if (has_tap(engine)) {
		opts.frame_bytes = wf_iface_frame_bytes(&engine->ifaces.list[0].opts);
		share_frames(engine, &opts);
	}
	for (uint32_t i = 0; i < engine->crew.count; i++) {
		struct wf_worker *worker = &engine->crew.workers[i];
		int err;

		wf_arena_prefer(engine->arena, worker->arena_part);
		err = wf_page_pool_new(engine->arena, &opts, &worker->metrics, &worker->pages);
		if (err) {
			wf_error("memory: can't allocate the pages of worker %u: %s", i,
				 strerror(-err));
			return err;
		}
	}
	return 0;
}

/*
 * Let all interfaces use the largest frame size that one of them asks for, because an arena has
 * receive frames of one size only (memory/rx_frames.h).
 */
static void agree_frame_bytes(struct wf_ifaces *ifaces)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < ifaces->count; i++) {
		uint32_t frame_bytes = wf_iface_frame_bytes(&ifaces->list[i].opts);

		most = frame_bytes > most ? frame_bytes : most;
	}
	for (uint32_t i = 0; i < ifaces->count; i++)
		ifaces->list[i].opts.frame_bytes = most;
}

/* Choose the length of the rings of @iface, which is in tap mode. Log if it is shorter than normal.
 */
static void fit_ring(struct wf_ifaces_entry *iface, uint64_t queues, uint64_t memory_max_bytes)
{
	uint32_t frames = wf_iface_fit_ring(queues, iface->opts.frame_bytes,
					    memory_max_bytes / WEFT_RING_PARTS);

	iface->opts.ring_frames = frames;
	if (frames < WEFT_RING_FRAMES)
		wf_info("memory: %s: rings of %u frames instead of %d, for %llu queues and a limit "
			"of %llu MiB (capture.ring_frames)",
			iface->name, frames, WEFT_RING_FRAMES, (unsigned long long)queues,
			(unsigned long long)memory_max_bytes >> 20);
}

/* Choose the length of the rings of tap mode for which none is configured. */
static void fit_rings(const struct weft_opts *opts, struct wf_ifaces *ifaces)
{
	uint64_t queues = 0;

	for (uint32_t i = 0; i < ifaces->count; i++)
		queues += wf_iface_count_queues(ifaces->list[i].name, ifaces->list[i].opts.mode);
	for (uint32_t i = 0; i < ifaces->count; i++) {
		struct wf_ifaces_entry *iface = &ifaces->list[i];

		if (!iface->opts.ring_frames && !wf_iface_is_host(iface->name, iface->opts.mode))
			fit_ring(iface, queues, opts->memory_max_bytes);
	}
}

/*
 * Take the interfaces (wf_iface_take()). This comes first, because the number of queues depends on
 * their modes, and a driver may change that number when XDP is attached.
 */
static int take_ifaces(struct wf_engine *engine)
{
	agree_frame_bytes(&engine->ifaces);
	for (uint32_t i = 0; i < engine->ifaces.count; i++) {
		struct wf_ifaces_entry *iface = &engine->ifaces.list[i];
		int err = wf_iface_take(iface->name, &iface->opts, &iface->iface);

		if (err)
			return err;
		iface->opts.mode = wf_iface_mode(iface->iface);
	}
	fit_rings(&engine->opts, &engine->ifaces);
	return 0;
}

static int setup_ifaces(struct wf_engine *engine)
{
	struct wf_page_pool *pools[WEFT_WORKERS_MAX];

	for (uint32_t i = 0; i < engine->crew.count; i++)
		pools[i] = engine->crew.workers[i].pages;
	for (uint32_t i = 0; i < engine->ifaces.count; i++) {
		struct wf_ifaces_entry *iface = &engine->ifaces.list[i];
		const struct wf_iface_setup setup = {
			.opts = &iface->opts,
			.arena = engine->arena,
			.pools = pools,
			.workers = engine->crew.count,
			.by_queue = engine->steering.by_queue,
			.maps = engine->charges.maps,
			.host_ring_bytes = wf_iface_host_ring_bytes(
				&iface->opts, engine->crew.count, engine->charges.host_rings_bytes),
			.secret = &engine->secret,
			.tunnel_ports = &engine->tunnel_ports,
			.ignore_vlan = engine->opts.vlan_in_key == WEFT_VLAN_IN_KEY_NO,
		};
		int err = wf_iface_open(iface->iface, &setup);

		if (err)
			return err;
		for (uint32_t w = 0; w < engine->crew.count; w++) {
			struct wf_worker *worker = &engine->crew.workers[w];

			struct wf_source *source = wf_iface_source(iface->iface, w);

			source->iface = (uint8_t)(i + 1);
			worker->sources[worker->sources_count++] = source;
		}
	}
	return wf_charges_settle(&engine->charges, &engine->ifaces);
}

static int open_files(struct wf_engine *engine, struct wf_page_pool *pages)
{
	int err = wf_pcap_list_init(&engine->files, engine->file_paths, engine->file_paths_count);

	return wf_pcap_set_open(&engine->files, err, pages, &engine->file);
}

/* With one worker, the worker reads the file itself; with several, a reader thread feeds them. */
static int setup_file(struct wf_engine *engine)
{
	struct wf_worker *workers = engine->crew.workers;
	const struct wf_page_pool_opts opts = page_opts(&engine->opts);
	int err;

	if (engine->crew.count == 1) {
		err = open_files(engine, workers[0].pages);
		if (!err)
			workers[0].sources[workers[0].sources_count++] = engine->file;
		return err;
	}

	err = wf_page_pool_new(engine->arena, &opts, &engine->reader.metrics,
			       &engine->reader_pages);
	if (err)
		return err;
	err = open_files(engine, engine->reader_pages);
	if (err)
		return err;
	engine->crew.mailboxes.list[engine->crew.mailboxes.count++] = &engine->reader.mailbox;
	engine->reader.source = engine->file;
	engine->reader.pages = engine->reader_pages;
	engine->reader.crew = &engine->crew;
	engine->reader.decoder = (struct wf_decoder){
		.secret = engine->secret,
		.checksum = engine->opts.checksum,
		.ignore_vlan = engine->opts.vlan_in_key == WEFT_VLAN_IN_KEY_NO,
		.ports = &engine->tunnel_ports,
	};
	return wf_fragments_new(engine->arena, engine->reader_pages, &engine->reader.metrics,
				&engine->secret, &engine->reader.defrag);
}

static int setup_rings(struct wf_engine *engine, struct wf_worker *worker)
{
	int err;

	wf_arena_prefer(engine->arena, worker->arena_part);
	err = wf_waiter_open(&worker->waiter);
	if (!err)
		err = wf_mpsc_init(&worker->inbox, engine->arena, WF_INBOX_BYTES, &worker->waiter);
	worker->has_feed = engine->file_paths_count && engine->crew.count > 1;
	if (!err && worker->has_feed)
		err = wf_mpsc_init(&worker->feed, engine->arena, WF_FEED_BYTES, &worker->waiter);
	return err;
}

/*
 * Set up the rings for weft_submit(). Call after pin_arena(), because spans in use can prevent the
 * arena from shrinking to the memory limit.
 */
static int setup_submit(struct wf_engine *engine)
{
	struct wf_submit *submit = &engine->submit;
	int err = 0;

	if (!engine->submit_ring_bytes)
		return 0;
	submit->crew = &engine->crew;
	submit->decoder = (struct wf_decoder){
		.secret = engine->secret,
		.checksum = engine->opts.checksum,
		.ignore_vlan = engine->opts.vlan_in_key == WEFT_VLAN_IN_KEY_NO,
		.ports = &engine->tunnel_ports,
		.rss = wf_steering_rss(&engine->steering),
	};
	for (uint32_t i = 0; !err && i < engine->crew.count; i++) {
		struct wf_worker *worker = &engine->crew.workers[i];

		worker->has_submitted = true;
		err = wf_mpsc_init(&worker->submitted, engine->arena, engine->submit_ring_bytes,
				   &worker->waiter);
	}
	if (err)
		wf_error(
			"memory: can't allocate the weft_submit() ring of %llu bytes for each of %u "
			"workers: %s",
			(unsigned long long)engine->submit_ring_bytes, engine->crew.count,
			strerror(-err));
	return err;
}

static int setup_segment_filter(struct wf_engine *engine)
{
	wf_segment_filter_free(engine->segment_filter);
	return wf_ifaces_segment_filter(&engine->ifaces, &engine->segment_filter);
}

static int setup_pipeline(struct wf_engine *engine, struct wf_worker *worker)
{
	bool is_safe = engine->opts.performance_mode == WEFT_PERFORMANCE_SAFE;
	const struct wf_pipeline_opts opts = {
		.weft = &engine->opts,
		.secret = engine->secret,
		.id_seed = engine->id_seed,
		.tunnel_ports = &engine->tunnel_ports,
		.rss = wf_steering_rss(&engine->steering),
		.worker = worker->index,
		.workers = engine->crew.count,
		.arena = engine->arena,
		.pages = worker->pages,
		.metrics = &worker->metrics,
		.unread = &worker->unread,
		.dispatch = &worker->dispatch,
		.marks = &engine->marks,
		.splits =
			engine->opts.vlan_in_key == WEFT_VLAN_IN_KEY_AUTO ? &engine->splits : NULL,
		.filter = engine->filter,
		.segment_filter = engine->segment_filter,
		.rules = &engine->rules,
		.kernel_filters = engine->ifaces.count > 0,
		.handoff = wf_worker_handoff,
		.handoff_ctx = worker,
		.owner = is_safe ? &worker->owner : NULL,
		.claims = is_safe ? &engine->claims : NULL,
		.release = engine->release,
		.release_ctx = engine->release_ctx,
		.set_verdict = engine->ifaces.count ? wf_ifaces_set_verdict : NULL,
		.set_verdict_ctx = &engine->ifaces,
	};

	wf_arena_prefer(engine->arena, worker->arena_part);
	engine->registry.worker[worker->index].waker = &worker->waiter;
	wf_dispatch_init(&worker->dispatch, &engine->registry, worker->index);
	wf_dispatch_share(&worker->dispatch, worker->pages);
	return wf_pipeline_new(&opts, &worker->pipeline);
}

static int setup_workers(struct wf_engine *engine)
{
	struct wf_crew *crew = &engine->crew;
	size_t bytes = sizeof(struct wf_worker) * engine->opts.workers;

	/* struct wf_worker must begin at a cache line, because it starts with aligned counters. */
	crew->workers = aligned_alloc(WF_CACHE_LINE, bytes);
	if (!crew->workers)
		return -ENOMEM;
	memset(crew->workers, 0, bytes);
	crew->live = wf_engine_is_live(engine);
	crew->arena = engine->arena;
	crew->ended = &engine->ended;
	for (uint32_t i = 0; i < engine->opts.workers; i++) {
		struct wf_worker *worker = &crew->workers[i];

		worker->crew = crew;
		worker->index = i;
		worker->owner.races = engine->opts.detect_races == WEFT_ON;
		worker->pin_cpu = worker->node = -1;
		worker->mailbox.owner = &worker->waiter;
		crew->mailboxes.list[crew->mailboxes.count++] = &worker->mailbox;
	}
	crew->count = crew->allocated = engine->opts.workers;
	wf_placement_choose(crew->workers, crew->count, &engine->ifaces, has_tap(engine));
	return 0;
}

static int take_charges(struct wf_engine *engine)
{
	const struct wf_charges_opts opts = {
		.weft = &engine->opts,
		.ifaces = &engine->ifaces,
		.by_queue = engine->steering.by_queue,
		.subs_count = wf_registry_count(&engine->registry),
		.budget = wf_arena_budget(engine->arena),
	};

	return wf_charges_take(&engine->charges, &opts);
}

/*
 * Replay: derive the seeds from the capture files. If that is not possible, the random seeds stay.
 */
static void take_replay_seed(struct wf_engine *engine)
{
	struct wf_replay_seed seed;

	if (!engine->file_paths_count ||
	    !wf_replay_seed(engine->file_paths, engine->file_paths_count, &seed))
		return;
	engine->id_seed = seed.ids;
	wf_engine_set_secret(engine, &seed.secret);
}

int wf_setup_make(struct wf_engine *engine)
{
	int err;

	take_replay_seed(engine);
	err = wf_registry_start(&engine->registry);
	if (!err)
		err = take_ifaces(engine);
	if (!err)
		err = wf_steering_choose(&engine->steering, &engine->ifaces, engine->opts.workers);
	if (!err)
		err = take_charges(engine);
	if (!err)
		err = setup_workers(engine);
	if (!err && has_tap(engine))
		err = pin_arena(engine);
	if (!err)
		wf_placement_divide(engine->arena, engine->crew.workers, engine->crew.count);
	for (uint32_t i = 0; !err && i < engine->crew.count; i++)
		err = setup_rings(engine, &engine->crew.workers[i]);
	if (!err)
		err = setup_pages(engine);
	if (!err)
		err = engine->file_paths_count ? setup_file(engine) : setup_ifaces(engine);
	if (!err && engine->ifaces.count)
		err = setup_segment_filter(engine);
	if (!err)
		err = setup_submit(engine);
	if (!err && engine->opts.performance_mode == WEFT_PERFORMANCE_SAFE)
		err = wf_claims_init(&engine->claims, engine->arena);
	for (uint32_t i = 0; !err && i < engine->crew.count; i++)
		err = setup_pipeline(engine, &engine->crew.workers[i]);
	/*
	 * Reset the part of the arena (one per NUMA node) from which the calling thread takes
	 * memory first.
	 */
	wf_arena_prefer(engine->arena, 0);
	return err;
}

static void teardown_worker(struct wf_worker *worker)
{
	wf_dispatch_close(&worker->dispatch);
	wf_pipeline_free(worker->pipeline);
	wf_mpsc_fini(&worker->feed);
	wf_mpsc_fini(&worker->inbox);
	wf_mpsc_fini(&worker->submitted);
	wf_waiter_close(&worker->waiter);
}

void wf_setup_unmake(struct wf_engine *engine)
{
	struct wf_crew *crew = &engine->crew;

	/* Free the page pools after pipelines, which hold pages, and sources, which hold frames. */
	for (uint32_t i = 0; i < crew->allocated; i++)
		teardown_worker(&crew->workers[i]);
	wf_ifaces_close(&engine->ifaces);
	if (engine->file)
		engine->file->ops->close(engine->file);
	engine->file = NULL;
	for (uint32_t i = 0; i < crew->allocated; i++)
		wf_page_pool_free(crew->workers[i].pages);
	wf_claims_fini(&engine->claims);
	wf_defrag_free(engine->reader.defrag);
	engine->reader.defrag = NULL;
	wf_page_pool_free(engine->reader_pages);
	engine->reader_pages = NULL;
	free(crew->workers);
	memset(crew, 0, sizeof(*crew));
	wf_charges_release(&engine->charges);
}
