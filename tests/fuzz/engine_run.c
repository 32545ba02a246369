// SPDX-License-Identifier: BSD-2-Clause
/*
 * engine_run.c - runs a pipeline on frames with the objects that a worker owns, but without a
 * thread.
 */
#include "fuzz/engine_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/opts.h"
#include "packet/frame.h"
#include "deliver/subscription.h"
#include "worker/pipeline.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"

enum {
	RX_FRAMES = 256,
	RX_FRAME_BYTES = 4096,
	BATCH_MAX = 64,
	/* the queue is read after this many unread batches and one more, so it never overflows */
	UNREAD_BATCHES_MAX = 8,
	READ_EVENTS = 64,
	QUEUE_BYTES = 4 << 20,
};

static void fail(struct engine_run *run, const char *format, ...)
{
	va_list args;

	if (run->error[0])
		return;
	va_start(args, format);
	vsnprintf(run->error, sizeof(run->error), format, args);
	va_end(args);
}

static void must(int err)
{
	if (err) {
		fprintf(stderr, "engine_run: %s\n", strerror(-err));
		abort();
	}
}

static void fill_weft_opts(struct engine_run *run)
{
	const struct engine_run_opts *opts = &run->opts;
	struct weft_opts asked = {
		.sz = sizeof(asked),
		.workers = 1,
		.memory_max_bytes = opts->memory_bytes,
		.checksum = opts->checksum,
		.deliver = opts->deliver,
		.overlap = opts->overlap,
		.overlap_rules = opts->overlap_rules,
		.overlap_rules_count = opts->overlap_rules_count,
		.stream_pages_max = opts->stream_pages_max,
		.flows_max = opts->flows_max,
		.embryonic_max = opts->embryonic_max,
		.depth_bytes = opts->depth_bytes,
	};

	/* Tests of low memory may use less memory than the public limits allow. */
	if (asked.memory_max_bytes < (uint64_t)WEFT_MEMORY_MIN_MB << 20)
		asked.memory_max_bytes = (uint64_t)WEFT_MEMORY_MIN_MB << 20;
	must(wf_opts_resolve(&asked, &run->weft));
}

static void start_memory(struct engine_run *run)
{
	struct wf_page_pool_opts pool = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
	};

	if (run->opts.place == ENGINE_RUN_PAGES) {
		pool.frame_bytes = RX_FRAME_BYTES;
		pool.frames = RX_FRAMES;
		pool.frames_reserve = BATCH_MAX;
	}
	must(wf_arena_new(run->opts.memory_bytes, &run->arena));
	must(wf_page_pool_new(run->arena, &pool, &run->metrics, &run->pages));
	wf_page_pool_adopt(run->pages);
}

static void start_dispatch(struct engine_run *run)
{
	struct weft_sub_opts sub = {
		.sz = sizeof(sub),
		.name = "test",
		.ctx = run->opts.ctx,
	};

	if (run->opts.is_queued)
		sub.queue_bytes = QUEUE_BYTES;
	else
		sub.inline_fn = run->opts.event_fn;

	must(wf_registry_init(&run->registry, run->arena, 1, 1000));
	must(wf_registry_add(&run->registry, &sub, false, &run->sub));
	wf_dispatch_init(&run->dispatch, &run->registry, 0);
}

void engine_run_start(struct engine_run *run, const struct engine_run_opts *opts)
{
	struct wf_pipeline_opts pipeline = {
		.weft = &run->weft,
		.secret = {{0x1234567, 0x89abcdef, 0xfedcba98, 0x7654321}},
		.workers = 1,
		.metrics = &run->metrics,
	};

	memset(run, 0, sizeof(*run));
	run->opts = *opts;
	if (!run->opts.batch || run->opts.batch > BATCH_MAX)
		run->opts.batch = BATCH_MAX;
	fill_weft_opts(run);
	start_memory(run);
	start_dispatch(run);
	run->batch = calloc(BATCH_MAX, sizeof(*run->batch));
	if (!run->batch)
		abort();
	pipeline.arena = run->arena;
	pipeline.pages = run->pages;
	pipeline.dispatch = &run->dispatch;
	must(wf_pipeline_new(&pipeline, &run->pipeline));
}

static void read_events(struct engine_run *run)
{
	struct weft_event events[READ_EVENTS];
	int count;

	if (!run->opts.is_queued)
		return;
	wf_dispatch_flush(&run->dispatch);
	while ((count = wf_sub_poll(run->sub, events, READ_EVENTS, 0)) > 0)
		for (int i = 0; i < count; i++)
			run->opts.event_fn(&events[i], run->opts.ctx);
	run->unread_batches = 0;
}

/*
 * Overwrites and frees the lent frames, as a source does that uses its ring again. A compiler may
 * remove a memset() before free(), but not explicit_bzero().
 */
static void take_back(struct engine_run *run)
{
	for (uint32_t i = 0; i < run->batch_count; i++) {
		uint8_t *bytes = (uint8_t *)run->batch[i].bytes;

		explicit_bzero(bytes, run->batch[i].cap_bytes);
		free(bytes);
	}
}

