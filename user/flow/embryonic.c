// SPDX-License-Identifier: BSD-2-Clause
/*
 * embryonic.c - entries in a slab, found by an index, forgotten in the order of their age.
 *
 * All are forgotten the same time after their first SYN, so the oldest of each list is
 * the next one: no timers.
 *
 * Bound: embryos_max entries of 120 bytes, with about 8 bytes of index and at most 34
 * of half-open counts each; WEFT_SYN_DATA_MAX pages.
 */
#include "flow/embryonic.h"

#include <stddef.h>

#include <weft/limits.h>

#include "packet/flow_key.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "memory/slab.h"
#include "metrics/metrics.h"

/* A first segment so far behind its SYN may still be of this connection: others were missed. */
#define FIT_BYTES (1u << 20)

static struct wf_embryo *embryo_at(const struct wf_embryonic *table, uint32_t id)
{
	return wf_slab_at(table->embryos, id);
}

static uint32_t id_of(const struct wf_embryonic *table, const struct wf_embryo *embryo)
{
	struct wf_flow_cursor cursor;
	uint32_t id = wf_flow_index_first(&table->index, embryo->hash, &cursor);

	while (id && embryo_at(table, id) != embryo)
		id = wf_flow_index_next(&table->index, &cursor);
	return id;
}

int wf_embryonic_init(struct wf_embryonic *table, struct wf_arena *arena,
		      const struct wf_embryonic_opts *opts, struct wf_page_pool *pages,
		      struct wf_metrics *metrics)
{
	int err;

	*table = (struct wf_embryonic){.pages = pages,
				       .metrics = metrics,
				       .timeout_ns = opts->timeout_ns,
				       .embryos_max = opts->embryos_max};
	err = wf_half_open_init(&table->half_open, arena, &opts->secret, opts->embryos_max,
				opts->per_source_max);
	if (err)
		return err;
	err = wf_flow_index_init(&table->index, arena, opts->embryos_max);
	if (err)
		goto fini_half_open;
	err = wf_slab_new(arena, sizeof(struct wf_embryo), opts->embryos_max, &table->embryos);
	if (err)
		goto fini_index;
	err = wf_slab_new(arena, sizeof(struct wf_syn_data), WEFT_SYN_DATA_MAX, &table->data);
	if (err)
		goto free_embryos;
	for (int answered = 0; answered < 2; answered++) {
		table->ages[answered].slab = table->embryos;
		table->ages[answered].links_at = offsetof(struct wf_embryo, age);
	}
	return 0;

free_embryos:
	wf_slab_free(table->embryos);
	table->embryos = NULL;
fini_index:
	wf_flow_index_fini(&table->index);
fini_half_open:
	wf_half_open_fini(&table->half_open);
	return err;
}

void wf_embryonic_fini(struct wf_embryonic *table)
{
	if (table->embryos)
		wf_embryonic_clear(table);
	wf_slab_free(table->data);
	wf_slab_free(table->embryos);
	table->data = NULL;
	table->embryos = NULL;
	wf_flow_index_fini(&table->index);
	wf_half_open_fini(&table->half_open);
}

/* ---- payload of SYNs ---------------------------------------------------------- */

void wf_embryonic_data_taken(struct wf_embryonic *table, struct wf_syn_data *data)
{
	wf_metric_sub(table->metrics, payload_held_bytes, data->captured_bytes);
	data->captured_bytes = 0;
}

/* Return: how many bytes were held, for the caller to count. */
static uint32_t release_data(struct wf_embryonic *table, struct wf_embryo_side *side)
{
	struct wf_syn_data *data = wf_slab_at(table->data, side->data);
	uint32_t captured_bytes = data->captured_bytes;

	wf_metric_sub(table->metrics, payload_held_bytes, captured_bytes);
	wf_page_put(data->page);
	wf_slab_put(table->data, side->data);
	side->data = 0;
	return captured_bytes;
}

static void drop_data(struct wf_embryonic *table, struct wf_embryo_side *side)
{
	if (side->data)
		wf_metric_add(table->metrics, payload_unaccepted_bytes, release_data(table, side));
}

/* Is it of the SYN whose data is held, and was less of that captured? */
static bool is_more_of_it(const struct wf_embryonic *table, const struct wf_embryo_side *side,
			  const struct wf_packet *packet)
{
	const struct wf_syn_data *data = wf_slab_at(table->data, side->data);

	return data->isn_seq == packet->seq &&
	       data->captured_bytes < packet->payload_captured_bytes;
}

