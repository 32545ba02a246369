// SPDX-License-Identifier: BSD-2-Clause
/*
 * pipeline.c - filter, decode, defragment, and then the connections (conn.h).
 *
 * A batch is worked off in groups of GROUP frames and three passes: all are decoded
 * while the buckets of their flows are fetched into the cache; then the flows
 * themselves are fetched; then each segment is processed. So the waits for memory
 * of one group overlap.
 *
 * Bound: the tables are sized here, from the options and from this worker's share of
 * the arena: what could never be filled is not indexed.
 */
#include "engine/pipeline.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "capture/frame.h"
#include "capture/pcap_filter.h"
#include "decode/decode.h"
#include "deliver/dispatch.h"
#include "engine/conn.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "metrics/metrics.h"

enum { GROUP = 16 };

/* Of a worker's share of the arena, a table's entries (with index) may need at most one in ... */
enum { FLOWS_SHARE = 1, EMBRYOS_SHARE = 16, RECENT_SHARE = 16, ENTRIES_MIN = 64 };

struct wf_pipeline {
	struct wf_conns conns;
	struct wf_decoder decoder;
	struct wf_pipeline_opts opts;
};

/* What became of a frame. */
enum outcome {
	OUTCOME_PROCESSED = 0,
	OUTCOME_FRAGMENT,
	OUTCOME_FILTERED,
	OUTCOME_NOT_TCP,
	OUTCOME_MALFORMED,
	OUTCOME_CHECKSUM,
	OUTCOME_HANDED_OFF, /* counted by who gets it */
};

static uint32_t min_u32(uint64_t a, uint64_t b)
{
	uint64_t min = a < b ? a : b;

	return min < UINT32_MAX ? (uint32_t)min : UINT32_MAX;
}

/* This worker's part of @total, as far as entries of @entry_bytes fit into its memory. */
static uint32_t share_of(const struct wf_pipeline_opts *opts, uint32_t total, uint32_t entry_bytes,
			 uint32_t parts)
{
	uint64_t part_bytes = wf_arena_bytes(opts->arena) / opts->workers / parts;
	uint32_t mine = total / opts->workers + (total % opts->workers != 0);
	uint32_t fit = min_u32(part_bytes / entry_bytes, UINT32_MAX);

	/* The hash does not deal out evenly: with several workers each may have some more. */
	if (opts->workers > 1)
		mine = min_u32((uint64_t)mine + mine / 32 + ENTRIES_MIN, UINT32_MAX);
	if (fit < ENTRIES_MIN)
		fit = ENTRIES_MIN;
	return mine < fit ? mine : fit;
}

static uint64_t sec_ns(uint32_t sec)
{
	return sec * WF_NS_PER_SEC;
}

static int init_embryonic(struct wf_pipeline *pipeline, const struct wf_pipeline_opts *opts)
{
	const struct weft_opts *weft = opts->weft;
	struct wf_embryonic_opts embryonic = {
		.embryos_max = share_of(opts, weft->embryonic_max, 170, EMBRYOS_SHARE),
		.per_source_max = weft->half_open_per_source_max / opts->workers +
				  (weft->half_open_per_source_max % opts->workers != 0),
		.timeout_ns = sec_ns(weft->timeout_embryonic_sec),
		.secret = opts->secret,
	};

	return wf_embryonic_init(&pipeline->conns.embryonic, opts->arena, &embryonic, opts->pages,
				 opts->metrics);
}

static int init_conns(struct wf_pipeline *pipeline, const struct wf_pipeline_opts *opts)
{
	const struct weft_opts *weft = opts->weft;
	struct wf_conns *conns = &pipeline->conns;
	uint32_t extents_max = min_u32(wf_arena_bytes(opts->arena) / WF_EXTENT_BYTES, UINT32_MAX);
	int err;

	conns->opts = weft;
	conns->dispatch = opts->dispatch;
	conns->metrics = opts->metrics;
	conns->stream_env.pages = opts->pages;
	conns->stream_env.metrics = opts->metrics;
	conns->stream_env.pages_max = weft->stream_pages_max;
	conns->timeouts.established_ns = sec_ns(weft->timeout_established_sec);
	conns->timeouts.closing_ns = sec_ns(weft->timeout_closing_sec);
	conns->timeouts.gap_ns = weft->gap_timeout_ms * WF_NS_PER_MS;
	conns->timeouts.patience_ns = WEFT_ACK_PATIENCE_MS * WF_NS_PER_MS;

	err = wf_flow_table_init(&conns->table, opts->arena,
				 share_of(opts, weft->flows_max, 256, FLOWS_SHARE), opts->worker);
	if (err)
		return err;
	err = init_embryonic(pipeline, opts);
	if (err)
		goto fini_table;
	err = wf_recent_init(&conns->recent, opts->arena,
			     share_of(opts, WEFT_RECENT_MAX, 106, RECENT_SHARE),
			     sec_ns(weft->timeout_closed_sec));
	if (err)
		goto fini_embryonic;
	err = wf_slab_new(opts->arena, WF_EXTENT_BYTES, extents_max, &conns->stream_env.extents);
	if (err)
		goto fini_recent;
	return 0;

fini_recent:
	wf_recent_fini(&conns->recent);
fini_embryonic:
	wf_embryonic_fini(&conns->embryonic);
fini_table:
	wf_flow_table_fini(&conns->table);
	return err;
}

static void fini_conns(struct wf_conns *conns)
{
	wf_slab_free(conns->stream_env.extents);
	wf_recent_fini(&conns->recent);
	wf_embryonic_fini(&conns->embryonic);
	wf_flow_table_fini(&conns->table);
}

