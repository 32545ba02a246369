// SPDX-License-Identifier: BSD-2-Clause
/*
 * flows.c - joins the kernel's flow maps with the workers' flow tables, sets verdicts of
 * connections and ends connections.
 */
#include "control/flows.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "capture/file/flow_filter.h"
#include "conn/conn.h"
#include "engine/engine_body.h"
#include "engine/engine_call.h"
#include "control/flow_list.h"
#include "control/worker_flows.h"
#include "engine/sources.h"
#include "engine/steering.h"
#include "packet/flow_key.h"

/*
 * Maximum number of connections with one four-tuple, on several VLANs or in several tunnels, whose
 * verdict one call sets.
 */
enum { SET_FLOWS_MAX = 64 };

/* Return true if flows may exist that no kernel program counts. */
static bool has_other_flows(const struct wf_engine *engine)
{
	return !engine->ifaces.count || engine->submit_ring_bytes;
}

/* ---- each ------------------------------------------------------------------------ */

struct collect {
	struct wf_flow_list *list;
	uint32_t iface;
};

static void collect(const struct wf_kernel_flow *flow, void *ctx)
{
	const struct collect *to = ctx;

	wf_flow_list_add(to->list, flow, to->iface);
}

static void fill_side(const struct wf_flow_item *item, unsigned int endpoint, int dir,
		      struct weft_flow_side *ret_side)
{
	const struct wf_kernel_flow *kernel = &item->kernel;

	*ret_side = (struct weft_flow_side){
		.packets = kernel->packets[endpoint],
		.bytes = kernel->bytes[endpoint],
		.kept_packets = kernel->kept_packets[endpoint],
		.kept_bytes = kernel->kept_bytes[endpoint],
		.tcp_flags = kernel->tcp_flags[endpoint],
		.verdict = kernel->verdict[endpoint],
		.stream_bytes = item->tracked.stream_bytes[dir],
		.gap_bytes = item->tracked.gap_bytes[dir],
		.held_bytes = item->tracked.held_bytes[dir],
	};
}

static void show(const struct wf_engine *engine, const struct wf_flow_item *item,
		 weft_flow_view_fn fn, void *ctx)
{
	const struct weft_flow_key *key = &item->kernel.key;
	bool has_iface = item->iface != WF_FLOW_ITEM_NO_IFACE;
	struct weft_flow_view view;
	uint8_t client =
		item->tracked.is_tracked ? item->tracked.client : wf_flow_key_guess_client(key, 0);

	memset(&view, 0, sizeof(view));
	wf_flow_key_describe(key, client, &view.flow);
	view.flow.id = item->tracked.id;
	view.flow.use = item->tracked.use;
	view.flow.ip_version = wf_flow_key_is_ipv4(key) ? 4 : 6;
	view.ifname = has_iface ? engine->ifaces.list[item->iface].name : "";
	view.worker = weft_hash_worker(wf_engine_flow_hash(engine, key), engine->crew.count);
	view.flow.interface = has_iface ? (uint8_t)(item->iface + 1) : 0;
	view.flow.worker = (uint8_t)view.worker;
	view.is_tracked = item->tracked.is_tracked;
	view.midstream = item->tracked.midstream;
	view.state = item->tracked.state;
	view.first_ns = item->kernel.first_ns + item->day_offset_ns;
	view.last_ns = item->kernel.last_ns + item->day_offset_ns;
	fill_side(item, client, WEFT_TO_SERVER, &view.sides[WEFT_TO_SERVER]);
	fill_side(item, !client, WEFT_TO_CLIENT, &view.sides[WEFT_TO_CLIENT]);
	fn(&view, ctx);
}

static int fill_list(struct wf_engine *engine, struct wf_flow_list *list)
{
	int err = 0;

	if (engine->ifaces.count)
		wf_count_mover_move(&engine->count_mover);
	for (uint32_t i = 0; !err && i < engine->ifaces.count; i++) {
		struct collect to = {.list = list, .iface = i};

		err = wf_iface_each_flow(engine->ifaces.list[i].iface, collect, &to);
	}
	if (!err && has_other_flows(engine))
		err = wf_worker_flows_add(engine, list);
	wf_flow_list_finish(list);
	return err;
}

static int collect_locked(struct wf_engine *engine, struct wf_flow_list *list)
{
	uint32_t tries_left = engine->crew.count * WF_FLOW_INDEX_ARRAYS;
	int err;

	/* A list that flows missed because a worker's table grew is made again. */
	do {
		list->count = 0;
		list->total = 0;
		err = fill_list(engine, list);
	} while (err == -EAGAIN && --tries_left);
	if (!err)
		wf_worker_flows_look_up(engine, list);
	return err;
}

/*
 * Without interfaces, times may be those of the packets, which can't be compared with the clock.
 * With UINT64_MAX instead, an order by age is still the order in which the connections began.
 */
static void set_now(const struct wf_engine *engine, struct wf_flow_list *list)
{
	list->now_ns = engine->ifaces.count ? wf_clock_monotonic_ns() : UINT64_MAX;
	list->day_offset_ns = wf_clock_realtime_ns() - wf_clock_monotonic_ns();
}