/* Keep the bytes where they are (mapped file, frame) or in a page. Return: false: no memory. */
static bool keep_bytes(struct wf_embryonic *table, struct wf_syn_data *data,
		       const struct wf_packet *packet)
{
	data->bytes = packet->payload;
	data->page = packet->page;
	if (!packet->page)
		return true;
	if (wf_page_pool_may_keep_frame(table->pages)) {
		wf_page_get(packet->page);
		return true;
	}
	data->page = wf_page_pool_take(table->pages, packet->payload_captured_bytes);
	if (!data->page)
		return false;
	wf_page_copy_in(data->page, 0, packet->payload, packet->payload_captured_bytes);
	data->bytes = wf_page_bytes(data->page);
	return true;
}

static void hold_data(struct wf_embryonic *table, struct wf_embryo *embryo,
		      const struct wf_packet *packet)
{
	struct wf_embryo_side *side = &embryo->side[packet->src];
	struct wf_syn_data *data;

	wf_metric_add(table->metrics, payload_bytes, packet->payload_captured_bytes);
	/* Another copy of what the receiver did not take. */
	if (side->flags & WF_EMBRYO_ANSWERED && !embryo->acked_bytes[packet->src]) {
		wf_metric_add(table->metrics, payload_unaccepted_bytes,
			      packet->payload_captured_bytes);
		return;
	}
	if (side->data && !is_more_of_it(table, side, packet)) {
		wf_metric_add(table->metrics, payload_duplicate_bytes,
			      packet->payload_captured_bytes);
		return;
	}
	if (side->data)
		wf_metric_add(table->metrics, payload_duplicate_bytes, release_data(table, side));
	side->data = wf_slab_take(table->data);
	if (!side->data)
		goto no_memory;
	data = wf_slab_at(table->data, side->data);
	*data = (struct wf_syn_data){.time_ns = packet->time_ns,
				     .isn_seq = packet->seq,
				     .len_bytes = packet->payload_bytes,
				     .captured_bytes = packet->payload_captured_bytes};
	if (!keep_bytes(table, data, packet))
		goto put_data;
	wf_metric_add(table->metrics, payload_held_bytes, data->captured_bytes);
	return;

put_data:
	wf_slab_put(table->data, side->data);
	side->data = 0;
no_memory:
	wf_metric_add(table->metrics, payload_no_memory_bytes, packet->payload_captured_bytes);
}

struct wf_syn_data *wf_embryonic_data(const struct wf_embryonic *table,
				      const struct wf_embryo *embryo, uint8_t side,
				      const struct wf_packet *packet)
{
	const struct wf_embryo_side *from = &embryo->side[side];
	struct wf_syn_data *data;
	uint32_t beyond_syn;

	if (!from->data)
		return NULL;
	data = wf_slab_at(table->data, from->data);
	if (data->isn_seq != from->isn_seq)
		return NULL;
	if (from->flags & WF_EMBRYO_ANSWERED) {
		data->accepted_bytes = embryo->acked_bytes[side];
	} else if (!packet) {
		data->accepted_bytes = data->len_bytes;
	} else {
		/* Its sender goes on behind it, or its receiver acknowledges it. */
		beyond_syn = packet->src == side ? packet->seq : packet->ack;
		beyond_syn -= from->isn_seq + 1;
		if (beyond_syn <= FIT_BYTES && beyond_syn > data->accepted_bytes)
			data->accepted_bytes = beyond_syn;
	}
	if (data->accepted_bytes > data->len_bytes)
		data->accepted_bytes = data->len_bytes;
	return data;
}

/* ---- entries ------------------------------------------------------------------ */

void wf_embryonic_remove(struct wf_embryonic *table, struct wf_embryo *embryo)
{
	uint32_t id = id_of(table, embryo);

	for (int i = 0; i < 2; i++)
		drop_data(table, &embryo->side[i]);
	if (embryo->counted)
		wf_half_open_put(&table->half_open, embryo->key.addr[embryo->client]);
	wf_age_list_remove(&table->ages[embryo->answered], id);
	table->answered_count -= embryo->answered;
	wf_flow_index_remove(&table->index, embryo->hash, id);
	wf_slab_put(table->embryos, id);
	wf_metric_set(table->metrics, embryonic_active_flows, wf_slab_taken(table->embryos));
}