int wf_pipeline_new(const struct wf_pipeline_opts *opts, struct wf_pipeline **ret_pipeline)
{
	struct wf_pipeline *pipeline = calloc(1, sizeof(*pipeline));
	int err;

	if (!pipeline)
		return -ENOMEM;
	pipeline->opts = *opts;
	pipeline->decoder.secret = opts->secret;
	pipeline->decoder.checksum = opts->weft->checksum;
	err = init_conns(pipeline, opts);
	if (err)
		goto free_pipeline;
	*ret_pipeline = pipeline;
	return 0;

free_pipeline:
	free(pipeline);
	return err;
}

void wf_pipeline_free(struct wf_pipeline *pipeline)
{
	if (!pipeline)
		return;
	fini_conns(&pipeline->conns);
	free(pipeline);
}

static void count_outcome(struct wf_metrics *metrics, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_PROCESSED:
		wf_metric_inc(metrics, frames_processed_frames);
		break;
	case OUTCOME_FRAGMENT:
		wf_metric_inc(metrics, frames_fragment_frames);
		break;
	case OUTCOME_FILTERED:
		wf_metric_inc(metrics, frames_filtered_frames);
		break;
	case OUTCOME_NOT_TCP:
		wf_metric_inc(metrics, frames_not_tcp_frames);
		break;
	case OUTCOME_MALFORMED:
		wf_metric_inc(metrics, frames_malformed_frames);
		break;
	case OUTCOME_CHECKSUM:
		wf_metric_inc(metrics, frames_checksum_frames);
		break;
	case OUTCOME_HANDED_OFF:
		wf_metric_inc(metrics, frames_handed_off_frames);
		return;
	}
	wf_metric_inc(metrics, frames);
}

static enum outcome decode(struct wf_pipeline *pipeline, const struct wf_frame *frame,
			   struct wf_packet *ret_packet)
{
	if (pipeline->opts.filter && !wf_pcap_filter_match(pipeline->opts.filter, frame))
		return OUTCOME_FILTERED;
	switch (wf_decode(&pipeline->decoder, frame, ret_packet)) {
	case WF_DECODE_TCP:
		return OUTCOME_PROCESSED;
	case WF_DECODE_FRAGMENT:
		return OUTCOME_FRAGMENT;
	case WF_DECODE_NOT_TCP:
		return OUTCOME_NOT_TCP;
	case WF_DECODE_MALFORMED:
		return OUTCOME_MALFORMED;
	case WF_DECODE_CHECKSUM:
		return OUTCOME_CHECKSUM;
	}
	return OUTCOME_MALFORMED;
}

static bool is_mine(const struct wf_pipeline *pipeline, uint32_t hash)
{
	return pipeline->opts.workers == 1 ||
	       weft_hash_worker(hash, pipeline->opts.workers) == pipeline->opts.worker;
}

/* Takes @frame's page reference. */
static enum outcome process(struct wf_pipeline *pipeline, const struct wf_frame *frame,
			    struct wf_packet *packet, enum outcome outcome)
{
	if (outcome == OUTCOME_PROCESSED && !is_mine(pipeline, packet->hash)) {
		pipeline->opts.handoff(pipeline->opts.handoff_ctx,
				       weft_hash_worker(packet->hash, pipeline->opts.workers),
				       frame);
		return OUTCOME_HANDED_OFF;
	}
	if (outcome == OUTCOME_PROCESSED) {
		packet->time_ns = wf_conns_clock(&pipeline->conns, packet->time_ns);
		wf_conn_packet(&pipeline->conns, packet);
	}
	if (frame->page)
		wf_page_put(frame->page);
	return outcome;
}

static void run_group(struct wf_pipeline *pipeline, const struct wf_frame *frames, uint32_t count)
{
	struct wf_packet packets[GROUP];
	enum outcome outcomes[GROUP];

	for (uint32_t i = 0; i < count; i++) {
		outcomes[i] = decode(pipeline, &frames[i], &packets[i]);
		if (outcomes[i] == OUTCOME_PROCESSED)
			wf_flow_table_prefetch(&pipeline->conns.table, packets[i].hash);
	}
	for (uint32_t i = 0; i < count; i++)
		if (outcomes[i] == OUTCOME_PROCESSED)
			wf_flow_table_prefetch_flow(&pipeline->conns.table, packets[i].hash);
	for (uint32_t i = 0; i < count; i++) {
		outcomes[i] = process(pipeline, &frames[i], &packets[i], outcomes[i]);
		count_outcome(pipeline->opts.metrics, outcomes[i]);
	}
}

void wf_pipeline_run(struct wf_pipeline *pipeline, const struct wf_frame *frames, uint32_t count)
{
	for (uint32_t done = 0; done < count; done += GROUP)
		run_group(pipeline, frames + done,
			  count - done < GROUP ? count - done : (uint32_t)GROUP);
	wf_conns_tick(&pipeline->conns, pipeline->conns.now_ns);
	wf_dispatch_flush(pipeline->opts.dispatch);
}

void wf_pipeline_tick(struct wf_pipeline *pipeline, uint64_t now_ns)
{
	wf_conns_tick(&pipeline->conns, wf_conns_clock(&pipeline->conns, now_ns));
	wf_dispatch_flush(pipeline->opts.dispatch);
}

void wf_pipeline_flush(struct wf_pipeline *pipeline)
{
	wf_conns_flush(&pipeline->conns);
	wf_dispatch_flush(pipeline->opts.dispatch);
}