static void run_batch(struct engine_run *run)
{
	wf_pipeline_run(run->pipeline, run->batch, run->batch_count);
	if (run->opts.place == ENGINE_RUN_LENT)
		take_back(run);
	run->batch_count = 0;
	if (++run->unread_batches > UNREAD_BATCHES_MAX)
		read_events(run);
}

/* Copies the frame to memory of exactly its size, so that ASan finds an access beyond its end. */
static void lend(struct wf_frame *frame)
{
	uint8_t *bytes = malloc(frame->cap_bytes ? frame->cap_bytes : 1);

	if (!bytes)
		abort();
	memcpy(bytes, frame->bytes, frame->cap_bytes);
	frame->bytes = bytes;
	frame->flags |= WF_FRAME_LENT;
}

/* Copies the frame to a receive frame, as a receiver would; if none is free, to another page. */
static bool place_in_page(struct engine_run *run, struct wf_frame *frame)
{
	struct wf_page *page;
	uint64_t off;

	if (wf_page_pool_take_frames(run->pages, &off, 1))
		page = wf_arena_page_at(run->arena, off);
	else
		page = wf_page_pool_take(run->pages, frame->cap_bytes);
	if (!page || wf_page_copy_in(page, 0, frame->bytes, frame->cap_bytes)) {
		wf_page_put(page);
		return false;
	}
	frame->page = page;
	frame->bytes = wf_page_bytes(page);
	return true;
}

void engine_run_frame(struct engine_run *run, uint64_t time_ns, const uint8_t *bytes, uint32_t len)
{
	engine_run_captured(run, time_ns, bytes, len, len, WEFT_LINK_ETHERNET);
}

void engine_run_captured(struct engine_run *run, uint64_t time_ns, const uint8_t *bytes,
			 uint32_t len, uint32_t wire_len, enum weft_link link)
{
	struct wf_frame *frame = &run->batch[run->batch_count];

	*frame = (struct wf_frame){.bytes = bytes,
				   .time_ns = time_ns,
				   .cap_bytes = len,
				   .wire_bytes = wire_len,
				   .link = (uint16_t)link};
	if (run->opts.place == ENGINE_RUN_LENT)
		lend(frame);
	if (run->opts.place == ENGINE_RUN_PAGES && !place_in_page(run, frame)) {
		fail(run, "no page for a received frame");
		return;
	}
	if (++run->batch_count == run->opts.batch)
		run_batch(run);
}

static void check_ledgers(struct engine_run *run)
{
	for (const struct weft_ledger *ledger = weft_ledgers(); ledger->name; ledger++) {
		uint64_t total = wf_metrics_find(&run->metrics, ledger->total);
		uint64_t sum = 0;

		for (const char *const *part = ledger->parts; *part; part++)
			sum += wf_metrics_find(&run->metrics, *part);
		if (sum != total)
			fail(run, "ledger %s: %llu, its parts %llu", ledger->name,
			     (unsigned long long)total, (unsigned long long)sum);
	}
}

/* Check that after the end no page is held, no flow is active, and every opened flow was closed. */
static void check_empty(struct engine_run *run)
{
	static const char *const zero[] = {"payload_held_bytes", "flows_active_flows",
					   "embryonic_active_flows"};

	for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		if (wf_metrics_find(&run->metrics, zero[i]))
			fail(run, "%s is %llu after the end", zero[i],
			     (unsigned long long)wf_metrics_find(&run->metrics, zero[i]));
	if (wf_metric_get(&run->metrics, flows_opened_flows) !=
	    wf_metric_get(&run->metrics, flows_closed_flows))
		fail(run, "%llu flows opened, %llu closed",
		     (unsigned long long)wf_metric_get(&run->metrics, flows_opened_flows),
		     (unsigned long long)wf_metric_get(&run->metrics, flows_closed_flows));
	wf_page_pool_housekeep(run->pages, 0);
	if (wf_page_pool_taken(run->pages))
		fail(run, "%llu pages are still taken",
		     (unsigned long long)wf_page_pool_taken(run->pages));
	if (!wf_page_pool_is_valid(run->pages) || !wf_arena_is_valid(run->arena))
		fail(run, "page pool or arena is not valid");
}

const char *engine_run_finish(struct engine_run *run)
{
	if (run->batch_count)
		run_batch(run);
	wf_pipeline_flush(run->pipeline);
	read_events(run);
	check_ledgers(run);
	check_empty(run);
	wf_pipeline_free(run->pipeline);
	wf_dispatch_close(&run->dispatch);
	wf_registry_fini(&run->registry);
	wf_page_pool_free(run->pages);
	if (wf_arena_used_bytes(run->arena))
		fail(run, "%llu bytes of the arena are still used",
		     (unsigned long long)wf_arena_used_bytes(run->arena));
	wf_arena_free(run->arena);
	free(run->batch);
	return run->error[0] ? run->error : NULL;
}
