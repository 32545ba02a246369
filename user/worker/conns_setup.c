// SPDX-License-Identifier: BSD-2-Clause
/*
 * conns_setup.c - allocates the tables of a worker's connections.
 *
 * Bound: table sizes are computed from the options and this worker's share of the arena. An index
 * has no more entries than fit in that share, but at least ENTRIES_MIN if the options allow them.
 */
#include "worker/conns_setup.h"

#include "base/clock.h"
#include "conn/conn.h"
#include "flow/expire.h"
#include "memory/arena.h"
#include "worker/pipeline_opts.h"

/* The entries of a table and their index may use at most 1/X_SHARE of the worker's arena share. */
enum { FLOWS_SHARE = 1, HANDSHAKES_SHARE = 16, RECENT_SHARE = 16, ENTRIES_MIN = 64 };

static uint32_t min_u32(uint64_t a, uint64_t b)
{
	uint64_t min = a < b ? a : b;

	return min < UINT32_MAX ? (uint32_t)min : UINT32_MAX;
}

/*
 * Return this worker's share of @total entries of @entry_bytes, limited to the number that fits in
 * 1/@parts of its share of the arena, or to ENTRIES_MIN if that is more.
 */
static uint32_t share_of(const struct wf_pipeline_opts *opts, uint32_t total, uint32_t entry_bytes,
			 uint32_t parts)
{
	uint64_t part_bytes = wf_arena_bytes(opts->arena) / opts->workers / parts;
	uint32_t mine = total / opts->workers + (total % opts->workers != 0);
	uint32_t fit = min_u32(part_bytes / entry_bytes, UINT32_MAX);

	/*
	 * Flows are not spread evenly over the workers, so with several workers each table gets
	 * more entries than an equal share.
	 */
	if (opts->workers > 1)
		mine = min_u32((uint64_t)mine + mine / 32 + ENTRIES_MIN, UINT32_MAX);
	if (fit < ENTRIES_MIN)
		fit = ENTRIES_MIN;
	return mine < fit ? mine : fit;
}

static int init_half_open(struct wf_conns *conns, const struct wf_pipeline_opts *opts)
{
	const struct weft_opts *weft = opts->weft;
	struct wf_half_open_opts half_open = {
		.handshakes_max = share_of(opts, weft->embryonic_max, 178, HANDSHAKES_SHARE),
		.per_source_max = weft->half_open_per_source_max / opts->workers +
				  (weft->half_open_per_source_max % opts->workers != 0),
		.timeout_ns = weft->timeout_embryonic_sec * WF_NS_PER_SEC,
		.secret = opts->secret,
	};

	return wf_half_open_init(&conns->half_open, opts->arena, &half_open, opts->pages,
				 opts->metrics);
}

int wf_conns_setup_make(struct wf_conns *conns, const struct wf_pipeline_opts *opts)
{
	const struct weft_opts *weft = opts->weft;
	uint32_t extents_max = min_u32(wf_arena_bytes(opts->arena) / WF_EXTENT_BYTES, UINT32_MAX);
	int err;

	conns->opts = weft;
	conns->rules = opts->rules ? *opts->rules : wf_rules_of(weft);
	wf_depths_set(&conns->depths, conns->rules.depth_bytes);
	conns->dispatch = opts->dispatch;
	conns->metrics = opts->metrics;
	conns->splits = opts->splits;
	conns->release = opts->release;
	conns->release_ctx = opts->release_ctx;
	conns->stream_env.pages = opts->pages;
	conns->stream_env.metrics = opts->metrics;
	conns->stream_env.pages_max = weft->stream_pages_max;
	conns->stream_env.fixed = weft->adaptive_sizing == WEFT_OFF;
	wf_flow_timeouts_init(&conns->timeouts, weft);

	err = wf_flow_table_init(&conns->table, opts->arena,
				 share_of(opts, weft->flows_max, 256, FLOWS_SHARE), opts->worker,
				 opts->id_seed);
	if (err)
		return err;
	wf_flow_table_set_owner(&conns->table, opts->owner, opts->claims);
	err = init_half_open(conns, opts);
	if (err)
		goto fini_table;
	err = wf_recent_init(&conns->recent, opts->arena,
			     share_of(opts, WEFT_RECENT_MAX, 110, RECENT_SHARE),
			     weft->timeout_closed_sec * WF_NS_PER_SEC);
	if (err)
		goto fini_half_open;
	err = wf_slab_new(opts->arena, WF_EXTENT_BYTES, extents_max, &conns->stream_env.extents);
	if (err)
		goto fini_recent;
	return 0;

fini_recent:
	wf_recent_fini(&conns->recent);
fini_half_open:
	wf_half_open_fini(&conns->half_open);
fini_table:
	wf_flow_table_fini(&conns->table);
	return err;
}

void wf_conns_setup_unmake(struct wf_conns *conns)
{
	wf_slab_free(conns->stream_env.extents);
	wf_recent_fini(&conns->recent);
	wf_half_open_fini(&conns->half_open);
	wf_flow_table_fini(&conns->table);
}
