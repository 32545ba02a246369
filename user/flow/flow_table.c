// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow_table.c - a slab of flows, a hash index of their ids, and a timer wheel.
 *
 * A flow does not store its own slab id, which saves four bytes per flow: its address gives the id.
 */
#include "flow/flow_table.h"

#include <errno.h>
#include <stddef.h>

#include "base/owner.h"
#include "flow/claims.h"
#include "flow/flow_id.h"
#include "packet/flow_key.h"
#include "memory/slab.h"

static struct wf_flow *flow_at(const struct wf_flow_table *table, uint32_t id)
{
	return wf_slab_at(table->flows, id);
}

static struct wf_timer *timer_at(void *ctx, uint32_t id)
{
	return &flow_at(ctx, id)->timer;
}

static uint32_t id_of(const struct wf_flow_table *table, const struct wf_flow *flow)
{
	return wf_slab_id(table->flows, flow);
}

int wf_flow_table_init(struct wf_flow_table *table, struct wf_arena *arena, uint32_t flows_max,
		       uint32_t worker, uint64_t id_seed)
{
	int err;

	*table = (struct wf_flow_table){
		.flows_max = flows_max, .worker = worker, .id_seed = id_seed};
	wf_timer_wheel_init(&table->wheel, timer_at, table);
	err = wf_slab_new(arena, sizeof(struct wf_flow), flows_max, &table->flows);
	if (err)
		return err;
	err = wf_flow_index_init(&table->index, arena, flows_max, table->flows,
				 offsetof(struct wf_flow, hash));
	if (err)
		goto free_flows;
	err = wf_slab_new(arena, sizeof(struct wf_flow_ext), flows_max, &table->exts);
	if (err)
		goto fini_index;
	err = wf_slab_new(arena, sizeof(struct wf_late),
			  flows_max < UINT32_MAX / 2 ? 2 * flows_max : UINT32_MAX, &table->lates);
	if (err)
		goto free_exts;
	return 0;

free_exts:
	wf_slab_free(table->exts);
	table->exts = NULL;
fini_index:
	wf_flow_index_fini(&table->index);
free_flows:
	wf_slab_free(table->flows);
	table->flows = NULL;
	return err;
}

void wf_flow_table_set_owner(struct wf_flow_table *table, struct wf_owner *owner,
			     struct wf_claims *claims)
{
	table->owner = owner;
	table->claims = claims;
}

void wf_flow_table_fini(struct wf_flow_table *table)
{
	wf_slab_free(table->lates);
	wf_slab_free(table->exts);
	wf_flow_index_fini(&table->index);
	wf_slab_free(table->flows);
	table->lates = NULL;
	table->exts = NULL;
	table->flows = NULL;
}

struct wf_flow *wf_flow_table_find_next(const struct wf_flow_table *table,
					const struct weft_flow_key *key, uint32_t hash,
					struct wf_flow_cursor cursor)
{
	uint32_t id = wf_flow_index_next(&table->index, &cursor);

	for (; id; id = wf_flow_index_next(&table->index, &cursor))
		if (wf_flow_table_matches(flow_at(table, id), key, hash))
			return flow_at(table, id);
	return NULL;
}

struct wf_flow *wf_flow_table_find_unhinted(const struct wf_flow_table *table,
					    const struct weft_flow_key *key, uint32_t hash)
{
	return wf_flow_table_find(table, key, hash);
}

struct wf_flow *wf_flow_table_add(struct wf_flow_table *table, const struct weft_flow_key *key,
				  uint32_t hash, uint8_t client)
{
	struct wf_flow *flow;
	uint32_t id;

	wf_assert(!wf_flow_table_find(table, key, hash));
	wf_owner_check(table->owner, "flow add");
	if (wf_slab_taken(table->flows) >= table->flows_max)
		return NULL;
	id = wf_slab_take(table->flows);
	if (!id)
		return NULL;
	if (wf_flow_index_add(&table->index, hash, id)) {
		wf_slab_put(table->flows, id);
		return NULL;
	}
	table->changes++;
	flow = flow_at(table, id);
	wf_flow_init(flow, key, hash, client);
	flow->id = wf_flow_id(table->id_seed, ++table->added, table->worker);
	if (wf_unlikely(table->claims != NULL))
		wf_claims_add(table->claims, key, table->worker);
	return flow;
}