struct wf_embryo *wf_embryonic_find(const struct wf_embryonic *table, const struct wf_flow_key *key,
				    uint32_t hash)
{
	struct wf_flow_cursor cursor;
	uint32_t id = wf_flow_index_first(&table->index, hash, &cursor);

	for (; id; id = wf_flow_index_next(&table->index, &cursor)) {
		struct wf_embryo *embryo = embryo_at(table, id);

		if (embryo->hash == hash && wf_flow_key_is_equal(&embryo->key, key))
			return embryo;
	}
	return NULL;
}

uint64_t wf_embryonic_deadline(const struct wf_embryonic *table, const struct wf_embryo *embryo)
{
	return embryo->start_ns + table->timeout_ns;
}

/* The oldest of those @answered, or not; NULL: there is none. */
static struct wf_embryo *oldest(const struct wf_embryonic *table, bool answered)
{
	uint32_t id = table->ages[answered].oldest;

	return id ? embryo_at(table, id) : NULL;
}

struct wf_embryo *wf_embryonic_oldest_over(const struct wf_embryonic *table, uint64_t now_ns)
{
	struct wf_embryo *embryo = oldest(table, false);
	struct wf_embryo *answered = oldest(table, true);

	if (!embryo || (answered && answered->start_ns < embryo->start_ns))
		embryo = answered;
	return embryo && wf_embryonic_deadline(table, embryo) <= now_ns ? embryo : NULL;
}

static bool evict_oldest(struct wf_embryonic *table)
{
	bool answered = table->answered_count > table->embryos_max / 2;
	struct wf_embryo *embryo = oldest(table, answered);

	if (!embryo)
		embryo = oldest(table, !answered);
	if (!embryo)
		return false;
	wf_embryonic_remove(table, embryo);
	wf_metric_inc(table->metrics, embryonic_evicted_flows);
	return true;
}

/* A SYN-ACK came for @embryo. */
static void note_answer(struct wf_embryonic *table, struct wf_embryo *embryo)
{
	uint32_t id;

	if (embryo->answered)
		return;
	id = id_of(table, embryo);
	wf_age_list_remove(&table->ages[false], id);
	wf_age_list_push(&table->ages[true], id);
	embryo->answered = true;
	table->answered_count++;
}

/* An entry for the connection of @packet, the first seen of it. NULL: refused. */
static struct wf_embryo *start(struct wf_embryonic *table, const struct wf_packet *packet)
{
	bool is_answer = packet->tcp_flags & WF_TCP_ACK;
	uint8_t client = is_answer ? !packet->src : packet->src;
	struct wf_embryo *embryo;
	uint32_t id = wf_slab_take(table->embryos);

	if (!id && evict_oldest(table))
		id = wf_slab_take(table->embryos);
	if (!id) {
		wf_metric_inc(table->metrics, flows_refused_flows);
		return NULL;
	}
	/* Only who opens connections is held to a limit, not a server that answers many. */
	if (!is_answer && !wf_half_open_take(&table->half_open, packet->key.addr[client])) {
		wf_metric_inc(table->metrics, half_open_refused_flows);
		goto put_id;
	}
	if (wf_flow_index_add(&table->index, packet->hash, id))
		goto put_half_open;
	embryo = embryo_at(table, id);
	*embryo = (struct wf_embryo){.key = packet->key,
				     .hash = packet->hash,
				     .start_ns = packet->time_ns,
				     .client = client,
				     .counted = !is_answer,
				     .ip_version = packet->ip_version};
	if (is_answer) {
		embryo->side[client].isn_seq = packet->ack - 1;
		embryo->side[client].other_isn_seq = packet->ack - 1;
		embryo->side[client].flags = WF_EMBRYO_KNOWN;
	}
	wf_age_list_push(&table->ages[false], id);
	wf_metric_set(table->metrics, embryonic_active_flows, wf_slab_taken(table->embryos));
	return embryo;

put_half_open:
	if (!is_answer)
		wf_half_open_put(&table->half_open, packet->key.addr[client]);
put_id:
	wf_slab_put(table->embryos, id);
	return NULL;
}

static void swap_isns(struct wf_embryo_side *side)
{
	uint32_t isn_seq = side->isn_seq;

	side->isn_seq = side->other_isn_seq;
	side->other_isn_seq = isn_seq;
}

/* Does @seq follow one of the two latest SYNs of @side? Then that one counts from now on. */
static bool settle(struct wf_embryo_side *side, uint32_t seq, uint32_t span_bytes)
{
	if (seq - (side->isn_seq + 1) <= span_bytes)
		return true;
	if (seq - (side->other_isn_seq + 1) > span_bytes)
		return false;
	swap_isns(side);
	return true;
}

