// SPDX-License-Identifier: BSD-2-Clause
/*
 * half_open.c - a table of half-open connections, stored in a slab, found by an index, and removed
 * in order of age.
 *
 * The time-out, which begins with the first SYN, is the same for all entries. Therefore no timers
 * are needed: of the unanswered entries, the oldest one times out first. The list of answered
 * entries is in the order of their SYN-ACKs, which is almost the same order: see
 * wf_half_open_oldest_over().
 *
 * Bound: handshakes_max entries of 128 bytes, with about 12 bytes of index and at most 36 of
 * half-open counts each; WEFT_SYN_DATA_MAX pages.
 */
#include "flow/half_open.h"

#include <stddef.h>
#include <string.h>

#include "packet/flow_key.h"
#include "memory/slab.h"
#include "metrics/metrics.h"

static struct wf_handshake *handshake_at(const struct wf_half_open *table, uint32_t id)
{
	return wf_slab_at(table->handshakes, id);
}

static uint32_t id_of(const struct wf_half_open *table, const struct wf_handshake *handshake)
{
	return wf_slab_id(table->handshakes, handshake);
}

int wf_half_open_init(struct wf_half_open *table, struct wf_arena *arena,
		      const struct wf_half_open_opts *opts, struct wf_page_pool *pages,
		      struct wf_metrics *metrics)
{
	int err;

	*table = (struct wf_half_open){.metrics = metrics,
				       .timeout_ns = opts->timeout_ns,
				       .handshakes_max = opts->handshakes_max};
	err = wf_source_count_init(&table->sources, arena, &opts->secret, opts->handshakes_max,
				   opts->per_source_max);
	if (err)
		return err;
	err = wf_slab_new(arena, sizeof(struct wf_handshake), opts->handshakes_max,
			  &table->handshakes);
	if (err)
		goto fini_source;
	err = wf_flow_index_init(&table->index, arena,
				 wf_flow_index_ids_of_full_table(opts->handshakes_max),
				 table->handshakes, offsetof(struct wf_handshake, hash));
	if (err)
		goto free_handshakes;
	err = wf_syn_data_init(&table->syn_data, arena, pages, metrics);
	if (err)
		goto fini_index;
	for (int answered = 0; answered < 2; answered++) {
		table->ages[answered].slab = table->handshakes;
		table->ages[answered].links_at = offsetof(struct wf_handshake, age);
	}
	return 0;

fini_index:
	wf_flow_index_fini(&table->index);
free_handshakes:
	wf_slab_free(table->handshakes);
	table->handshakes = NULL;
fini_source:
	wf_source_count_fini(&table->sources);
	return err;
}

void wf_half_open_fini(struct wf_half_open *table)
{
	if (table->handshakes)
		wf_half_open_clear(table);
	wf_syn_data_fini(&table->syn_data);
	wf_flow_index_fini(&table->index);
	wf_slab_free(table->handshakes);
	table->handshakes = NULL;
	wf_source_count_fini(&table->sources);
}

/* ---- entries ------------------------------------------------------------------ */

static void count_entries(struct wf_half_open *table)
{
	wf_metric_set(table->metrics, embryonic_active_flows, wf_slab_taken(table->handshakes));
}

static void put_entry(struct wf_half_open *table, uint32_t id)
{
	wf_slab_put(table->handshakes, id);
	count_entries(table);
}

/* Drop the payload of @handshake, whose id is @id, and remove it from the index and its list. */
static void unlink_entry(struct wf_half_open *table, struct wf_handshake *handshake, uint32_t id)
{
	for (int i = 0; i < 2; i++)
		wf_syn_data_drop(&table->syn_data, &handshake->side[i]);
	wf_age_list_remove(&table->ages[handshake->answered], id);
	table->answered_count -= handshake->answered;
	wf_flow_index_remove(&table->index, handshake->hash, id);
}

void wf_half_open_remove(struct wf_half_open *table, struct wf_handshake *handshake)
{
	uint32_t id = id_of(table, handshake);

	unlink_entry(table, handshake, id);
	if (handshake->source)
		wf_source_count_put(&table->sources, handshake->source);
	put_entry(table, id);
}

