// SPDX-License-Identifier: BSD-2-Clause
/*
 * worker_flows.c - reads the workers' flow tables for lists of connections.
 */
#include "control/worker_flows.h"

#include <errno.h>
#include <stdlib.h>

#include "conn/conn.h"
#include "conn/kernel.h"
#include "conn/limit.h"
#include "control/flow_list.h"
#include "engine/engine_body.h"
#include "engine/engine_call.h"

/*
 * ASK_FLOWS: maximum number of flows that one call to a worker looks up.
 * BATCH_FLOWS, BATCH_BUCKETS: maximum number of flows that one call copies, and of buckets of the
 * index that it reads.
 */
enum { ASK_FLOWS = 64, BATCH_FLOWS = 512, BATCH_BUCKETS = 4096 };

/*
 * Return the number of bytes delivered in direction @dir. Bytes beyond the limit of the direction,
 * over which next_off advances, are reported as a gap only at the end of the flow or of the bypass.
 */
static uint64_t delivered_bytes(const struct wf_conns *conns, const struct wf_flow *flow,
				enum weft_dir dir)
{
	const struct wf_half half =
		wf_half_of((struct wf_conns *)conns, (struct wf_flow *)flow, dir);
	uint64_t end_off = flow->stream[dir].next_off;

	if (!(flow->flags & WF_FLOW_ENDED) && end_off > wf_limit_off(&half))
		end_off = wf_limit_off(&half);
	return end_off - flow->gap_bytes[dir];
}

static void describe(const struct wf_conns *conns, const struct wf_flow *flow,
		     struct wf_tracked_flow *ret_tracked)
{
	*ret_tracked = (struct wf_tracked_flow){
		.is_tracked = true,
		.midstream = flow->flags & WF_FLOW_MIDSTREAM,
		.client = flow->client,
		.use = flow->use,
		.id = flow->id,
		.state = wf_flow_state(flow),
	};
	for (int dir = 0; dir < 2; dir++) {
		ret_tracked->stream_bytes[dir] = delivered_bytes(conns, flow, (enum weft_dir)dir);
		ret_tracked->gap_bytes[dir] = flow->gap_bytes[dir];
		ret_tracked->held_bytes[dir] = flow->stream[dir].held_cost;
	}
}

/* ---- flows that came into the list from the kernel's flow maps ----------------------- */

struct look_up {
	struct wf_flow_item *items[ASK_FLOWS];
	uint32_t hashes[ASK_FLOWS];
	uint32_t count;
};

/* Look up the wanted flows in the worker's flow table. Thread: the worker. */
static void look_up(void *ctx, struct wf_pipeline *pipeline)
{
	const struct wf_conns *conns = wf_pipeline_conns(pipeline);
	struct look_up *wanted = ctx;

	for (uint32_t i = 0; i < wanted->count; i++) {
		const struct wf_flow *flow = wf_flow_table_find(
			&conns->table, &wanted->items[i]->kernel.key, wanted->hashes[i]);

		if (flow)
			describe(conns, flow, &wanted->items[i]->tracked);
	}
}

/*
 * Look up the next ASK_FLOWS flows of @worker, from item @from on. Return: the index of the
 * first item not examined.
 */
static uint32_t ask_next(struct wf_engine *engine, struct wf_flow_list *list, uint32_t worker,
			 uint32_t from)
{
	struct look_up wanted = {.count = 0};
	const struct wf_call call = {.fn = look_up, .ctx = &wanted};

	for (; from < list->count && wanted.count < ASK_FLOWS; from++) {
		struct wf_flow_item *item = &list->items[from];
		uint32_t hash = wf_engine_flow_hash(engine, &item->kernel.key);

		if (item->tracked.is_tracked ||
		    weft_hash_worker(hash, engine->crew.count) != worker)
			continue;
		wanted.items[wanted.count] = item;
		wanted.hashes[wanted.count++] = hash;
	}
	/* If a worker does not answer in time, skip its other flows. */
	if (wanted.count && wf_engine_call(engine, worker, &call))
		return list->count;
	return from;
}

void wf_worker_flows_look_up(struct wf_engine *engine, struct wf_flow_list *list)
{
	for (uint32_t worker = 0; worker < engine->crew.count; worker++)
		for (uint32_t from = 0; from < list->count;)
			from = ask_next(engine, list, worker, from);
}

/* ---- flows that only the workers know ----------------------------------------------- */