static void put_ext(struct wf_flow_table *table, uint32_t id)
{
	const struct wf_flow_ext *ext = wf_slab_at(table->exts, id);

	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++)
		if (ext->late[dir])
			wf_slab_put(table->lates, ext->late[dir]);
	wf_slab_put(table->exts, id);
}

void wf_flow_table_remove(struct wf_flow_table *table, struct wf_flow *flow)
{
	uint32_t id = id_of(table, flow);

	wf_owner_check(table->owner, "flow remove");
	table->changes++;
	wf_timer_wheel_remove(&table->wheel, id);
	wf_flow_index_remove(&table->index, flow->hash, id);
	if (flow->ext)
		put_ext(table, flow->ext);
	wf_slab_put(table->flows, id);
}

struct wf_flow_ext *wf_flow_table_need_ext(struct wf_flow_table *table, struct wf_flow *flow)
{
	wf_owner_check(table->owner, "flow change");
	if (!flow->ext) {
		flow->ext = wf_slab_take(table->exts);
		if (!flow->ext)
			return NULL;
		wf_flow_ext_init(wf_slab_at(table->exts, flow->ext));
	}
	return wf_slab_at(table->exts, flow->ext);
}

struct wf_late *wf_flow_table_late(const struct wf_flow_table *table, const struct wf_flow *flow,
				   enum weft_dir dir)
{
	const struct wf_flow_ext *ext = wf_flow_table_ext(table, flow);

	return ext && ext->late[dir] ? wf_slab_at(table->lates, ext->late[dir]) : NULL;
}

struct wf_late *wf_flow_table_need_late(struct wf_flow_table *table, struct wf_flow *flow,
					enum weft_dir dir)
{
	struct wf_flow_ext *ext = wf_flow_table_need_ext(table, flow);

	if (!ext)
		return NULL;
	if (!ext->late[dir]) {
		ext->late[dir] = wf_slab_take(table->lates);
		if (!ext->late[dir])
			return NULL;
		wf_late_init(wf_slab_at(table->lates, ext->late[dir]));
	}
	return wf_slab_at(table->lates, ext->late[dir]);
}

void wf_flow_table_arm(struct wf_flow_table *table, struct wf_flow *flow, uint64_t now_ns,
		       uint64_t deadline_ns)
{
	uint32_t id = id_of(table, flow);

	wf_owner_check(table->owner, "flow timer");
	wf_timer_wheel_remove(&table->wheel, id);
	wf_timer_wheel_add(&table->wheel, id, now_ns, deadline_ns);
}

struct wf_flow *wf_flow_table_pop_due(struct wf_flow_table *table, uint64_t now_ns)
{
	uint32_t id;

	wf_owner_check(table->owner, "flow timers");
	id = wf_timer_wheel_pop(&table->wheel, now_ns);
	return id ? flow_at(table, id) : NULL;
}

uint32_t wf_flow_table_pop_due_group(struct wf_flow_table *table, uint64_t now_ns,
				     struct wf_flow **ret_flows, uint32_t max)
{
	uint32_t count = 0;

	while (count < max && (ret_flows[count] = wf_flow_table_pop_due(table, now_ns)))
		wf_flow_prefetch(ret_flows[count++]);
	return count;
}

uint32_t wf_flow_table_buckets(const struct wf_flow_table *table)
{
	return table->index.buckets_count;
}

static inline __attribute__((always_inline)) void prefetch_ext(const struct wf_flow_table *table,
							       const struct wf_flow *flow)
{
	const struct wf_flow_ext *ext = wf_flow_table_ext(table, flow);

	if (!ext)
		return;
	__builtin_prefetch(&ext->half);
	__builtin_prefetch(&ext->late);
}

static uint32_t bucket_after(const struct wf_flow_table *table, uint32_t bucket)
{
	return bucket + 1 == table->index.buckets_count ? 0 : bucket + 1;
}