struct wf_handshake *wf_half_open_search(const struct wf_half_open *table,
					 const struct weft_flow_key *key, uint32_t hash)
{
	struct wf_flow_cursor cursor;
	uint32_t id = wf_flow_index_first(&table->index, hash, &cursor);

	for (; id; id = wf_flow_index_next(&table->index, &cursor)) {
		struct wf_handshake *handshake = handshake_at(table, id);

		if (handshake->hash == hash && wf_flow_key_is_equal(&handshake->key, key))
			return handshake;
	}
	return NULL;
}

uint64_t wf_half_open_deadline(const struct wf_half_open *table,
			       const struct wf_handshake *handshake)
{
	return handshake->start_ns + table->timeout_ns;
}

/*
 * Return the oldest answered entry if @answered is true, else the oldest unanswered one; NULL if
 * there is none.
 */
static struct wf_handshake *oldest(const struct wf_half_open *table, bool answered)
{
	uint32_t id = table->ages[answered].oldest;

	return id ? handshake_at(table, id) : NULL;
}

struct wf_handshake *wf_half_open_oldest_over(const struct wf_half_open *table, uint64_t now_ns)
{
	struct wf_handshake *handshake = oldest(table, false);
	struct wf_handshake *answered = oldest(table, true);

	if (!handshake || (answered && answered->start_ns < handshake->start_ns))
		handshake = answered;
	return handshake && wf_half_open_deadline(table, handshake) <= now_ns ? handshake : NULL;
}

/*
 * Prefetch what the eviction of @handshake reads beside the entry itself, and the entry that is
 * evicted after it. In a SYN flood, each SYN evicts an entry.
 */
static void prefetch_eviction(const struct wf_half_open *table,
			      const struct wf_handshake *handshake)
{
	const struct wf_handshake *next;

	wf_flow_index_prefetch(&table->index, handshake->hash);
	if (handshake->source)
		wf_source_count_prefetch_id(&table->sources, handshake->source);
	if (!handshake->age.newer)
		return;
	next = handshake_at(table, handshake->age.newer);
	__builtin_prefetch(&next->key, 1);
	__builtin_prefetch(&next->side, 1);
}

/*
 * Evict the oldest unanswered entry, or the oldest answered one if more than half of the maximum
 * are answered; if there is no such entry, evict the oldest of the other kind. Return: the id of
 * the entry, which the caller uses for another connection; 0 if there is no entry. @ret_source: the
 * entry's member source, which the caller puts or replaces.
 */
static uint32_t evict_oldest(struct wf_half_open *table, uint32_t *ret_source)
{
	bool answered = table->answered_count > table->handshakes_max / 2;
	struct wf_handshake *handshake = oldest(table, answered);
	uint32_t id;

	if (!handshake)
		handshake = oldest(table, !answered);
	if (!handshake)
		return 0;
	id = id_of(table, handshake);
	unlink_entry(table, handshake, id);
	*ret_source = handshake->source;
	wf_metric_inc(table->metrics, embryonic_evicted_flows);
	handshake = oldest(table, answered);
	if (handshake)
		prefetch_eviction(table, handshake);
	return id;
}

/* At the first SYN-ACK, move @handshake to the list of answered entries. */
static void note_answer(struct wf_half_open *table, struct wf_handshake *handshake)
{
	uint32_t id;

	if (handshake->answered)
		return;
	id = id_of(table, handshake);
	wf_age_list_remove(&table->ages[false], id);
	wf_age_list_push(&table->ages[true], id);
	handshake->answered = true;
	table->answered_count++;
}

/*
 * Count a half-open connection of @addr if it has others. @hash: hash of @addr. @ret_source: id of
 * the count; 0 if there is no other. Return: false if the limit of @addr is reached.
 */
static bool count_source(struct wf_half_open *table, const uint8_t addr[16], uint32_t hash,
			 uint32_t *ret_source)
{
	uint32_t source = wf_source_count_find(&table->sources, addr, hash);

	if (source && !wf_source_count_take(&table->sources, source))
		return false;
	*ret_source = source;
	return true;
}

/*
 * Return the id of an entry for a connection of @addr, and store the id of its count in
 * @ret_source; @addr is NULL if the connection is not counted. If no entry is free, one is evicted.
 * An address at its limit evicts nothing, so it can't cost another one an entry. Return: 0 if the
 * connection is refused, which this function has then counted.
 */
