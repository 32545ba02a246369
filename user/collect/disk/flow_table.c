// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow_table.c - entries in one array, linked by indices: two hash chains (by identity, by
 * addresses and ports), the list of live connections or that of ended ones in order of their last
 * message, and the list of the live connections of a sensor in a partition.
 */
#include "collect/disk/flow_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t index_of(const struct wf_collect_flows *table, const struct wf_collect_flow *flow)
{
	return (uint32_t)(flow - table->flows) + 1;
}

static struct wf_collect_flow *flow_at(const struct wf_collect_flows *table, uint32_t index)
{
	return index ? &table->flows[index - 1] : NULL;
}

static uint64_t mix(uint64_t value)
{
	value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93ull;
	return value ^ (value >> 32);
}

static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	while (*text)
		hash = (hash ^ (uint8_t)*text++) * 0x100000001b3ull;
	return hash;
}

static uint32_t *id_head(const struct wf_collect_flows *table, uint64_t boot, uint64_t id)
{
	return &table->by_id[mix(boot ^ mix(id)) & table->buckets_mask];
}

static uint32_t *peers_head(const struct wf_collect_flows *table, const struct weft_flow *peers)
{
	/* the bucket is the same for both directions */
	return &table->by_peers[wf_bus_partition(peers, table->buckets_mask + 1)];
}

/* ---- lists ---- */

static struct wf_collect_list *list_of(struct wf_collect_flows *table,
				       const struct wf_collect_flow *flow)
{
	return flow->is_closed ? &table->ended : &table->live;
}

static void list_remove(struct wf_collect_flows *table, struct wf_collect_flow *flow)
{
	struct wf_collect_list *list = list_of(table, flow);

	*(flow->older ? &flow_at(table, flow->older)->newer : &list->oldest) = flow->newer;
	*(flow->newer ? &flow_at(table, flow->newer)->older : &list->newest) = flow->older;
	list->count--;
}

static void list_append(struct wf_collect_flows *table, struct wf_collect_flow *flow)
{
	struct wf_collect_list *list = list_of(table, flow);

	flow->newer = 0;
	flow->older = list->newest;
	*(list->newest ? &flow_at(table, list->newest)->newer : &list->oldest) =
		index_of(table, flow);
	list->newest = index_of(table, flow);
	list->count++;
}

static void source_remove(struct wf_collect_flows *table, struct wf_collect_flow *flow)
{
	struct wf_collect_flow *older = flow_at(table, flow->older_of_source);

	*(flow->newer_of_source ? &flow_at(table, flow->newer_of_source)->older_of_source
				: &flow->source->newest) = flow->older_of_source;
	if (older)
		older->newer_of_source = flow->newer_of_source;
}

static void source_append(struct wf_collect_flows *table, struct wf_collect_flow *flow)
{
	struct wf_collect_flow *older = flow_at(table, flow->source->newest);

	flow->newer_of_source = 0;
	flow->older_of_source = flow->source->newest;
	if (older)
		older->newer_of_source = index_of(table, flow);
	flow->source->newest = index_of(table, flow);
}

struct wf_collect_flow *wf_collect_flow_older(const struct wf_collect_flows *table,
					      const struct wf_collect_flow *flow)
{
	return flow_at(table, flow->older_of_source);
}

struct wf_collect_flow *wf_collect_source_newest(const struct wf_collect_flows *table,
						 const struct wf_collect_source *source)
{
	return flow_at(table, source->newest);
}

struct wf_collect_flow *wf_collect_flow_newer(const struct wf_collect_flows *table,
					      const struct wf_collect_flow *flow)
{
	return flow_at(table, flow->newer);
}

struct wf_collect_flow *wf_collect_list_oldest(const struct wf_collect_flows *table,
					       const struct wf_collect_list *list)
{
	return flow_at(table, list->oldest);
}

/* ---- sources ---- */

static struct wf_collect_source *free_source(struct wf_collect_flows *table)
{
	if (table->sources_used < WF_COLLECT_SOURCES_MAX)
		return &table->sources[table->sources_used++];
	return NULL;
}

struct wf_collect_source *wf_collect_source_get(struct wf_collect_flows *table, const char *sensor,
						uint32_t partition)
{
	uint64_t hash = mix(hash_text(sensor) + partition);
	uint32_t *head = &table->by_sensor[hash % WF_COLLECT_SOURCES_MAX];
	struct wf_collect_source *source;

	for (uint32_t index = *head; index; index = source->next) {
		source = &table->sources[index - 1];
		if (source->partition == partition && !strcmp(source->sensor, sensor))
			return source;
	}
	source = free_source(table);
	if (!source)
		return NULL;
	strcpy(source->sensor, sensor);
	source->partition = partition;
	source->next = *head;
	*head = (uint32_t)(source - table->sources) + 1;
	return source;
}

/* ---- connections ---- */

struct wf_collect_flow *wf_collect_flow_find(const struct wf_collect_flows *table,
					     const struct wf_bus_flow *id)
{
	struct wf_collect_flow *flow = flow_at(table, *id_head(table, id->boot, id->id));

	while (flow && (flow->id != id->id || flow->boot != id->boot ||
			strcmp(flow->source->sensor, id->sensor)))
		flow = flow_at(table, flow->next_by_id);
	return flow;
}

struct wf_collect_flow *wf_collect_flow_victim(const struct wf_collect_flows *table)
{
	struct wf_collect_flow *ended = flow_at(table, table->ended.oldest);
	struct wf_collect_flow *live = flow_at(table, table->live.oldest);

	if (ended && ended->batch != table->batch &&
	    (!table->free || table->ended.count > table->max / WF_COLLECT_ENDED_PARTS))
		return ended;
	return !table->free && live && live->batch != table->batch ? live : NULL;
}