struct batch {
	bool without_closed;
	uint32_t buckets; /* number of buckets when the first one was read; 0: none was read */
	uint32_t bucket;  /* the next bucket to read */
	bool is_last;	  /* all buckets were read */
	bool is_moved;	  /* flows have moved to other buckets since the first call */
	uint32_t count;
	struct wf_flow_item items[BATCH_FLOWS];
};

static enum weft_verdict verdict_of(const struct wf_flow *flow, enum weft_dir dir)
{
	if (flow->flags & WF_FLOW_IGNORED(dir))
		return WEFT_VERDICT_PASS;
	return flow->tcp.dir[dir].state == WF_HALF_CUT ? WEFT_VERDICT_SHUNT : WEFT_VERDICT_STEER;
}

/*
 * Fill @ret_item from @flow. The worker's counts are stored in the members for the kernel's counts.
 */
static void copy_flow(const struct wf_conns *conns, const struct wf_flow *flow,
		      struct wf_flow_item *ret_item)
{
	struct wf_kernel_flow *counts = &ret_item->kernel;

	*ret_item = (struct wf_flow_item){
		.kernel = {.key = flow->key,
			   .worker = conns->table.worker,
			   .first_ns = flow->start_ns - conns->skew_ns,
			   .last_ns = flow->last_ns},
		.iface = WF_FLOW_ITEM_NO_IFACE,
		.day_offset_ns = conns->skew_ns,
	};
	for (int i = 0; i < 2; i++) {
		enum weft_dir dir = (enum weft_dir)i;
		unsigned int endpoint = wf_kernel_endpoint(flow, dir);

		counts->packets[endpoint] = flow->packets[i];
		counts->bytes[endpoint] = flow->bytes[i];
		counts->tcp_flags[endpoint] = flow->tcp_flags[i];
		counts->verdict[endpoint] = verdict_of(flow, dir);
	}
	describe(conns, flow, &ret_item->tracked);
}

static bool is_listed(const struct wf_conns *conns, const struct wf_flow *flow, bool without_closed)
{
	if (flow->iface || flow->flags & WF_FLOW_ENDED)
		return false;
	return !without_closed || wf_flow_state(flow) != WEFT_FLOW_CLOSED ||
	       conns->now_ns <= flow->last_ns + WF_FLOW_CLOSED_SILENCE_NS;
}

/* Copy the flows of the next buckets to the batch. Thread: the worker. */
static void copy_batch(void *ctx, struct wf_pipeline *pipeline)
{
	const struct wf_conns *conns = wf_pipeline_conns(pipeline);
	uint32_t buckets = wf_flow_table_buckets(&conns->table);
	struct batch *batch = ctx;

	batch->count = 0;
	batch->is_moved = batch->buckets && batch->buckets != buckets;
	if (batch->is_moved)
		return;
	batch->buckets = buckets;
	for (uint32_t i = 0; i < BATCH_BUCKETS && batch->bucket < buckets &&
			     batch->count + WF_FLOW_BUCKET_IDS <= BATCH_FLOWS;
	     i++) {
		struct wf_flow *flows[WF_FLOW_BUCKET_IDS];
		uint32_t count = wf_flow_table_bucket(&conns->table, batch->bucket++, flows);

		for (uint32_t k = 0; k < count; k++)
			if (is_listed(conns, flows[k], batch->without_closed))
				copy_flow(conns, flows[k], &batch->items[batch->count++]);
	}
	batch->is_last = batch->bucket >= buckets;
}

static int add_of_worker(struct wf_engine *engine, uint32_t worker, struct wf_flow_list *list,
			 struct batch *batch)
{
	const struct wf_call call = {.fn = copy_batch, .ctx = batch};

	batch->bucket = 0;
	batch->buckets = 0;
	do {
		int err = wf_engine_call(engine, worker, &call);

		if (err)
			return err;
		if (batch->is_moved)
			return -EAGAIN;
		for (uint32_t i = 0; i < batch->count; i++)
			wf_flow_list_add_item(list, &batch->items[i]);
	} while (!batch->is_last);
	return 0;
}

int wf_worker_flows_add(struct wf_engine *engine, struct wf_flow_list *list)
{
	struct batch *batch = malloc(sizeof(*batch));
	int err = batch ? 0 : -ENOMEM;

	if (batch)
		batch->without_closed = list->without_closed;
	for (uint32_t worker = 0; !err && worker < engine->crew.count; worker++)
		err = add_of_worker(engine, worker, list, batch);
	free(batch);
	return err;
}
