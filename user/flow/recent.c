// SPDX-License-Identifier: BSD-2-Clause
/*
 * recent.c - a table of ended connections, stored in a slab and removed in the order in which they
 * ended.
 *
 * The flow itself is not kept for some time after its end, as in TIME-WAIT: with many short
 * connections, there would be more ended flows than live ones, and a flow is more than twice as
 * large as an entry.
 */
#include "flow/recent.h"

#include <stddef.h>

#include <weft/limits.h>

#include "base/clock.h"
#include "flow/flow.h"
#include "packet/flow_key.h"
#include "memory/slab.h"
#include "packet/seq.h"

/*
 * A segment may belong to the ended connection if its sequence number is at most this far from the
 * end of its sender's data in that connection.
 */
#define NEAR_BYTES (1u << 20)

static struct wf_recent_entry *entry_at(const struct wf_recent *recent, uint32_t id)
{
	return wf_slab_at(recent->entries, id);
}

static uint32_t find(const struct wf_recent *recent, const struct weft_flow_key *key, uint32_t hash)
{
	struct wf_flow_cursor cursor;
	uint32_t id = wf_flow_index_first(&recent->index, hash, &cursor);

	for (; id; id = wf_flow_index_next(&recent->index, &cursor)) {
		const struct wf_recent_entry *entry = entry_at(recent, id);

		if (entry->hash == hash && wf_flow_key_is_equal(&entry->key, key))
			break;
	}
	return id;
}

int wf_recent_init(struct wf_recent *recent, struct wf_arena *arena, uint32_t entries_max,
		   uint64_t linger_ns)
{
	int err;

	*recent = (struct wf_recent){.linger_ns = linger_ns,
				     .ttl_ns = WEFT_RECENT_TTL_SEC * WF_NS_PER_SEC};
	err = wf_slab_new(arena, sizeof(struct wf_recent_entry), entries_max, &recent->entries);
	if (err)
		return err;
	err = wf_flow_index_init(&recent->index, arena,
				 wf_flow_index_ids_of_full_table(entries_max), recent->entries,
				 offsetof(struct wf_recent_entry, hash));
	if (err) {
		wf_slab_free(recent->entries);
		recent->entries = NULL;
		return err;
	}
	recent->ages.slab = recent->entries;
	recent->ages.links_at = offsetof(struct wf_recent_entry, age);
	return 0;
}

void wf_recent_fini(struct wf_recent *recent)
{
	wf_flow_index_fini(&recent->index);
	wf_slab_free(recent->entries);
	recent->entries = NULL;
}

static void unlink_entry(struct wf_recent *recent, uint32_t id)
{
	wf_age_list_remove(&recent->ages, id);
	wf_flow_index_remove(&recent->index, entry_at(recent, id)->hash, id);
}

static void forget(struct wf_recent *recent, uint32_t id)
{
	unlink_entry(recent, id);
	wf_slab_put(recent->entries, id);
}

/*
 * Prefetch what the eviction of entry @id reads beside the entry, and the entry that is evicted
 * after it.
 */
static inline __attribute__((always_inline)) void prefetch_eviction(const struct wf_recent *recent,
								    uint32_t id)
{
	const struct wf_recent_entry *entry = entry_at(recent, id);

	wf_flow_index_prefetch(&recent->index, entry->hash);
	if (!entry->age.newer)
		return;
	entry = entry_at(recent, entry->age.newer);
	__builtin_prefetch(&entry->hash, 1);
	__builtin_prefetch(&entry->age, 1);
}

/*
 * Remove the oldest entry. Return: its id, which the caller uses for another connection; 0 if there
 * is none. A full table is likely to stay full, so this prefetches what the next call reads.
 */
static uint32_t evict_oldest(struct wf_recent *recent)
{
	uint32_t id = recent->ages.oldest;

	if (!id)
		return 0;
	unlink_entry(recent, id);
	if (recent->ages.oldest)
		prefetch_eviction(recent, recent->ages.oldest);
	return id;
}