static uint32_t take_entry(struct wf_half_open *table, const uint8_t *addr, uint32_t *ret_source)
{
	uint32_t hash = addr ? wf_source_count_hash(&table->sources, addr) : 0;
	uint32_t evicted = 0;
	uint32_t source = 0;
	uint32_t id;

	if (addr && !count_source(table, addr, hash, &source)) {
		wf_metric_inc(table->metrics, half_open_refused_flows);
		return 0;
	}
	id = wf_slab_take(table->handshakes);
	if (id)
		count_entries(table);
	else
		id = evict_oldest(table, &evicted);
	if (!id) {
		wf_metric_inc(table->metrics, flows_refused_flows);
		goto put_source;
	}
	if (addr && !source) {
		source = wf_source_count_add(&table->sources, addr, hash, evicted);
		if (!source) {
			wf_metric_inc(table->metrics, half_open_refused_flows);
			goto put_id;
		}
	} else if (evicted) {
		wf_source_count_put(&table->sources, evicted);
	}
	*ret_source = source;
	return id;

put_id:
	put_entry(table, id);
put_source:
	if (source)
		wf_source_count_put(&table->sources, source);
	return 0;
}

/*
 * Fill in a new entry. The sides are cleared apart from the other members: compilers clear more
 * than 96 bytes with a string instruction, and the next loads of the entry then wait for its end.
 */
static void begin(struct wf_handshake *handshake, const struct wf_packet *packet, uint32_t source,
		  uint8_t client)
{
	handshake->key = packet->key;
	handshake->hash = packet->hash;
	handshake->age = (struct wf_age_links){0};
	handshake->source = source;
	handshake->client = client;
	handshake->ip_version = packet->ip_version;
	handshake->answered = false;
	handshake->pad = 0;
	handshake->start_ns = packet->time_ns;
	memset(handshake->side, 0, sizeof(handshake->side));
}

/*
 * Add an entry for the connection of @packet, which is the first segment seen. Return: NULL if the
 * limit of the source is reached, or if there is no room and no entry can be evicted.
 */
static struct wf_handshake *start(struct wf_half_open *table, const struct wf_packet *packet)
{
	bool is_answer = packet->tcp_flags & WF_TCP_ACK;
	uint8_t client = is_answer ? !packet->src : packet->src;
	struct wf_handshake *handshake;
	uint32_t source = 0;
	/*
	 * The limit applies to connections of which the SYN is the first segment seen. It does not
	 * apply if the first one is a SYN-ACK, because a server answers many clients.
	 */
	uint32_t id = take_entry(table, is_answer ? NULL : packet->key.addr[client], &source);

	if (!id)
		return NULL;
	if (wf_flow_index_add(&table->index, packet->hash, id))
		goto put_source;
	handshake = handshake_at(table, id);
	begin(handshake, packet, source, client);
	if (is_answer) {
		handshake->side[client].isn_seq = packet->ack - 1;
		handshake->side[client].other_isn_seq = packet->ack - 1;
		handshake->side[client].flags = WF_HANDSHAKE_KNOWN;
	}
	wf_age_list_push(&table->ages[false], id);
	return handshake;

put_source:
	wf_metric_inc(table->metrics, flows_refused_flows);
	if (source)
		wf_source_count_put(&table->sources, source);
	put_entry(table, id);
	return NULL;
}

/*
 * Return true if the SYN-ACK @packet answers a SYN of the other side, or if the other side's ISN is
 * not known yet; record what it acknowledges. Receivers reject all other SYN-ACKs (RFC 9293,
 * 3.10.7.3).
 */
static bool answers(struct wf_half_open *table, struct wf_handshake *handshake,
		    const struct wf_packet *packet)
{
	struct wf_handshake_side *peer = &handshake->side[!packet->src];
	uint32_t isn_seq = peer->isn_seq;
	uint32_t acked_bytes;

	if (!(peer->flags & WF_HANDSHAKE_KNOWN)) {
		peer->isn_seq = packet->ack - 1;
		peer->other_isn_seq = peer->isn_seq;
		peer->flags |= WF_HANDSHAKE_KNOWN;
		return true;
	}
	if (!wf_handshake_settle(peer, packet->ack, peer->data_bytes))
		return false;
	peer->flags |= WF_HANDSHAKE_ANSWERED;
	acked_bytes = packet->ack - (peer->isn_seq + 1);
	peer->acked_bytes = (uint16_t)acked_bytes;
	wf_syn_data_accept(&table->syn_data, peer, acked_bytes, peer->isn_seq != isn_seq);
	return true;
}

