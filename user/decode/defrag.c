// SPDX-License-Identifier: BSD-2-Clause
/*
 * defrag.c - the table of datagrams that are being rebuilt.
 *
 *   buckets[hash] → datagram → datagram          oldest ⇄ ... ⇄ newest
 *                      └→ fragments by offset (datagram.c)
 *
 * Bound: at most datagrams_max datagrams and fragments_max fragments, in slabs of the arena. At a
 * limit, the oldest datagram is dropped. wf_defrag_add() says where the bytes of a fragment are.
 *
 * All datagrams have the same timeout, so the list from oldest to newest is also sorted by
 * deadline. A fragment that arrives after the deadline of its datagram begins a new datagram, so
 * that the result does not depend on when wf_defrag_tick() is called.
 *
 * Invariant: the metric fragments_held_fragments is the sum of the counts of all datagrams.
 */
#include "decode/defrag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "bpf/hash.h"
#include "packet/frame.h"
#include "decode/datagram_internal.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"

struct wf_defrag {
	struct wf_defrag_opts opts;
	uint64_t timeout_ns;
	struct wf_slab *datagrams; /* owned */
	struct wf_slab *fragments; /* owned */
	uint32_t oldest;
	uint32_t newest;
	uint32_t count;
	uint32_t bucket_mask;
	uint32_t buckets[]; /* slab id of each bucket's first datagram */
};

static struct wf_datagram *datagram_at(const struct wf_defrag *defrag, uint32_t id)
{
	return wf_slab_at(defrag->datagrams, id);
}

/* Add @amount to @counter. wf_metric_add() needs the counter's name at compile time. */
static void count_fragments(_Atomic uint64_t *counter, uint64_t amount)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + amount,
			      memory_order_relaxed);
}

/* ---- creating and freeing the table ---- */

static size_t table_bytes(uint32_t buckets)
{
	return sizeof(struct wf_defrag) + buckets * sizeof(uint32_t);
}

/* Return the number of buckets: a power of two, at least twice @datagrams_max, at most 2^30. */
static uint32_t buckets_for(uint32_t datagrams_max)
{
	uint32_t buckets = 16;

	while (buckets / 2 < datagrams_max && buckets < 1u << 30)
		buckets *= 2;
	return buckets;
}

int wf_defrag_new(const struct wf_defrag_opts *opts, struct wf_defrag **ret_defrag)
{
	struct wf_budget *budget = wf_arena_budget(opts->arena);
	uint32_t buckets = buckets_for(opts->datagrams_max);
	struct wf_defrag *defrag;
	int err;

	if (!opts->datagrams_max || !opts->fragments_max || !opts->per_datagram_max ||
	    !opts->timeout_ms)
		return -EINVAL;
	err = wf_budget_reserve(budget, WF_BUDGET_OTHER, table_bytes(buckets));
	if (err)
		return err;
	err = -ENOMEM;
	defrag = calloc(1, table_bytes(buckets));
	if (!defrag)
		goto release;
	defrag->opts = *opts;
	defrag->timeout_ns = opts->timeout_ms * WF_NS_PER_MS;
	defrag->bucket_mask = buckets - 1;
	err = wf_slab_new(opts->arena, sizeof(struct wf_datagram), opts->datagrams_max,
			  &defrag->datagrams);
	if (err)
		goto free_defrag;
	err = wf_slab_new(opts->arena, sizeof(struct wf_fragment_held), opts->fragments_max,
			  &defrag->fragments);
	if (err)
		goto free_datagrams;
	*ret_defrag = defrag;
	return 0;

free_datagrams:
	wf_slab_free(defrag->datagrams);
free_defrag:
	free(defrag);
release:
	wf_budget_release(budget, WF_BUDGET_OTHER, table_bytes(buckets));
	return err;
}