struct wf_collect_flow *wf_collect_flow_add(struct wf_collect_flows *table,
					    struct wf_collect_source *source,
					    const struct wf_bus_flow *id,
					    const struct weft_flow *peers)
{
	struct wf_collect_flow *flow = flow_at(table, table->free);
	uint32_t *head;

	if (!flow)
		return NULL;
	table->free = flow->next_by_id;
	*flow = (struct wf_collect_flow){
		.boot = id->boot, .id = id->id, .peers = *peers, .source = source};
	head = id_head(table, id->boot, id->id);
	flow->next_by_id = *head;
	*head = index_of(table, flow);
	head = peers_head(table, peers);
	flow->next_by_peers = *head;
	*head = index_of(table, flow);
	flow->batch = table->batch;
	list_append(table, flow);
	source_append(table, flow);
	return flow;
}

void wf_collect_flow_remove(struct wf_collect_flows *table, struct wf_collect_flow *flow)
{
	uint32_t index = index_of(table, flow);
	uint32_t *link = id_head(table, flow->boot, flow->id);

	while (*link != index)
		link = &flow_at(table, *link)->next_by_id;
	*link = flow->next_by_id;
	link = peers_head(table, &flow->peers);
	while (*link != index)
		link = &flow_at(table, *link)->next_by_peers;
	*link = flow->next_by_peers;
	list_remove(table, flow);
	if (!flow->is_closed)
		source_remove(table, flow);
	flow->next_by_id = table->free;
	table->free = index;
}

void wf_collect_flow_touch(struct wf_collect_flows *table, struct wf_collect_flow *flow)
{
	list_remove(table, flow);
	list_append(table, flow);
	flow->batch = table->batch;
}

void wf_collect_flow_end(struct wf_collect_flows *table, struct wf_collect_flow *flow)
{
	list_remove(table, flow);
	source_remove(table, flow);
	flow->is_closed = true;
	flow->batch = table->batch;
	list_append(table, flow);
}

static bool are_peers(const struct weft_flow *a, const struct weft_flow *b)
{
	bool forth = !memcmp(a->src_addr, b->src_addr, 16) &&
		     !memcmp(a->dst_addr, b->dst_addr, 16) && a->src_port == b->src_port &&
		     a->dst_port == b->dst_port;
	bool back = !memcmp(a->src_addr, b->dst_addr, 16) &&
		    !memcmp(a->dst_addr, b->src_addr, 16) && a->src_port == b->dst_port &&
		    a->dst_port == b->src_port;

	return forth || back;
}

static bool is_same_number(const struct wf_collect_flow *flow, const struct weft_flow *peers,
			   struct wf_stream_number number)
{
	if (flow->number.number != number.number || flow->number.by_tenant != number.by_tenant)
		return false;
	return !number.by_tenant ||
	       (flow->peers.vlan[0] == peers->vlan[0] && flow->peers.vlan[1] == peers->vlan[1] &&
		flow->peers.vni == peers->vni);
}

bool wf_collect_flow_is_taken(const struct wf_collect_flows *table, const struct weft_flow *peers,
			      struct wf_stream_number number, const struct wf_collect_flow *self,
			      bool is_live)
{
	struct wf_collect_flow *flow = flow_at(table, *peers_head(table, peers));

	for (; flow; flow = flow_at(table, flow->next_by_peers))
		if (flow != self && are_peers(&flow->peers, peers) &&
		    is_same_number(flow, peers, number) &&
		    !(is_live && flow->is_closed && !flow->is_changed))
			return true;
	return false;
}

void wf_collect_flow_id(const struct wf_collect_flow *flow, struct wf_bus_flow *ret_id)
{
	*ret_id = (struct wf_bus_flow){.boot = flow->boot, .id = flow->id};
	strcpy(ret_id->sensor, flow->source->sensor);
}

/* ---- the table ---- */

uint32_t wf_collect_flows_fit(uint64_t bytes)
{
	uint64_t fit = bytes / (sizeof(struct wf_collect_flow) + 4 * sizeof(uint32_t));

	if (fit < WF_COLLECT_FLOWS_MIN)
		return WF_COLLECT_FLOWS_MIN;
	return fit > 1u << 26 ? 1u << 26 : (uint32_t)fit;
}

int wf_collect_flows_init(struct wf_collect_flows *table, uint32_t max)
{
	uint32_t buckets = 1;

	while (buckets < max)
		buckets *= 2;
	*table = (struct wf_collect_flows){.max = max, .buckets_mask = buckets - 1, .batch = 1};
	table->flows = calloc(max, sizeof(*table->flows));
	table->sources = calloc(WF_COLLECT_SOURCES_MAX, sizeof(*table->sources));
	table->by_id = calloc(buckets, sizeof(*table->by_id));
	table->by_peers = calloc(buckets, sizeof(*table->by_peers));
	table->by_sensor = calloc(WF_COLLECT_SOURCES_MAX, sizeof(*table->by_sensor));
	if (!table->flows || !table->sources || !table->by_id || !table->by_peers ||
	    !table->by_sensor) {
		wf_collect_flows_fini(table);
		return -ENOMEM;
	}
	for (uint32_t i = max; i > 0; i--) {
		table->flows[i - 1].next_by_id = table->free;
		table->free = i;
	}
	return 0;
}

void wf_collect_flows_fini(struct wf_collect_flows *table)
{
	free(table->by_sensor);
	free(table->by_peers);
	free(table->by_id);
	free(table->sources);
	free(table->flows);
	*table = (struct wf_collect_flows){.max = 0};
}
