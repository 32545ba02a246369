// SPDX-License-Identifier: BSD-2-Clause
/* captures.c - plays batches of captured conversations and compares the results. */
#include "fuzz/captures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/conversation.h"
#include "fuzz/engine_run.h"
#include "fuzz/observed.h"
#include "fuzz/oracle.h"
#include "fuzz/rng.h"

enum {
	MEMORY_PLENTY = 64 << 20,
	/* 29 to 31 spans; with ENGINE_RUN_PAGES, receive frames use more than half of them */
	MEMORY_SCARCE = 29 << 16,
	MEMORY_SCARCE_SIZES = 3,
	PAGES_FEW = 1,
	DEPTH_MAX = 4000,
};

struct play {
	const struct captures_opts *opts;
	struct conv_batch batch;
	struct observed_set oracle;
	struct observed_set engine;
	uint64_t depth_bytes; /* 0: no limit */
	char error[768];
};

static void fail(struct play *play, const char *who, const char *what, const char *port_name,
		 unsigned int port)
{
	if (!play->error[0])
		snprintf(play->error, sizeof(play->error), "%s: %s (%s %u)", who, what, port_name,
			 port);
}

static void run_oracle(struct play *play)
{
	const struct conv_batch *batch = &play->batch;
	struct oracle *oracle = oracle_new();

	for (uint32_t i = 0; i < batch->packets_count; i++)
		oracle_packet(oracle, batch->packets[i].time_ns, batch->packets[i].bytes,
			      batch->packets[i].len_bytes);
	oracle_finish(oracle, &play->oracle);
}

static uint64_t memory_bytes(const struct captures_opts *opts)
{
	if (opts->limit != CAPTURES_MEMORY)
		return MEMORY_PLENTY;
	return MEMORY_SCARCE + opts->seed % MEMORY_SCARCE_SIZES * WEFT_SPAN_BYTES;
}

static void run_engine(struct play *play)
{
	const struct captures_opts *opts = play->opts;
	const struct conv_batch *batch = &play->batch;
	struct engine_run_opts settings = {
		.memory_bytes = memory_bytes(opts),
		.place = opts->place,
		.batch = (uint32_t)(opts->seed % 64 + 1),
		.checksum = WEFT_CHECKSUM_VERIFY,
		.deliver = opts->deliver,
		.overlap = opts->overlap,
		.depth_bytes = play->depth_bytes,
		.flows_max = 256,
		.embryonic_max = 256,
		.event_fn = observed_event,
		.ctx = &play->engine,
	};
	struct engine_run run;
	const char *broken;

	if (opts->limit == CAPTURES_PAGES)
		settings.stream_pages_max = PAGES_FEW;
	engine_run_start(&run, &settings);
	for (uint32_t i = 0; i < batch->packets_count; i++)
		engine_run_frame(&run, batch->packets[i].time_ns, batch->packets[i].bytes,
				 batch->packets[i].len_bytes);
	broken = engine_run_finish(&run);
	if (broken)
		fail(play, "engine", broken, "seed", (unsigned int)opts->seed);
}

/* ---- limits ---- */

/* Return: true if the gap lies within a gap of the truth. */
static bool is_true_gap(const struct conv_gap *gap, const struct conv_truth_dir *truth)
{
	for (uint32_t i = 0; i < truth->gaps_count; i++)
		if (gap->off >= truth->gaps[i].off &&
		    gap->off + gap->len_bytes <= truth->gaps[i].off + truth->gaps[i].len_bytes)
			return true;
	return false;
}

/* Check that each gap which the truth does not have names the limit as its cause. */
static void check_cause(struct play *play, const struct observed_dir *dir,
			const struct conv_truth_dir *truth, enum weft_gap_cause cause,
			unsigned int port)
{
	for (uint32_t i = 0; dir->len && i < dir->gaps_count; i++)
		if (!is_true_gap(&dir->gaps[i], truth) && !(dir->gaps[i].causes >> cause & 1))
			fail(play, "engine", "a gap that is none, not reported as of the limit",
			     "port", port);
}

/*
 * The bytes beyond the depth must be in one gap, which may begin before it: cut that gap, and the
 * truth, at the depth.
 */
static void cut_at_depth(struct play *play, struct observed_dir *dir, struct conv_truth_dir *truth,
			 unsigned int port)
{
	uint64_t depth = play->depth_bytes;
	struct conv_gap *last = dir->gaps_count ? &dir->gaps[dir->gaps_count - 1] : NULL;

	if (truth->end > depth)
		truth->end = depth;
	if (truth->end_min > depth)
		truth->end_min = depth;
	if (dir->len <= depth)
		return;
	if (!last || last->off > depth || last->off + last->len_bytes != dir->len ||
	    !(last->causes >> WEFT_GAP_DEPTH & 1)) {
		fail(play, "engine", "what is beyond the depth is not one gap", "port", port);
		return;
	}
	dir->len = depth;
	last->len_bytes = depth - last->off;
	if (!last->len_bytes)
		dir->gaps_count--;
}