void wf_defrag_free(struct wf_defrag *defrag)
{
	if (!defrag)
		return;
	wf_defrag_flush(defrag);
	wf_slab_free(defrag->fragments);
	wf_slab_free(defrag->datagrams);
	wf_budget_release(wf_arena_budget(defrag->opts.arena), WF_BUDGET_OTHER,
			  table_bytes(defrag->bucket_mask + 1));
	free(defrag);
}

/* ---- datagrams ---- */

static void age_unlink(struct wf_defrag *defrag, struct wf_datagram *datagram)
{
	if (datagram->older)
		datagram_at(defrag, datagram->older)->newer = datagram->newer;
	else
		defrag->oldest = datagram->newer;
	if (datagram->newer)
		datagram_at(defrag, datagram->newer)->older = datagram->older;
	else
		defrag->newest = datagram->older;
}

static void bucket_unlink(struct wf_defrag *defrag, uint32_t id)
{
	struct wf_datagram *datagram = datagram_at(defrag, id);
	uint32_t *link = &defrag->buckets[datagram->hash & defrag->bucket_mask];

	while (*link != id)
		link = &datagram_at(defrag, *link)->bucket_next;
	*link = datagram->bucket_next;
}

/* Free the datagram @id, and count its fragments in the counter @outcome. */
static void datagram_drop(struct wf_defrag *defrag, uint32_t id, _Atomic uint64_t *outcome)
{
	struct wf_datagram *datagram = datagram_at(defrag, id);
	uint32_t fragments = wf_datagram_clear(datagram, defrag->fragments);

	count_fragments(outcome, fragments);
	wf_metric_sub(defrag->opts.metrics, fragments_held_fragments, fragments);
	bucket_unlink(defrag, id);
	age_unlink(defrag, datagram);
	wf_slab_put(defrag->datagrams, id);
	defrag->count--;
}

/* Return the hash that selects a bucket: packet->hash and the IP id, mixed with the secret seed. */
static uint32_t datagram_hash(const struct wf_defrag *defrag, const struct wf_packet *packet)
{
	uint64_t value = (uint64_t)packet->fragment.id << 32 | packet->hash;

	return (uint32_t)weft_hash_mix(value, defrag->opts.seed);
}

static uint32_t datagram_find(const struct wf_defrag *defrag, const struct wf_datagram_key *key,
			      uint32_t hash)
{
	uint32_t id = defrag->buckets[hash & defrag->bucket_mask];

	while (id) {
		const struct wf_datagram *datagram = datagram_at(defrag, id);

		if (datagram->hash == hash && !memcmp(&datagram->key, key, sizeof(*key)))
			return id;
		id = datagram->bucket_next;
	}
	return WF_SLAB_NONE;
}

/*
 * Add an empty datagram; if the slab is full, evict the oldest. Return: its slab id; WF_SLAB_NONE
 * if no memory is free even then.
 */
static uint32_t datagram_add(struct wf_defrag *defrag, const struct wf_datagram_key *key,
			     uint32_t hash, uint64_t now_ns)
{
	uint32_t id = wf_slab_take(defrag->datagrams);
	struct wf_datagram *datagram;
	uint32_t *bucket;

	if (!id && defrag->oldest) {
		datagram_drop(defrag, defrag->oldest,
			      &defrag->opts.metrics->fragments_evicted_fragments);
		id = wf_slab_take(defrag->datagrams);
	}
	if (!id)
		return WF_SLAB_NONE;
	bucket = &defrag->buckets[hash & defrag->bucket_mask];
	datagram = datagram_at(defrag, id);
	*datagram = (struct wf_datagram){
		.key = *key,
		.begin_ns = now_ns,
		.hash = hash,
		.bucket_next = *bucket,
		.older = defrag->newest,
	};
	*bucket = id;
	if (defrag->newest)
		datagram_at(defrag, defrag->newest)->newer = id;
	else
		defrag->oldest = id;
	defrag->newest = id;
	defrag->count++;
	return id;
}

