// SPDX-License-Identifier: BSD-2-Clause
/*
 * client_conns.c - a hash table of connections by id, with a list in order of their last event.
 *
 *   buckets[hash] → slot → slot      chained by index, so that realloc() may move the array
 *   oldest ⇄ slot ⇄ slot ⇄ newest
 */
#include "client/client_conns.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum { CAPACITY_MIN = 64 };

void wf_client_conns_init(struct wf_client_conns *conns, uint32_t max)
{
	*conns = (struct wf_client_conns){.max = max, .free = NONE, .oldest = NONE, .newest = NONE};
}

void wf_client_conns_fini(struct wf_client_conns *conns)
{
	free(conns->slots);
	free(conns->buckets);
}

static uint32_t *bucket_of(const struct wf_client_conns *conns, uint64_t id)
{
	uint64_t hash = id * 0x9e3779b97f4a7c15ull;

	return &conns->buckets[(hash >> 32) & (conns->capacity - 1)];
}

static uint32_t index_of(const struct wf_client_conns *conns, const struct wf_client_conn *conn)
{
	return (uint32_t)(conn - conns->slots);
}

/* ---- the list in order of age ---- */

static void unlink_age(struct wf_client_conns *conns, const struct wf_client_conn *conn)
{
	*(conn->older == NONE ? &conns->oldest : &conns->slots[conn->older].newer) = conn->newer;
	*(conn->newer == NONE ? &conns->newest : &conns->slots[conn->newer].older) = conn->older;
}

static void link_newest(struct wf_client_conns *conns, struct wf_client_conn *conn)
{
	uint32_t index = index_of(conns, conn);

	conn->older = conns->newest;
	conn->newer = NONE;
	*(conn->older == NONE ? &conns->oldest : &conns->slots[conn->older].newer) = index;
	conns->newest = index;
}

/* ---- growing ---- */

static void rehash(struct wf_client_conns *conns)
{
	memset(conns->buckets, 0xff, conns->capacity * sizeof(*conns->buckets));
	for (uint32_t i = conns->oldest; i != NONE; i = conns->slots[i].newer) {
		uint32_t *bucket = bucket_of(conns, conns->slots[i].flow.id);

		conns->slots[i].chained = *bucket;
		*bucket = i;
	}
}

/* Double the capacity. All slots are in use, so there is no list of free slots to keep. */
static int grow(struct wf_client_conns *conns)
{
	uint32_t capacity = conns->capacity ? 2 * conns->capacity : CAPACITY_MIN;
	struct wf_client_conn *slots;
	uint32_t *buckets;

	slots = reallocarray(conns->slots, capacity, sizeof(*slots));
	if (!slots)
		return -1;
	conns->slots = slots;
	buckets = reallocarray(conns->buckets, capacity, sizeof(*buckets));
	if (!buckets)
		return -1;
	conns->buckets = buckets;
	conns->capacity = capacity;
	rehash(conns);
	return 0;
}

/*
 * Return a slot that is not in use; NULL if there is no memory. If there are already max
 * connections, remove the oldest one.
 */
static struct wf_client_conn *take_slot(struct wf_client_conns *conns)
{
	uint32_t index = conns->free;

	if (conns->count >= conns->max) {
		wf_client_conns_remove(conns, &conns->slots[conns->oldest]);
		index = conns->free;
	}
	if (index != NONE) {
		conns->free = conns->slots[index].chained;
		return &conns->slots[index];
	}
	if (conns->used == conns->capacity && grow(conns))
		return NULL;
	return &conns->slots[conns->used++];
}

/* ---- API ---- */

struct wf_client_conn *wf_client_conns_add(struct wf_client_conns *conns,
					   const struct weft_flow *flow)
{
	struct wf_client_conn *conn = wf_client_conns_find(conns, flow->id);
	uint32_t *bucket;

	if (!conn) {
		conn = take_slot(conns);
		if (!conn)
			return NULL;
		bucket = bucket_of(conns, flow->id);
		conn->chained = *bucket;
		*bucket = index_of(conns, conn);
		link_newest(conns, conn);
		conns->count++;
	}
	conn->flow = *flow;
	conn->interface[0] = '\0';
	return conn;
}

struct wf_client_conn *wf_client_conns_find(struct wf_client_conns *conns, uint64_t id)
{
	uint32_t index = conns->newest;

	if (index != NONE && conns->slots[index].flow.id == id)
		return &conns->slots[index];
	index = conns->capacity ? *bucket_of(conns, id) : NONE;
	while (index != NONE && conns->slots[index].flow.id != id)
		index = conns->slots[index].chained;
	if (index == NONE)
		return NULL;
	unlink_age(conns, &conns->slots[index]);
	link_newest(conns, &conns->slots[index]);
	return &conns->slots[index];
}

void wf_client_conns_remove(struct wf_client_conns *conns, struct wf_client_conn *conn)
{
	uint32_t *link = bucket_of(conns, conn->flow.id);
	uint32_t index = index_of(conns, conn);

	while (*link != index)
		link = &conns->slots[*link].chained;
	*link = conn->chained;
	unlink_age(conns, conn);
	conn->chained = conns->free;
	conns->free = index;
	conns->count--;
}