static uint32_t flows_of(const struct wf_flow_table *table, uint32_t bucket,
			 struct wf_flow *ret_flows[WF_FLOW_BUCKET_IDS])
{
	const struct wf_flow_bucket *at = &table->index.buckets[bucket];
	uint32_t found = 0;

	for (unsigned int slot = 0; slot < WF_FLOW_BUCKET_IDS; slot++)
		if (at->tag[slot])
			ret_flows[found++] = flow_at(table, at->id[slot]);
	return found;
}

/*
 * Prefetch the extensions of the flows of bucket @bucket, and the flows of the bucket after it. The
 * call for the bucket before has prefetched the flows of @bucket. Always inline: GCC 12 assumes
 * that a function that only prefetches has no effect, and removes calls of it.
 */
static inline __attribute__((always_inline)) void prefetch_buckets(
	const struct wf_flow_table *table, uint32_t bucket)
{
	struct wf_flow *flows[WF_FLOW_BUCKET_IDS];
	uint32_t count = flows_of(table, bucket, flows);

	for (uint32_t i = 0; i < count; i++)
		prefetch_ext(table, flows[i]);
	count = flows_of(table, bucket_after(table, bucket), flows);
	for (uint32_t i = 0; i < count; i++)
		wf_flow_prefetch(flows[i]);
}

uint32_t wf_flow_table_bucket(const struct wf_flow_table *table, uint32_t bucket,
			      struct wf_flow *ret_flows[WF_FLOW_BUCKET_IDS])
{
	prefetch_buckets(table, bucket_after(table, bucket));
	return flows_of(table, bucket, ret_flows);
}

uint32_t wf_flow_table_sample(struct wf_flow_table *table, struct wf_flow **ret_flows, uint32_t max)
{
	uint32_t found = 0;

	wf_owner_check(table->owner, "flow sample");
	for (uint32_t i = 0; i < table->index.buckets_count && found < max; i++) {
		struct wf_flow *flows[WF_FLOW_BUCKET_IDS];
		uint32_t count = wf_flow_table_bucket(table, table->hand, flows);

		for (uint32_t slot = 0; slot < count && found < max; slot++)
			ret_flows[found++] = flows[slot];
		table->hand = bucket_after(table, table->hand);
	}
	return found;
}

void wf_flow_table_prefetch_timer(const struct wf_flow *flow)
{
	__builtin_prefetch(&flow->timer, 1);
}

void wf_flow_table_prefetch_neighbours(const struct wf_flow_table *table,
				       const struct wf_flow *flow)
{
	wf_timer_wheel_prefetch(&table->wheel, &flow->timer);
}

void wf_flow_table_prefetch_ext(const struct wf_flow_table *table, const struct wf_flow *flow)
{
	prefetch_ext(table, flow);
}

void wf_flow_table_prefetch_end(const struct wf_flow_table *table, const struct wf_flow *flow)
{
	const uint8_t *ext = (const uint8_t *)wf_flow_table_ext(table, flow);

	wf_slab_prefetch_put(table->flows, id_of(table, flow));
	if (!ext)
		return;
	wf_slab_prefetch_put(table->exts, flow->ext);
	for (size_t off = 0; off < sizeof(struct wf_flow_ext); off += WF_CACHE_LINE)
		__builtin_prefetch(ext + off);
}

uint32_t wf_flow_table_count(const struct wf_flow_table *table)
{
	return wf_slab_taken(table->flows);
}

void wf_flow_table_prefetch_late(const struct wf_flow_table *table, const struct wf_flow *flow)
{
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		const struct wf_late *late = wf_flow_table_late(table, flow, (enum weft_dir)dir);

		if (late)
			__builtin_prefetch(late, 1);
	}
}

bool wf_flow_table_is_valid(const struct wf_flow_table *table)
{
	return wf_flow_index_is_valid(&table->index) &&
	       table->index.ids_count == wf_slab_taken(table->flows) &&
	       table->wheel.count <= table->index.ids_count;
}