static void note_isn(struct wf_half_open *table, struct wf_handshake_side *side, uint32_t isn_seq)
{
	if (!(side->flags & WF_HANDSHAKE_KNOWN)) {
		side->other_isn_seq = isn_seq;
	} else if (side->isn_seq != isn_seq) {
		side->other_isn_seq = side->isn_seq;
		side->flags &= (uint8_t)~WF_HANDSHAKE_ANSWERED;
		side->data_bytes = 0;
		wf_syn_data_drop(&table->syn_data, side);
	}
	side->isn_seq = isn_seq;
	side->flags |= WF_HANDSHAKE_KNOWN | WF_HANDSHAKE_SEEN;
}

static void note_syn(struct wf_handshake_side *side, const struct wf_packet *packet)
{
	side->window = packet->window;
	side->wscale = packet->wscale;
	side->flags &= (uint8_t) ~(WF_HANDSHAKE_WSCALE | WF_HANDSHAKE_UNCONFIRMED);
	if (packet->options & WF_TCP_OPT_WSCALE)
		side->flags |= WF_HANDSHAKE_WSCALE;
}

/*
 * Record a SYN-ACK that does not answer any SYN seen. It may answer a second SYN, with another ISN,
 * that the tap records later. The SYN-ACK's own ISN and the ISN that it acknowledges are used if
 * that SYN or a later segment confirms them.
 */
static void note_unconfirmed(struct wf_half_open *table, struct wf_handshake *handshake,
			     const struct wf_packet *packet)
{
	struct wf_handshake_side *side = &handshake->side[packet->src];

	if (side->flags & WF_HANDSHAKE_KNOWN ||
	    handshake->side[!packet->src].flags & WF_HANDSHAKE_ANSWERED)
		return;
	note_isn(table, side, packet->seq);
	note_syn(side, packet);
	side->flags |= WF_HANDSHAKE_UNCONFIRMED;
	handshake->side[!packet->src].other_isn_seq = packet->ack - 1;
}

static uint16_t add_capped(uint16_t sum, uint32_t amount)
{
	return sum + amount > UINT16_MAX ? UINT16_MAX : (uint16_t)(sum + amount);
}

bool wf_half_open_syn(struct wf_half_open *table, struct wf_handshake *handshake,
		      const struct wf_packet *packet)
{
	struct wf_handshake_side *side;

	if (!handshake)
		handshake = start(table, packet);
	if (!handshake || (packet->tcp_flags & WF_TCP_ACK && !answers(table, handshake, packet))) {
		wf_metric_add(table->metrics, payload_bytes, packet->payload_captured_bytes);
		wf_metric_add(table->metrics, payload_no_flow_bytes,
			      packet->payload_captured_bytes);
		if (handshake)
			note_unconfirmed(table, handshake, packet);
		return false;
	}
	if (packet->tcp_flags & WF_TCP_ACK)
		note_answer(table, handshake);
	side = &handshake->side[packet->src];

	note_isn(table, side, packet->seq);
	note_syn(side, packet);
	side->tcp_flags |= packet->tcp_flags;
	side->packets += side->packets < UINT8_MAX;
	side->bytes = add_capped(side->bytes, packet->link_bytes);
	if (packet->payload_bytes) {
		if (packet->payload_bytes > side->data_bytes)
			side->data_bytes = add_capped(0, packet->payload_bytes);
		wf_syn_data_hold(&table->syn_data, handshake, packet);
	}
	return true;
}

void wf_half_open_clear(struct wf_half_open *table)
{
	struct wf_handshake *handshake;

	while ((handshake = oldest(table, false)) || (handshake = oldest(table, true)))
		wf_half_open_remove(table, handshake);
}

uint32_t wf_half_open_count(const struct wf_half_open *table)
{
	return wf_slab_taken(table->handshakes);
}

bool wf_half_open_is_valid(const struct wf_half_open *table)
{
	uint32_t counts[2] = {0};
	uint32_t count;

	for (int answered = 0; answered < 2; answered++)
		for (uint32_t id = table->ages[answered].oldest; id;
		     id = handshake_at(table, id)->age.newer)
			counts[answered] += handshake_at(table, id)->answered == answered;
	count = counts[0] + counts[1];
	return counts[1] == table->answered_count && count == wf_slab_taken(table->handshakes) &&
	       count == table->index.ids_count && wf_source_count_sources(&table->sources) <= count;
}
