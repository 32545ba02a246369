// SPDX-License-Identifier: BSD-2-Clause
/*
 * table.c - slots for hosts, found through a hash table with chains, and linked in the order in
 * which the hosts were last seen.
 *
 *   buckets[hash] ─► slot ─► slot        newest ◄─► slot ◄─► slot ◄─► oldest
 *
 * The hash has a random key, because hosts choose their addresses: without a key they could choose
 * addresses that all fall into one chain. Slot numbers begin with 1; 0 means none.
 *
 * Invariant: a slot is in one chain and in the list from newest to oldest, or it is in the list of
 * free slots.
 */
#include "endpoints/table.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <weft/event.h>

#include "base/lock.h"
#include "bpf/hash.h"

enum { LOCK_TIMEOUT_MS = 1000 };

struct slot {
	struct wf_endpoint host;
	uint32_t next;	/* in the chain, or in the list of free slots */
	uint32_t newer; /* in the order of the last events; 0: this slot is the newest */
	uint32_t older;
	bool is_used;
};

struct wf_endpoints {
	struct wf_lock lock; /* protects the other members, except the counts and hosts_max */
	struct weft_hash_secret secret;
	struct slot *slots; /* hosts_max + 1; the first one is not used */
	uint32_t *buckets;
	uint32_t buckets_mask;
	uint32_t hosts_max;
	uint32_t free_slot;
	uint32_t newest;
	uint32_t oldest;
	bool has_losses; /* events were lost, so the numbers of open connections may be too high */
	_Atomic uint32_t count;
	_Atomic uint64_t evicted;
	_Atomic uint64_t removed;
	_Atomic uint64_t expired;
};

static uint32_t buckets_for(uint32_t hosts_max)
{
	uint32_t count = 16;

	while (count < hosts_max)
		count *= 2;
	return count;
}

uint64_t wf_endpoints_bytes(uint32_t hosts_max)
{
	return sizeof(struct wf_endpoints) + (hosts_max + 1ull) * sizeof(struct slot) +
	       (uint64_t)buckets_for(hosts_max) * sizeof(uint32_t);
}

int wf_endpoints_new(uint32_t hosts_max, struct wf_endpoints **ret_table)
{
	struct wf_endpoints *table = calloc(1, sizeof(*table));
	int err = -ENOMEM;

	if (!table)
		return -ENOMEM;
	wf_lock_init(&table->lock, LOCK_TIMEOUT_MS);
	table->hosts_max = hosts_max;
	table->buckets_mask = buckets_for(hosts_max) - 1;
	table->slots = calloc(hosts_max + 1ull, sizeof(*table->slots));
	table->buckets = calloc(table->buckets_mask + 1ull, sizeof(*table->buckets));
	if (!table->slots || !table->buckets)
		goto free_table;
	err = -EIO;
	if (getrandom(&table->secret, sizeof(table->secret), 0) != sizeof(table->secret))
		goto free_table;
	for (uint32_t id = hosts_max; id; id--) {
		table->slots[id].next = table->free_slot;
		table->free_slot = id;
	}
	*ret_table = table;
	return 0;

free_table:
	wf_endpoints_free(table);
	return err;
}

void wf_endpoints_free(struct wf_endpoints *table)
{
	if (!table)
		return;
	wf_lock_fini(&table->lock);
	free(table->slots);
	free(table->buckets);
	free(table);
}

/* ---- slots ---- */

static void add_count(_Atomic uint64_t *count, uint64_t value)
{
	atomic_fetch_add_explicit(count, value, memory_order_relaxed);
}

static uint32_t *bucket_of(const struct wf_endpoints *table, const uint8_t addr[16])
{
	uint64_t words[2];

	memcpy(words, addr, sizeof(words));
	return &table->buckets[weft_hash_endpoint(&table->secret, words[0], words[1], 0) &
			       table->buckets_mask];
}

static uint32_t find(const struct wf_endpoints *table, const uint8_t addr[16])
{
	uint32_t id = *bucket_of(table, addr);

	while (id && memcmp(table->slots[id].host.addr, addr, sizeof(table->slots[id].host.addr)))
		id = table->slots[id].next;
	return id;
}

static void unlink_slot(struct wf_endpoints *table, uint32_t id)
{
	struct slot *slot = &table->slots[id];

	if (slot->newer)
		table->slots[slot->newer].older = slot->older;
	else
		table->newest = slot->older;
	if (slot->older)
		table->slots[slot->older].newer = slot->newer;
	else
		table->oldest = slot->newer;
}

static void link_newest(struct wf_endpoints *table, uint32_t id)
{
	struct slot *slot = &table->slots[id];

	slot->newer = 0;
	slot->older = table->newest;
	if (table->newest)
		table->slots[table->newest].newer = id;
	else
		table->oldest = id;
	table->newest = id;
}

static void drop(struct wf_endpoints *table, uint32_t id)
{
	struct slot *slot = &table->slots[id];
	uint32_t *link = bucket_of(table, slot->host.addr);

	while (*link != id)
		link = &table->slots[*link].next;
	*link = slot->next;
	unlink_slot(table, id);
	slot->is_used = false;
	slot->next = table->free_slot;
	table->free_slot = id;
	atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed);
}

/* Add the host @addr; if the table is full, evict the host that was seen least recently. */
static uint32_t add(struct wf_endpoints *table, const uint8_t addr[16], uint64_t time_ns)
{
	uint32_t *bucket = bucket_of(table, addr);
	struct slot *slot;
	uint32_t id;

	if (!table->free_slot) {
		drop(table, table->oldest);
		add_count(&table->evicted, 1);
	}
	id = table->free_slot;
	slot = &table->slots[id];
	table->free_slot = slot->next;
	*slot = (struct slot){.host = {.first_ns = time_ns}, .next = *bucket, .is_used = true};
	memcpy(slot->host.addr, addr, sizeof(slot->host.addr));
	*bucket = id;
	link_newest(table, id);
	atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
	return id;
}

