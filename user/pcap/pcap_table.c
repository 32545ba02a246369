// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_table.c - a hash table with chains, whose entries are also in a list by last use.
 *
 * Entries are linked by index. Free entries that were used before are in a list of their own; the
 * others lie at the end of the array and were never touched.
 */
#include "pcap/pcap_table.h"

#include <errno.h>
#include <stdlib.h>

int wf_pcap_table_init(struct wf_pcap_table *table, uint32_t max)
{
	*table = (struct wf_pcap_table){.max = max, .buckets_count = 1};
	while (table->buckets_count < max)
		table->buckets_count *= 2;
	table->conns = calloc((size_t)max + 1, sizeof(*table->conns));
	table->buckets = calloc(table->buckets_count, sizeof(*table->buckets));
	if (table->conns && table->buckets)
		return 0;
	wf_pcap_table_fini(table);
	return -ENOMEM;
}

void wf_pcap_table_fini(struct wf_pcap_table *table)
{
	free(table->conns);
	free(table->buckets);
}

/* The multiplication lets all lower bits of an id choose the bucket, whatever pattern ids have. */
static uint32_t *bucket_of(const struct wf_pcap_table *table, uint64_t id)
{
	uint64_t mixed = id * 0x9e3779b97f4a7c15ull;

	return &table->buckets[(mixed >> 32) & (table->buckets_count - 1)];
}

static void unlink_used(struct wf_pcap_table *table, const struct wf_pcap_conn *conn)
{
	*(conn->older ? &table->conns[conn->older].newer : &table->oldest) = conn->newer;
	*(conn->newer ? &table->conns[conn->newer].older : &table->newest) = conn->older;
}

static void link_newest(struct wf_pcap_table *table, struct wf_pcap_conn *conn)
{
	uint32_t index = (uint32_t)(conn - table->conns);

	conn->older = table->newest;
	conn->newer = 0;
	*(table->newest ? &table->conns[table->newest].newer : &table->oldest) = index;
	table->newest = index;
}

struct wf_pcap_conn *wf_pcap_table_use(struct wf_pcap_table *table, uint64_t id)
{
	uint32_t index = *bucket_of(table, id);
	struct wf_pcap_conn *conn;

	while (index && table->conns[index].flow.id != id)
		index = table->conns[index].chain;
	if (!index)
		return NULL;
	conn = &table->conns[index];
	if (conn->newer) {
		unlink_used(table, conn);
		link_newest(table, conn);
	}
	return conn;
}

struct wf_pcap_conn *wf_pcap_table_add(struct wf_pcap_table *table, const struct weft_flow *flow)
{
	uint32_t *bucket = bucket_of(table, flow->id);
	uint32_t index = table->free;
	struct wf_pcap_conn *conn;

	if (index)
		table->free = table->conns[index].chain;
	else if (table->used < table->max)
		index = ++table->used;
	else
		return NULL;
	conn = &table->conns[index];
	*conn = (struct wf_pcap_conn){.flow = *flow, .chain = *bucket};
	*bucket = index;
	link_newest(table, conn);
	return conn;
}

void wf_pcap_table_remove(struct wf_pcap_table *table, struct wf_pcap_conn *conn)
{
	uint32_t index = (uint32_t)(conn - table->conns);
	uint32_t *link = bucket_of(table, conn->flow.id);

	while (*link != index)
		link = &table->conns[*link].chain;
	*link = conn->chain;
	unlink_used(table, conn);
	conn->flow.id = 0;
	conn->chain = table->free;
	table->free = index;
}

struct wf_pcap_conn *wf_pcap_table_oldest(struct wf_pcap_table *table)
{
	return table->oldest ? &table->conns[table->oldest] : NULL;
}