static bool is_expired(const struct wf_defrag *defrag, const struct wf_datagram *datagram,
		       uint64_t now_ns)
{
	return now_ns >= datagram->begin_ns && now_ns - datagram->begin_ns >= defrag->timeout_ns;
}

/* ---- one fragment ---- */

/*
 * Allocate a fragment; if the slab is full, evict the oldest datagrams until a fragment is free or
 * @keep is the oldest datagram.
 * Return: slab id; WF_SLAB_NONE if no fragment became free.
 */
static uint32_t fragment_take(struct wf_defrag *defrag, uint32_t keep)
{
	uint32_t id;

	while (!(id = wf_slab_take(defrag->fragments)) && defrag->oldest != keep)
		datagram_drop(defrag, defrag->oldest,
			      &defrag->opts.metrics->fragments_evicted_fragments);
	return id;
}

/*
 * Store the bytes and header of a fragment in @ret_held. The bytes of a received or lent frame are
 * copied, because a fragment may be held for a long time, and the frame is needed to receive
 * further packets. Return: false if no page is free.
 */
static bool fragment_hold(struct wf_defrag *defrag, const struct wf_packet *packet, uint32_t len,
			  struct wf_fragment_held *ret_held)
{
	const struct wf_fragment *fragment = &packet->fragment;
	struct wf_page *page = packet->page;

	ret_held->bytes = packet->payload;
	ret_held->header = fragment->header;
	if (packet->is_lent || (page && wf_page_is_frame(page))) {
		page = wf_page_pool_take(defrag->opts.pages, fragment->header_bytes + len);
		if (!page)
			return false;
		ret_held->header = wf_page_bytes(page);
		ret_held->bytes = wf_page_bytes(page) + fragment->header_bytes;
		memcpy(wf_page_bytes(page), fragment->header, fragment->header_bytes);
		memcpy(wf_page_bytes(page) + fragment->header_bytes, packet->payload, len);
	} else if (page) {
		wf_page_get(page);
	}
	ret_held->page = page;
	ret_held->off_bytes = fragment->off_bytes;
	ret_held->end_bytes = fragment->off_bytes + len;
	ret_held->header_bytes = fragment->header_bytes;
	ret_held->next_off = fragment->next_off;
	ret_held->proto = fragment->proto;
	return true;
}

static uint8_t ecn_of(const struct wf_packet *packet)
{
	const uint8_t *ip = packet->fragment.header;
	uint8_t ecn = packet->ip_version == 4 ? ip[1] & 3 : ip[1] >> 4 & 3;

	return (uint8_t)(1u << ecn);
}

/*
 * Record that a fragment ends at @end. Return: false if the fragment is empty or contradicts the
 * length of the datagram (Linux: ip_frag_queue(), ip6_frag_queue()).
 */
static bool note_end(struct wf_datagram *datagram, const struct wf_fragment *fragment, uint32_t end)
{
	if (end == fragment->off_bytes)
		return false;
	if (!fragment->more) {
		if (end < datagram->end_bytes ||
		    (datagram->end_is_known && end != datagram->end_bytes))
			return false;
		datagram->end_is_known = true;
		datagram->end_bytes = end;
	} else if (end > datagram->end_bytes) {
		if (datagram->end_is_known)
			return false;
		datagram->end_bytes = end;
	}
	return true;
}

/*
 * Count a fragment of a datagram that does not carry TCP, and free the datagram's held fragments.
 * Remove the datagram when all its bytes were counted, or if the fragment contradicts its length.
 */