/*
 * Return the id of the entry of @key; add an entry if there is none. The entry is not in the age
 * list afterwards. Return 0 if there is no memory.
 */
static uint32_t take_entry(struct wf_recent *recent, const struct weft_flow_key *key, uint32_t hash)
{
	uint32_t id = find(recent, key, hash);

	if (id) {
		wf_age_list_remove(&recent->ages, id);
		return id;
	}
	id = wf_slab_take(recent->entries);
	if (!id)
		id = evict_oldest(recent);
	if (id && wf_flow_index_add(&recent->index, hash, id)) {
		wf_slab_put(recent->entries, id);
		return 0;
	}
	return id;
}

void wf_recent_add(struct wf_recent *recent, const struct wf_flow *flow, uint64_t now_ns)
{
	uint32_t id = take_entry(recent, &flow->key, flow->hash);
	struct wf_recent_entry *entry;

	if (!id)
		return;
	entry = entry_at(recent, id);
	*entry = (struct wf_recent_entry){.key = flow->key,
					  .hash = flow->hash,
					  .closed_ns = now_ns,
					  .use = flow->use,
					  .ended = flow->flags & WF_FLOW_CLOSED};
	for (uint8_t side = 0; side < 2; side++) {
		const struct wf_tcp_dir *dir = &flow->tcp.dir[wf_flow_dir(flow, side)];

		entry->irs[side] = dir->irs;
		entry->snd_nxt[side] = dir->snd_nxt;
	}
	wf_age_list_push(&recent->ages, id);
}

uint32_t wf_recent_uses(const struct wf_recent *recent, const struct weft_flow_key *key,
			uint32_t hash, uint64_t now_ns)
{
	uint32_t id = find(recent, key, hash);

	/*
	 * An expired entry is ignored, so that the result does not depend on whether it was already
	 * removed.
	 */
	if (!id || entry_at(recent, id)->closed_ns + recent->ttl_ns <= now_ns)
		return 0;
	return entry_at(recent, id)->use;
}

uint32_t wf_recent_forget(struct wf_recent *recent, uint64_t ttl_ns, uint64_t now_ns, uint32_t max)
{
	uint32_t count = 0;

	for (; count < max; count++) {
		uint32_t id = recent->ages.oldest;

		if (!id || entry_at(recent, id)->closed_ns + ttl_ns > now_ns)
			break;
		forget(recent, id);
	}
	return count;
}

bool wf_recent_is_late_since(const struct wf_recent *recent, const struct wf_packet *packet,
			     uint64_t since_ns)
{
	uint32_t id = find(recent, &packet->key, packet->hash);
	const struct wf_recent_entry *entry;
	uint32_t first_seq;
	uint32_t snd_nxt;

	if (!id)
		return false;
	entry = entry_at(recent, id);
	if (!entry->ended || entry->closed_ns <= since_ns ||
	    packet->time_ns >= entry->closed_ns + recent->linger_ns)
		return false;
	/*
	 * A SYN is late only if it has the ISN of the old connection; a SYN with another ISN opens
	 * a new one.
	 */
	if (packet->tcp_flags & WF_TCP_SYN)
		return packet->seq == entry->irs[packet->src];
	first_seq = entry->irs[packet->src] + 1;
	snd_nxt = entry->snd_nxt[packet->src];
	return packet->seq - first_seq <= snd_nxt - first_seq ||
	       wf_seq_near(packet->seq, snd_nxt, NEAR_BYTES);
}

bool wf_recent_is_valid(const struct wf_recent *recent)
{
	uint32_t count = 0;

	for (uint32_t id = recent->ages.oldest; id; id = entry_at(recent, id)->age.newer)
		count++;
	return count == wf_slab_taken(recent->entries) && count == recent->index.ids_count;
}