/* A SYN-ACK counts only if it answers a SYN that was sent (RFC 9293, 3.10.7.3). */
static bool answers(struct wf_embryonic *table, struct wf_embryo *embryo,
		    const struct wf_packet *packet)
{
	struct wf_embryo_side *peer = &embryo->side[!packet->src];
	uint32_t isn_seq = peer->isn_seq;
	struct wf_syn_data *data;

	if (!(peer->flags & WF_EMBRYO_KNOWN)) {
		peer->isn_seq = packet->ack - 1;
		peer->other_isn_seq = peer->isn_seq;
		peer->flags |= WF_EMBRYO_KNOWN;
		return true;
	}
	if (!settle(peer, packet->ack, peer->data_bytes))
		return false;
	peer->flags |= WF_EMBRYO_ANSWERED;
	embryo->acked_bytes[!packet->src] = (uint16_t)(packet->ack - (peer->isn_seq + 1));
	if (!peer->data)
		return true;
	data = wf_slab_at(table->data, peer->data);
	data->accepted_bytes = packet->ack - (peer->isn_seq + 1);
	/* Payload that was not acknowledged comes again: only the copy then taken counts. */
	if (peer->isn_seq != isn_seq || !data->accepted_bytes)
		drop_data(table, peer);
	return true;
}

static void note_isn(struct wf_embryonic *table, struct wf_embryo_side *side, uint32_t isn_seq)
{
	if (!(side->flags & WF_EMBRYO_KNOWN)) {
		side->other_isn_seq = isn_seq;
	} else if (side->isn_seq != isn_seq) {
		side->other_isn_seq = side->isn_seq;
		side->flags &= (uint8_t)~WF_EMBRYO_ANSWERED;
		side->data_bytes = 0;
		drop_data(table, side);
	}
	side->isn_seq = isn_seq;
	side->flags |= WF_EMBRYO_KNOWN | WF_EMBRYO_SEEN;
}

static void note_syn(struct wf_embryo_side *side, const struct wf_packet *packet)
{
	side->window = packet->window;
	side->wscale = packet->wscale;
	side->flags &= (uint8_t) ~(WF_EMBRYO_WSCALE | WF_EMBRYO_LOOSE);
	if (packet->options & WF_TCP_OPT_WSCALE)
		side->flags |= WF_EMBRYO_WSCALE;
}

/*
 * A SYN-ACK that answers nothing seen: a tap may show it before the second SYN of the other side,
 * which then has another number. Both numbers count if that, or what follows, confirms them.
 */
static void note_loose(struct wf_embryonic *table, struct wf_embryo *embryo,
		       const struct wf_packet *packet)
{
	struct wf_embryo_side *side = &embryo->side[packet->src];

	if (side->flags & WF_EMBRYO_KNOWN || embryo->side[!packet->src].flags & WF_EMBRYO_ANSWERED)
		return;
	note_isn(table, side, packet->seq);
	note_syn(side, packet);
	side->flags |= WF_EMBRYO_LOOSE;
	embryo->side[!packet->src].other_isn_seq = packet->ack - 1;
}

static uint16_t add_capped(uint16_t sum, uint32_t amount)
{
	return sum + amount > UINT16_MAX ? UINT16_MAX : (uint16_t)(sum + amount);
}

bool wf_embryonic_syn(struct wf_embryonic *table, const struct wf_packet *packet)
{
	struct wf_embryo *embryo = wf_embryonic_find(table, &packet->key, packet->hash);
	struct wf_embryo_side *side;

	if (!embryo)
		embryo = start(table, packet);
	if (!embryo || (packet->tcp_flags & WF_TCP_ACK && !answers(table, embryo, packet))) {
		wf_metric_add(table->metrics, payload_bytes, packet->payload_captured_bytes);
		wf_metric_add(table->metrics, payload_no_flow_bytes,
			      packet->payload_captured_bytes);
		if (embryo)
			note_loose(table, embryo, packet);
		return false;
	}
	if (packet->tcp_flags & WF_TCP_ACK)
		note_answer(table, embryo);
	side = &embryo->side[packet->src];

	note_isn(table, side, packet->seq);
	note_syn(side, packet);
	side->tcp_flags |= packet->tcp_flags;
	side->packets += side->packets < UINT8_MAX;
	side->bytes = add_capped(side->bytes, packet->ip_bytes);
	if (packet->payload_bytes) {
		if (packet->payload_bytes > side->data_bytes)
			side->data_bytes = add_capped(0, packet->payload_bytes);
		hold_data(table, embryo, packet);
	}
	return true;
}