static void pass_unwanted(struct wf_defrag *defrag, uint32_t id, const struct wf_fragment *fragment,
			  uint32_t end)
{
	struct wf_datagram *datagram = datagram_at(defrag, id);
	uint32_t held_bytes = datagram->held_bytes;
	uint32_t cleared = wf_datagram_clear(datagram, defrag->fragments);
	bool good = note_end(datagram, fragment, end);

	wf_metric_sub(defrag->opts.metrics, fragments_held_fragments, cleared);
	wf_metric_add(defrag->opts.metrics, fragments_not_tcp_fragments, cleared + 1);
	datagram->not_tcp = true;
	datagram->held_bytes = held_bytes + end - fragment->off_bytes;
	if (!good || (datagram->end_is_known && datagram->held_bytes >= datagram->end_bytes))
		datagram_drop(defrag, id, &defrag->opts.metrics->fragments_not_tcp_fragments);
}

/*
 * Rebuild the datagram @id, which @packet completes, and remove it. Return: true if *@ret_frame
 * holds the result; false if the datagram was dropped.
 */
static bool finish(struct wf_defrag *defrag, uint32_t id, const struct wf_packet *packet,
		   struct wf_frame *ret_frame)
{
	struct wf_metrics *metrics = defrag->opts.metrics;
	struct wf_datagram *datagram = datagram_at(defrag, id);
	int err;

	if (!wf_datagram_ecn_is_good(datagram)) {
		datagram_drop(defrag, id, &metrics->fragments_contradiction_fragments);
		return false;
	}
	err = wf_datagram_rebuild(datagram, defrag->fragments, defrag->opts.pages, ret_frame);
	if (err) {
		datagram_drop(defrag, id,
			      err == -EMSGSIZE ? &metrics->fragments_contradiction_fragments
					       : &metrics->fragments_no_memory_fragments);
		return false;
	}
	ret_frame->time_ns = packet->time_ns + packet->skew_ns;
	ret_frame->skew_ns = packet->skew_ns;
	datagram_drop(defrag, id, &metrics->fragments_rebuilt_fragments);
	wf_metric_inc(metrics, datagrams_rebuilt_datagrams);
	return true;
}

/* Drop the datagram @id and the current fragment. Count all fragments in the counter @outcome. */
static void refuse(struct wf_defrag *defrag, uint32_t id, _Atomic uint64_t *outcome)
{
	datagram_drop(defrag, id, outcome);
	count_fragments(outcome, 1);
}

/*
 * Add a fragment to the datagram @id. Return: true if the fragment is held; false if it was ignored
 * or the datagram was dropped.
 */
static bool hold_in(struct wf_defrag *defrag, uint32_t id, const struct wf_packet *packet,
		    uint32_t end)
{
	const struct wf_fragment *fragment = &packet->fragment;
	struct wf_metrics *metrics = defrag->opts.metrics;
	struct wf_datagram *datagram = datagram_at(defrag, id);
	uint32_t before, held;

	if (!note_end(datagram, fragment, end)) {
		refuse(defrag, id, &metrics->fragments_contradiction_fragments);
		return false;
	}
	switch (wf_datagram_find(datagram, defrag->fragments, fragment->off_bytes, end, &before)) {
	case WF_FRAGMENT_NEW:
		break;
	case WF_FRAGMENT_DUPLICATE:
		wf_metric_inc(metrics, fragments_duplicate_fragments);
		return false;
	case WF_FRAGMENT_OVERLAP:
		refuse(defrag, id, &metrics->fragments_overlap_fragments);
		return false;
	}
	held = datagram->count < defrag->opts.per_datagram_max ? fragment_take(defrag, id)
							       : WF_SLAB_NONE;
	if (!held) {
		refuse(defrag, id, &metrics->fragments_evicted_fragments);
		return false;
	}
	if (!fragment_hold(defrag, packet, end - fragment->off_bytes,
			   wf_slab_at(defrag->fragments, held))) {
		wf_slab_put(defrag->fragments, held);
		refuse(defrag, id, &metrics->fragments_no_memory_fragments);
		return false;
	}
	wf_datagram_insert(datagram, defrag->fragments, before, held);
	datagram->ecn_seen |= ecn_of(packet);
	wf_metric_inc(metrics, fragments_held_fragments);
	return true;
}

