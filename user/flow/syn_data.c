// SPDX-License-Identifier: BSD-2-Clause
/*
 * syn_data.c - stores the payload of SYNs: one slab object for each, whose bytes are in a page, a
 * frame or a mapped file.
 */
#include "flow/syn_data.h"

#include <stddef.h>

#include <weft/limits.h>

#include "memory/page.h"
#include "memory/page_pool.h"
#include "memory/slab.h"
#include "metrics/metrics.h"

int wf_syn_data_init(struct wf_syn_data_store *store, struct wf_arena *arena,
		     struct wf_page_pool *pages, struct wf_metrics *metrics)
{
	*store = (struct wf_syn_data_store){.pages = pages, .metrics = metrics};
	return wf_slab_new(arena, sizeof(struct wf_syn_data), WEFT_SYN_DATA_MAX, &store->slab);
}

void wf_syn_data_fini(struct wf_syn_data_store *store)
{
	wf_slab_free(store->slab);
	store->slab = NULL;
}

void wf_syn_data_taken(struct wf_syn_data_store *store, struct wf_syn_data *data)
{
	wf_metric_sub(store->metrics, payload_held_bytes, data->captured_bytes);
	data->captured_bytes = 0;
}

/*
 * Release the payload of @side. Return: the number of released bytes, which the caller must count.
 */
static uint32_t release(struct wf_syn_data_store *store, struct wf_handshake_side *side)
{
	struct wf_syn_data *data = wf_slab_at(store->slab, side->data);
	uint32_t captured_bytes = data->captured_bytes;

	wf_metric_sub(store->metrics, payload_held_bytes, captured_bytes);
	wf_page_put(data->page);
	wf_slab_put(store->slab, side->data);
	side->data = 0;
	return captured_bytes;
}

void wf_syn_data_drop_held(struct wf_syn_data_store *store, struct wf_handshake_side *side)
{
	wf_metric_add(store->metrics, payload_unaccepted_bytes, release(store, side));
}

/*
 * Return true if @packet repeats the SYN whose payload is held, and more bytes of it were captured.
 */
static bool is_more_of_it(const struct wf_syn_data_store *store,
			  const struct wf_handshake_side *side, const struct wf_packet *packet)
{
	const struct wf_syn_data *data = wf_slab_at(store->slab, side->data);

	return data->isn_seq == packet->seq &&
	       data->captured_bytes < packet->payload_captured_bytes;
}

/*
 * Leave the bytes of @packet in the mapped file or the frame, or copy them to a page. Return: false
 * if there is no memory.
 */
static bool keep_bytes(struct wf_syn_data_store *store, struct wf_syn_data *data,
		       const struct wf_packet *packet)
{
	data->bytes = packet->payload;
	data->page = packet->page;
	if (!packet->page && !packet->is_lent)
		return true;
	if (packet->page && wf_page_pool_may_keep_frame(store->pages)) {
		wf_page_get(packet->page);
		return true;
	}
	data->page = wf_page_pool_take(store->pages, packet->payload_captured_bytes);
	if (!data->page)
		return false;
	wf_page_copy_in(data->page, 0, packet->payload, packet->payload_captured_bytes);
	data->bytes = wf_page_bytes(data->page);
	return true;
}

void wf_syn_data_hold(struct wf_syn_data_store *store, struct wf_handshake *handshake,
		      const struct wf_packet *packet)
{
	struct wf_handshake_side *side = &handshake->side[packet->src];
	struct wf_syn_data *data;

	wf_metric_add(store->metrics, payload_bytes, packet->payload_captured_bytes);
	/*
	 * The receiver has answered the SYN without accepting payload, so this repeated payload is
	 * not held.
	 */
	if (side->flags & WF_HANDSHAKE_ANSWERED && !side->acked_bytes) {
		wf_metric_add(store->metrics, payload_unaccepted_bytes,
			      packet->payload_captured_bytes);
		return;
	}
	if (side->data && !is_more_of_it(store, side, packet)) {
		wf_metric_add(store->metrics, payload_duplicate_bytes,
			      packet->payload_captured_bytes);
		return;
	}
	if (side->data)
		wf_metric_add(store->metrics, payload_duplicate_bytes, release(store, side));
	side->data = wf_slab_take(store->slab);
	if (!side->data)
		goto no_memory;
	data = wf_slab_at(store->slab, side->data);
	*data = (struct wf_syn_data){.time_ns = packet->time_ns,
				     .isn_seq = packet->seq,
				     .len_bytes = packet->payload_bytes,
				     .captured_bytes = packet->payload_captured_bytes};
	if (!keep_bytes(store, data, packet))
		goto put_data;
	wf_metric_add(store->metrics, payload_held_bytes, data->captured_bytes);
	return;

put_data:
	wf_slab_put(store->slab, side->data);
	side->data = 0;
no_memory:
	wf_handshake_note_loss(handshake, packet);
	wf_metric_add(store->metrics, payload_no_memory_bytes, packet->payload_captured_bytes);
}

struct wf_syn_data *wf_syn_data_find(const struct wf_syn_data_store *store,
				     const struct wf_handshake *handshake, uint8_t side,
				     const struct wf_packet *packet)
{
	const struct wf_handshake_side *from = &handshake->side[side];
	struct wf_syn_data *data;
	uint32_t beyond_syn;

	if (!from->data)
		return NULL;
	data = wf_slab_at(store->slab, from->data);
	if (data->isn_seq != from->isn_seq)
		return NULL;
	if (from->flags & WF_HANDSHAKE_ANSWERED) {
		data->accepted_bytes = handshake->side[side].acked_bytes;
	} else if (!packet) {
		data->accepted_bytes = data->len_bytes;
	} else {
		/*
		 * The sequence number of the sender's next segment, or the receiver's
		 * acknowledgement, shows where the accepted payload ends.
		 */
		beyond_syn = packet->src == side ? packet->seq : packet->ack;
		beyond_syn -= from->isn_seq + 1;
		if (beyond_syn <= WF_HANDSHAKE_FIT_BYTES && beyond_syn > data->accepted_bytes)
			data->accepted_bytes = beyond_syn;
	}
	if (data->accepted_bytes > data->len_bytes)
		data->accepted_bytes = data->len_bytes;
	return data;
}

void wf_syn_data_accept(struct wf_syn_data_store *store, struct wf_handshake_side *side,
			uint32_t accepted_bytes, bool is_other_syn)
{
	struct wf_syn_data *data;

	/* Payload that could not be held counts as lost only if the receiver accepted it. */
	if (side->lost_off <= side->data_bytes && side->lost_off > accepted_bytes)
		side->lost_off = accepted_bytes;
	if (!side->data)
		return;
	data = wf_slab_at(store->slab, side->data);
	data->accepted_bytes = accepted_bytes;
	/* The sender repeats payload that the receiver did not accept, so this copy is dropped. */
	if (is_other_syn || !accepted_bytes)
		wf_syn_data_drop(store, side);
}