static struct observed *engine_of(struct play *play, const struct conv_truth *truth,
				  bool *ret_swapped)
{
	for (uint32_t i = 0; i < play->engine.count; i++) {
		struct observed *conn = &play->engine.all[i];

		*ret_swapped = conn->flow.src_port == truth->port[1];
		if (conn->flow.use == truth->use &&
		    conn->flow.src_port == truth->port[*ret_swapped] &&
		    conn->flow.dst_port == truth->port[!*ret_swapped])
			return conn;
	}
	return NULL;
}

static void apply_limit(struct play *play, struct conv_truth *truth)
{
	bool swapped;
	struct observed *conn = engine_of(play, truth, &swapped);

	/* The handshake found no memory: the start of the streams is not known. */
	if (conn && play->opts->limit == CAPTURES_MEMORY && conn->midstream)
		conn->dir[0].len = conn->dir[1].len = 0;
	for (int from = 0; conn && from < 2; from++) {
		struct conv_truth_dir *sent = &truth->dir[from];
		struct observed_dir *dir = &conn->dir[from ^ swapped];

		if (play->opts->limit == CAPTURES_DEPTH) {
			cut_at_depth(play, dir, sent, truth->port[0]);
			continue;
		}
		check_cause(play, dir, sent,
			    play->opts->limit == CAPTURES_PAGES ? WEFT_GAP_LIMIT : WEFT_GAP_MEMORY,
			    truth->port[0]);
		sent->loose = true;
		sent->end_min = 0;
	}
}

/* ---- the whole batch ---- */

static void count_gaps(const struct observed_set *set, struct captures_totals *totals)
{
	for (uint32_t i = 0; i < set->count; i++)
		for (int dir = 0; dir < 2; dir++)
			for (uint32_t gap = 0; gap < set->all[i].dir[dir].gaps_count; gap++)
				for (int cause = 0; cause < WEFT_GAP_CAUSE_COUNT; cause++)
					totals->gaps[cause] +=
						set->all[i].dir[dir].gaps[gap].causes >> cause & 1;
}

/*
 * Return: false if the oracle can't be used. The oracle has no limits, and assumes that a stream
 * begins at its first captured segment.
 */
static bool has_oracle(const struct captures_opts *opts)
{
	return !opts->limit && !(opts->kinds & CONV_EARLY);
}

static void judge_oracle(struct play *play)
{
	uint32_t conversation;
	uint16_t port;
	const char *error;

	error = observed_compare(&play->oracle, &play->batch, false, &conversation);
	if (error)
		fail(play, "oracle", error, "port", play->batch.truths[conversation].port[0]);
	error = observed_compare_causes(&play->engine, &play->oracle,
					play->opts->deliver == WEFT_DELIVER_ACKED, &port);
	if (error)
		fail(play, "engine", error, "port", port);
}

static void judge_engine(struct play *play)
{
	const struct captures_opts *opts = play->opts;
	uint32_t conversation;
	const char *error;

	for (uint32_t i = 0; opts->limit && i < play->batch.truths_count; i++)
		apply_limit(play, &play->batch.truths[i]);
	/*
	 * If there is no memory to remember an ended connection, its late segments begin a
	 * connection that no truth describes. So such connections are allowed here.
	 */
	for (uint32_t i = 0; opts->limit == CAPTURES_MEMORY && i < play->engine.count; i++)
		play->engine.all[i].claimed = true;
	error = observed_compare(&play->engine, &play->batch, opts->limit <= CAPTURES_DEPTH,
				 &conversation);
	if (error)
		fail(play, "engine", error, "port", play->batch.truths[conversation].port[0]);
}

static uint32_t causes_of(enum captures_limit limit)
{
	switch (limit) {
	case CAPTURES_DEPTH:
		return 1u << WEFT_GAP_DEPTH;
	case CAPTURES_PAGES:
		return 1u << WEFT_GAP_LIMIT;
	case CAPTURES_MEMORY:
		return 1u << WEFT_GAP_MEMORY;
	case CAPTURES_UNLIMITED:
		break;
	}
	return 0;
}

const char *captures_play(const struct captures_opts *opts, struct captures_totals *totals)
{
	static struct play play;
	const struct conv_options conv = {
		.conversations = opts->conversations,
		.kinds = opts->kinds,
		.always = opts->always,
		.start_ns = 1700000000000000000ull,
		.spread_ns = opts->limit == CAPTURES_MEMORY ? 0 : 300000000,
	};

	memset(&play, 0, sizeof(play));
	play.opts = opts;
	if (opts->limit == CAPTURES_DEPTH)
		play.depth_bytes = 1 + rng_mix(opts->seed) % DEPTH_MAX;
	play.engine.limits = causes_of(opts->limit);
	conv_batch_make(&play.batch, opts->seed, &conv);
	run_engine(&play);
	count_gaps(&play.engine, totals);
	judge_engine(&play);
	if (has_oracle(opts)) {
		run_oracle(&play);
		judge_oracle(&play);
	}
	totals->conversations += play.batch.truths_count;
	observed_fini(&play.oracle);
	observed_fini(&play.engine);
	conv_batch_free(&play.batch);
	return play.error[0] ? play.error : NULL;
}