/*
 * Find the datagram of the fragment, or add it. Return: slab id; WF_SLAB_NONE if no memory is free.
 */
static uint32_t datagram_of(struct wf_defrag *defrag, const struct wf_packet *packet)
{
	uint32_t hash = datagram_hash(defrag, packet);
	struct wf_datagram_key key;
	uint32_t id;

	wf_datagram_key_of(packet, &key);
	id = datagram_find(defrag, &key, hash);
	if (id && is_expired(defrag, datagram_at(defrag, id), packet->time_ns)) {
		datagram_drop(defrag, id, &defrag->opts.metrics->fragments_incomplete_fragments);
		id = WF_SLAB_NONE;
	}
	return id ? id : datagram_add(defrag, &key, hash, packet->time_ns);
}

bool wf_defrag_add(struct wf_defrag *defrag, const struct wf_packet *packet,
		   struct wf_frame *ret_frame)
{
	const struct wf_fragment *fragment = &packet->fragment;
	struct wf_metrics *metrics = defrag->opts.metrics;
	uint32_t end = fragment->off_bytes + packet->payload_bytes;
	bool whole = false;
	uint32_t id;

	wf_metric_inc(metrics, fragments_seen_fragments);
	if (packet->payload_captured_bytes < packet->payload_bytes) {
		wf_metric_inc(metrics, fragments_cut_fragments);
		return false;
	}
	if (packet->ip_version == 4 && fragment->more) {
		/* Linux also rounds the end of an IPv4 fragment down to a multiple of 8 bytes. */
		end &= ~7u;
	} else if (packet->ip_version == 6 && ((fragment->more && end % 8) || end > UINT16_MAX)) {
		/* Linux also drops an IPv6 fragment of invalid length, but keeps its datagram. */
		wf_metric_inc(metrics, fragments_contradiction_fragments);
		return false;
	}
	id = datagram_of(defrag, packet);
	if (!id)
		wf_metric_inc(metrics, fragments_no_memory_fragments);
	else if (fragment->not_tcp || datagram_at(defrag, id)->not_tcp)
		pass_unwanted(defrag, id, fragment, end);
	else if (hold_in(defrag, id, packet, end) && wf_datagram_is_whole(datagram_at(defrag, id)))
		whole = finish(defrag, id, packet, ret_frame);
	wf_assert_valid(wf_defrag_is_valid(defrag));
	return whole;
}

void wf_defrag_set_timeout(struct wf_defrag *defrag, uint32_t timeout_ms)
{
	defrag->timeout_ns = timeout_ms * WF_NS_PER_MS;
}

void wf_defrag_tick(struct wf_defrag *defrag, uint64_t now_ns)
{
	while (defrag->oldest && is_expired(defrag, datagram_at(defrag, defrag->oldest), now_ns))
		datagram_drop(defrag, defrag->oldest,
			      &defrag->opts.metrics->fragments_incomplete_fragments);
}

void wf_defrag_flush(struct wf_defrag *defrag)
{
	while (defrag->oldest)
		datagram_drop(defrag, defrag->oldest,
			      &defrag->opts.metrics->fragments_incomplete_fragments);
}

bool wf_defrag_is_valid(const struct wf_defrag *defrag)
{
	uint32_t datagrams = 0, fragments = 0, newest = WF_SLAB_NONE;

	for (uint32_t id = defrag->oldest; id;) {
		const struct wf_datagram *datagram = datagram_at(defrag, id);

		if (datagram->older != newest ||
		    datagram_find(defrag, &datagram->key, datagram->hash) != id)
			return false;
		if (!datagram->not_tcp && !wf_datagram_is_valid(datagram, defrag->fragments))
			return false;
		datagrams++;
		fragments += datagram->count;
		newest = id;
		id = datagram->newer;
	}
	return datagrams == defrag->count && newest == defrag->newest &&
	       fragments == wf_slab_taken(defrag->fragments);
}
