/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_run.h - runs one pipeline without threads on frames in memory.
 *
 *   start → frames ... → finish: flushes, checks that ledgers close and that all pages are free
 */
#ifndef TESTS_FUZZ_ENGINE_RUN_H
#define TESTS_FUZZ_ENGINE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/opts.h>
#include <weft/subscribe.h>

#include "deliver/dispatch.h"
#include "deliver/registry.h"
#include "metrics/metrics.h"

struct weft_sub;
#include "packet/frame.h"

struct wf_arena;
struct wf_page_pool;
struct wf_pipeline;

/* The memory in which frames are stored. */
enum engine_run_place {
	ENGINE_RUN_FILE = 0, /* in the caller's memory, as in a mapped file */
	ENGINE_RUN_PAGES,    /* in pages, as in tap mode */
	/* lent, as in host mode: overwritten and freed once their batch was processed */
	ENGINE_RUN_LENT,
};
#define ENGINE_RUN_PLACE_COUNT (ENGINE_RUN_LENT + 1)

struct engine_run_opts {
	uint64_t memory_bytes;
	enum engine_run_place place;
	/* true: event_fn gets events from a queue, some batches later; false: inline */
	bool is_queued;
	uint32_t batch; /* number of frames for one wf_pipeline_run(); 0: the maximum */
	enum weft_checksum checksum;
	enum weft_deliver deliver;
	enum weft_overlap overlap;
	const struct weft_overlap_rule *overlap_rules; /* borrowed until finish */
	size_t overlap_rules_count;
	uint32_t stream_pages_max; /* 0: weft's default */
	uint32_t flows_max;	   /* 0: weft's default */
	uint32_t embryonic_max;	   /* half-open connections; 0: weft's default */
	uint64_t depth_bytes;
	weft_event_fn event_fn;
	void *ctx;
};

struct engine_run {
	struct engine_run_opts opts;
	struct weft_opts weft;
	struct wf_metrics metrics;
	struct wf_arena *arena;
	struct wf_page_pool *pages;
	struct weft_sub *sub;
	struct wf_registry registry;
	struct wf_dispatch dispatch;
	struct wf_pipeline *pipeline;
	struct wf_frame *batch;
	uint32_t batch_count;
	uint32_t unread_batches;
	char error[256]; /* first rule that was violated; "" if none */
};

/* Aborts if the setup fails. */
void engine_run_start(struct engine_run *run, const struct engine_run_opts *opts);

/* @frame: must stay valid until engine_run_finish(). */
void engine_run_frame(struct engine_run *run, uint64_t time_ns, const uint8_t *frame, uint32_t len);

/*
 * Like engine_run_frame(), for any link type; only @len of the frame's @wire_len bytes were
 * captured.
 */
void engine_run_captured(struct engine_run *run, uint64_t time_ns, const uint8_t *frame,
			 uint32_t len, uint32_t wire_len, enum weft_link link);

/* Return: NULL, or the rule that was violated (valid until the next start). */
const char *engine_run_finish(struct engine_run *run);

#endif