int wf_engine_flows_each(struct wf_engine *engine, const struct weft_flow_query *query,
			 weft_flow_view_fn fn, void *ctx, uint64_t *ret_total)
{
	struct wf_flow_filter *filter = NULL;
	struct wf_flow_list list;
	int err = 0;

	if (!engine->is_started)
		return -ENODEV;
	if (query->filter && *query->filter)
		err = wf_flow_filter_new(query->filter, WF_FLOW_FILTER_ETHERNET, &filter);
	if (err)
		return err;
	err = wf_flow_list_init(&list, query->count_max);
	if (err)
		goto free_filter;
	list.sort = query->sort;
	list.filter = filter;
	list.without_closed = query->without_closed;
	set_now(engine, &list);
	err = wf_engine_control_lock(engine);
	if (!err) {
		err = collect_locked(engine, &list);
		wf_engine_control_unlock(engine);
	}
	/* The lock is not held here, so that @fn may make control calls. */
	for (uint32_t i = 0; !err && i < list.count; i++)
		show(engine, &list.items[i], fn, ctx);
	if (!err && ret_total)
		*ret_total = list.total;
	wf_flow_list_fini(&list);

free_filter:
	wf_flow_filter_free(filter);
	return err;
}

/* ---- set, end -------------------------------------------------------------------- */

struct ask_flow {
	struct wf_flow_request request;
	int err;
};

/* Carry out a request on its worker. Thread: the worker. */
static void request_flow(void *ctx, struct wf_pipeline *pipeline)
{
	struct ask_flow *asked = ctx;

	asked->err = wf_pipeline_request(pipeline, &asked->request);
}

static uint32_t owner_of(const struct wf_engine *engine, const struct wf_flow_request *request)
{
	return weft_hash_worker(request->hash, engine->crew.count);
}

/*
 * Call the worker that owns the flow. The caller holds the control lock, unless it is the owning
 * worker itself.
 */
static int ask_owner(struct wf_engine *engine, const struct wf_flow_request *request)
{
	struct ask_flow asked = {.request = *request};
	const struct wf_call call = {.fn = request_flow, .ctx = &asked};
	int err = wf_engine_call(engine, owner_of(engine, request), &call);

	return err ? err : asked.err;
}

/*
 * Return a request for the connection with exactly the identity @flow, VLAN and VNI included.
 * @ret_src: index of the endpoint (0 or 1) that is the source.
 */
static struct wf_flow_request exact_request(const struct wf_engine *engine,
					    const struct weft_flow *flow, uint8_t *ret_src)
{
	struct wf_flow_request request = {0};

	*ret_src = wf_flow_key_make(&request.key, flow);
	request.hash = wf_engine_flow_hash(engine, &request.key);
	return request;
}

/*
 * Make a request about one connection, by its exact identity. A worker that requests its own
 * connection does not take the lock.
 */
static int ask_exact(struct wf_engine *engine, const struct wf_flow_request *request)
{
	const struct wf_worker *self = wf_crew_self(&engine->crew);
	int err;

	if (self && self->index == owner_of(engine, request))
		return ask_owner(engine, request);
	err = wf_engine_control_lock(engine);
	if (err)
		return err;
	err = ask_owner(engine, request);
	wf_engine_control_unlock(engine);
	return err;
}

static unsigned int endpoints_of(unsigned int from, uint8_t src)
{
	return (from & WEFT_FLOW_FROM_SRC ? 1u << src : 0) |
	       (from & WEFT_FLOW_FROM_DST ? 1u << !src : 0);
}

/* All connections with one four-tuple, which may be on several VLANs or in several tunnels. */
struct named {
	const struct weft_flow *flow;
	struct weft_flow_key keys[SET_FLOWS_MAX];
	uint8_t src[SET_FLOWS_MAX]; /* index of the endpoint (0 or 1) that is the source */
	uint32_t count;
};

static bool is_source(const struct weft_flow *flow, const struct weft_flow_key *key, uint8_t src)
{
	return !memcmp(key->addr[src], flow->src_addr, 16) &&
	       !memcmp(key->addr[!src], flow->dst_addr, 16) && key->port[src] == flow->src_port &&
	       key->port[!src] == flow->dst_port;
}

static void find_named(const struct wf_kernel_flow *flow, void *ctx)
{
	struct named *named = ctx;

	if (named->count == SET_FLOWS_MAX)
		return;
	for (uint32_t i = 0; i < named->count; i++)
		if (wf_flow_key_is_equal(&named->keys[i], &flow->key))
			return;
	for (uint8_t src = 0; src < 2; src++) {
		if (!is_source(named->flow, &flow->key, src))
			continue;
		named->keys[named->count] = flow->key;
		named->src[named->count++] = src;
		return;
	}
}