/* A keep-alive before any data repeats the number of the SYN. */
static bool is_probe(const struct wf_embryo_side *self, const struct wf_packet *packet)
{
	return packet->seq == self->isn_seq && packet->payload_bytes <= 1;
}

enum wf_embryo_fit wf_embryo_fits(struct wf_embryo *embryo, const struct wf_packet *packet)
{
	struct wf_embryo_side *self = &embryo->side[packet->src];
	struct wf_embryo_side *peer = &embryo->side[!packet->src];

	if (!(packet->tcp_flags & WF_TCP_ACK))
		return WF_EMBRYO_FIT_NONE;
	/* Right behind the number that the SYN-ACK tells: however near the other is. */
	if (peer->flags & WF_EMBRYO_LOOSE && packet->seq == self->other_isn_seq + 1)
		swap_isns(self);
	if (self->flags & WF_EMBRYO_KNOWN) {
		if (!is_probe(self, packet) && !settle(self, packet->seq, FIT_BYTES))
			return WF_EMBRYO_FIT_NONE;
	} else if (!packet->payload_bytes) {
		/* A split handshake begins with a bare acknowledgement: its SYN comes yet. */
		return WF_EMBRYO_FIT_NONE;
	}
	if (!(peer->flags & WF_EMBRYO_KNOWN))
		return WF_EMBRYO_FIT_ALONE;
	if (settle(peer, packet->ack, FIT_BYTES))
		return WF_EMBRYO_FIT_BOTH;
	if (!(peer->flags & WF_EMBRYO_LOOSE))
		return WF_EMBRYO_FIT_NONE;
	peer->flags &= (uint8_t) ~(WF_EMBRYO_KNOWN | WF_EMBRYO_SEEN | WF_EMBRYO_WSCALE);
	return WF_EMBRYO_FIT_ALONE;
}

bool wf_embryo_is_before(const struct wf_embryo *embryo, const struct wf_packet *packet)
{
	const struct wf_embryo_side *self = &embryo->side[packet->src];
	const struct wf_embryo_side *peer = &embryo->side[!packet->src];

	return packet->seq - (self->isn_seq + 1) <= WF_TCP_MISSED_BYTES &&
	       packet->ack - (peer->isn_seq + 1) <= WF_TCP_MISSED_BYTES;
}

bool wf_embryo_is_reset_by(const struct wf_embryo *embryo, const struct wf_packet *packet)
{
	const struct wf_embryo_side *self = &embryo->side[packet->src];
	const struct wf_embryo_side *peer = &embryo->side[!packet->src];

	if (packet->tcp_flags & WF_TCP_ACK && peer->flags & WF_EMBRYO_KNOWN &&
	    !(peer->flags & WF_EMBRYO_LOOSE))
		return packet->ack - (peer->isn_seq + 1) <= peer->data_bytes;
	return self->flags & WF_EMBRYO_KNOWN && packet->seq - self->isn_seq <= 1;
}

void wf_embryo_syn(const struct wf_embryo *embryo, uint8_t side, struct wf_tcp_syn *ret_syn)
{
	const struct wf_embryo_side *from = &embryo->side[side];

	*ret_syn = (struct wf_tcp_syn){
		.isn_seq = from->isn_seq,
		.acked_bytes = from->flags & WF_EMBRYO_ANSWERED ? embryo->acked_bytes[side] : 0,
		.window = from->window,
		.wscale = from->wscale,
		.known = from->flags & WF_EMBRYO_KNOWN,
		.seen = from->flags & WF_EMBRYO_SEEN,
		.has_wscale = from->flags & WF_EMBRYO_WSCALE,
	};
}

void wf_embryonic_clear(struct wf_embryonic *table)
{
	struct wf_embryo *embryo;

	while ((embryo = oldest(table, false)) || (embryo = oldest(table, true)))
		wf_embryonic_remove(table, embryo);
}

uint32_t wf_embryonic_count(const struct wf_embryonic *table)
{
	return wf_slab_taken(table->embryos);
}

bool wf_embryonic_is_valid(const struct wf_embryonic *table)
{
	uint32_t counts[2] = {0};
	uint32_t count;

	for (int answered = 0; answered < 2; answered++)
		for (uint32_t id = table->ages[answered].oldest; id;
		     id = embryo_at(table, id)->age.newer)
			counts[answered] += embryo_at(table, id)->answered == answered;
	count = counts[0] + counts[1];
	return counts[1] == table->answered_count && count == wf_slab_taken(table->embryos) &&
	       count == table->index.ids_count && wf_half_open_sources(&table->half_open) <= count;
}