/* ---- events ---- */

/* Return the host @addr, which is added if it is missing, and becomes the newest one. */
static struct wf_endpoint *see(struct wf_endpoints *table, const uint8_t addr[16], uint64_t time_ns,
			       uint64_t now_ns)
{
	uint32_t id = find(table, addr);
	struct wf_endpoint *host;

	if (!id) {
		id = add(table, addr, time_ns);
	} else if (id != table->newest) {
		unlink_slot(table, id);
		link_newest(table, id);
	}
	host = &table->slots[id].host;
	if (time_ns > host->last_ns)
		host->last_ns = time_ns;
	host->seen_ns = now_ns;
	return host;
}

static void count_open(struct wf_endpoint *host, bool is_client)
{
	host->open++;
	host->total++;
	host->as_client += is_client;
}

/*
 * Count the end of a connection. If none is open, the host was added after this connection began,
 * or the OPEN event was lost: then the connection is first counted as opened.
 */
static void count_close(struct wf_endpoint *host, bool is_client)
{
	if (!host->open)
		count_open(host, is_client);
	host->open--;
}

static void take_event(struct wf_endpoints *table, const struct weft_event *event, uint64_t now_ns)
{
	const struct weft_flow *flow = event->flow;
	bool is_alone = !memcmp(flow->src_addr, flow->dst_addr, sizeof(flow->src_addr));

	for (int i = 0; i < 2; i++) {
		bool is_client = i == 0;
		struct wf_endpoint *host = see(table, is_client ? flow->src_addr : flow->dst_addr,
					       event->time_ns, now_ns);

		/* A host that talks to itself has one connection, not two. */
		if (is_client || !is_alone) {
			if (event->type == WEFT_EVENT_OPEN)
				count_open(host, is_client);
			else
				count_close(host, is_client);
		}
		if (event->type == WEFT_EVENT_CLOSE) {
			host->sent_bytes += event->close->counts[i].bytes;
			host->received_bytes += event->close->counts[!i].bytes;
		}
	}
}

int wf_endpoints_take(struct wf_endpoints *table, const struct weft_event *events, int count,
		      uint64_t now_ns)
{
	int err = wf_lock_take(&table->lock, "endpoints");

	if (err)
		return err;
	for (int i = 0; i < count; i++) {
		if (events[i].type == WEFT_EVENT_OPEN || events[i].type == WEFT_EVENT_CLOSE)
			take_event(table, &events[i], now_ns);
		table->has_losses |= events[i].type == WEFT_EVENT_DROP;
	}
	wf_lock_put(&table->lock);
	return 0;
}

/* ---- removal ---- */

int wf_endpoints_remove(struct wf_endpoints *table, const uint8_t addr[16])
{
	int err = wf_lock_take(&table->lock, "endpoints");
	uint32_t id;

	if (err)
		return err;
	id = find(table, addr);
	if (id)
		drop(table, id);
	wf_lock_put(&table->lock);
	add_count(&table->removed, id != 0);
	return id ? 0 : -ENOENT;
}

int64_t wf_endpoints_expire(struct wf_endpoints *table, uint64_t now_ns, uint64_t ttl_ns)
{
	int err = ttl_ns ? wf_lock_take(&table->lock, "endpoints") : 0;
	int64_t count = 0;
	uint32_t newer;

	if (err || !ttl_ns)
		return err;
	for (uint32_t id = table->oldest; id; id = newer) {
		const struct slot *slot = &table->slots[id];

		newer = slot->newer;
		if (now_ns < slot->host.seen_ns || now_ns - slot->host.seen_ns < ttl_ns)
			break;
		if (slot->host.open && !table->has_losses)
			continue;
		drop(table, id);
		count++;
	}
	wf_lock_put(&table->lock);
	add_count(&table->expired, (uint64_t)count);
	return count;
}

/* ---- reading ---- */

int64_t wf_endpoints_read(struct wf_endpoints *table, uint32_t *position,
			  struct wf_endpoint *ret_hosts, uint32_t max)
{
	int err = wf_lock_take(&table->lock, "endpoints");
	uint32_t count = 0;

	if (err)
		return err;
	for (; count < max && *position < table->hosts_max; ++*position)
		if (table->slots[*position + 1].is_used)
			ret_hosts[count++] = table->slots[*position + 1].host;
	wf_lock_put(&table->lock);
	return count;
}

void wf_endpoints_counts(const struct wf_endpoints *table, struct wf_endpoints_counts *ret_counts)
{
	*ret_counts = (struct wf_endpoints_counts){
		.hosts = atomic_load_explicit(&table->count, memory_order_relaxed),
		.hosts_max = table->hosts_max,
		.evicted = atomic_load_explicit(&table->evicted, memory_order_relaxed),
		.removed = atomic_load_explicit(&table->removed, memory_order_relaxed),
		.expired = atomic_load_explicit(&table->expired, memory_order_relaxed),
	};
}

bool wf_endpoints_is_valid(const struct wf_endpoints *table)
{
	uint32_t linked = 0, free_slots = 0, before = 0;

	for (uint32_t id = table->newest; id; id = table->slots[id].older) {
		const struct slot *slot = &table->slots[id];

		if (!slot->is_used || slot->newer != before || find(table, slot->host.addr) != id)
			return false;
		before = id;
		linked++;
	}
	for (uint32_t id = table->free_slot; id; id = table->slots[id].next)
		free_slots += !table->slots[id].is_used;
	return before == table->oldest && linked == table->count &&
	       linked + free_slots == table->hosts_max;
}