static int set_one(struct wf_engine *engine, const struct weft_flow_key *key, uint8_t src,
		   unsigned int from, enum weft_verdict verdict)
{
	const struct wf_flow_request request = {
		.key = *key,
		.hash = wf_engine_flow_hash(engine, key),
		.verdict = verdict,
		.endpoints = endpoints_of(from, src),
	};
	enum weft_verdict verdicts[2] = {WEFT_VERDICT_KEEP, WEFT_VERDICT_KEEP};
	struct wf_kept kept;
	int err = ask_owner(engine, &request);

	if (err != -ENOENT)
		return err;
	for (int endpoint = 0; endpoint < 2; endpoint++)
		if (request.endpoints & 1u << endpoint)
			verdicts[endpoint] = verdict;
	err = wf_ifaces_set_verdict(&engine->ifaces, key, verdicts, &kept);
	/* -EAGAIN: the verdict is set, and the counts, which are not needed here, are not known. */
	return err == -EAGAIN ? 0 : err;
}

/* Set the verdict of the submitted connection with exactly this identity, and count it. */
static int set_submitted(struct wf_engine *engine, struct named *named, unsigned int from,
			 enum weft_verdict verdict)
{
	struct wf_flow_request request;
	uint8_t src;
	int err;

	if (named->count == SET_FLOWS_MAX)
		return 0;
	request = exact_request(engine, named->flow, &src);
	for (uint32_t i = 0; i < named->count; i++)
		if (wf_flow_key_is_equal(&named->keys[i], &request.key))
			return 0;
	request.endpoints = endpoints_of(from, src);
	request.verdict = verdict;
	err = ask_owner(engine, &request);
	named->count += !err;
	return err == -ENOENT ? 0 : err;
}

static int set_locked(struct wf_engine *engine, struct named *named, unsigned int from,
		      enum weft_verdict verdict)
{
	int err = 0;

	/* This adds the entries of hot flows that the flow map has evicted. */
	if (engine->ifaces.count)
		wf_count_mover_move(&engine->count_mover);
	for (uint32_t i = 0; !err && i < engine->ifaces.count; i++)
		err = wf_iface_each_flow(engine->ifaces.list[i].iface, find_named, named);
	for (uint32_t i = 0; !err && i < named->count; i++)
		err = set_one(engine, &named->keys[i], named->src[i], from, verdict);
	if (!err && engine->submit_ring_bytes)
		err = set_submitted(engine, named, from, verdict);
	return !err && !named->count ? -ENOENT : err;
}

/*
 * Set the verdict of all connections with the four-tuple in the kernel's maps, and of the submitted
 * connection with exactly this identity.
 */
static int set_named(struct wf_engine *engine, const struct weft_flow *flow, unsigned int from,
		     enum weft_verdict verdict, uint32_t *ret_count)
{
	struct named named = {.flow = flow};
	int err = wf_engine_control_lock(engine);

	if (err)
		return err;
	err = set_locked(engine, &named, from, verdict);
	wf_engine_control_unlock(engine);
	*ret_count = named.count;
	return err;
}

int wf_engine_flow_set(struct wf_engine *engine, const struct weft_flow *flow, unsigned int from,
		       enum weft_verdict verdict, uint32_t *ret_count)
{
	struct wf_flow_request request;
	uint32_t count = 1;
	int err = -ENOENT;
	uint8_t src;

	if (!engine->is_started)
		return -ENODEV;
	request = exact_request(engine, flow, &src);
	request.endpoints = endpoints_of(from, src);
	request.verdict = verdict;
	if (!engine->ifaces.count || wf_crew_self(&engine->crew))
		err = ask_exact(engine, &request);
	if (err == -ENOENT && engine->ifaces.count)
		err = set_named(engine, flow, from, verdict, &count);
	if (!err && ret_count)
		*ret_count = count;
	return err;
}

int wf_engine_flow_user_set(struct wf_engine *engine, const struct weft_flow *flow, void *user)
{
	struct wf_worker *self = wf_crew_self(&engine->crew);
	struct wf_flow_request name;
	struct wf_conns *conns;
	struct wf_flow_ext *ext;
	struct wf_flow *tracked;
	uint8_t src;

	if (!self)
		return -ENOENT;
	name = exact_request(engine, flow, &src);
	conns = wf_pipeline_conns(self->pipeline);
	tracked = wf_flow_table_find(&conns->table, &name.key, name.hash);
	if (!tracked || tracked->id != flow->id)
		return -ENOENT;
	ext = wf_flow_table_need_ext(&conns->table, tracked);
	if (!ext)
		return -ENOMEM;
	ext->user = user;
	return 0;
}

int wf_engine_flow_on_release(struct wf_engine *engine, weft_flow_release_fn fn, void *ctx)
{
	int err = wf_sources_check_not_started(engine, "weft_flow_on_release()");

	if (err)
		return err;
	engine->release = fn;
	engine->release_ctx = ctx;
	return 0;
}

int wf_engine_flow_end(struct wf_engine *engine, const struct weft_flow *flow)
{
	struct wf_flow_request request;
	uint8_t src;

	if (!engine->is_started)
		return -ENODEV;
	request = exact_request(engine, flow, &src);
	request.is_end = true;
	return ask_exact(engine, &request);
}
