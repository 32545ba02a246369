/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syn_data.h - holds the payload of SYNs (TCP Fast Open) until it is known whether the receiver
 * accepted it.
 *
 * Bound: WEFT_SYN_DATA_MAX payloads. Thread: the worker.
 */
#ifndef WF_FLOW_SYN_DATA_H
#define WF_FLOW_SYN_DATA_H

#include <stdint.h>

#include "flow/handshake.h"

struct wf_arena;
struct wf_metrics;
struct wf_page;
struct wf_page_pool;
struct wf_slab;

/* The payload of one SYN. */
struct wf_syn_data {
	const uint8_t *bytes;
	/*
	 * owned: one reference; NULL: the bytes are in a mapped file, or in memory that the
	 * application keeps
	 */
	struct wf_page *page;
	uint64_t time_ns;
	uint32_t len_bytes;
	uint32_t captured_bytes;
	uint32_t accepted_bytes; /* number of bytes that were accepted, see wf_syn_data_find() */
	uint32_t isn_seq;	 /* ISN of this SYN; the endpoint's final ISN may be another one */
};

struct wf_syn_data_store {
	struct wf_slab *slab;
	struct wf_page_pool *pages; /* borrowed */
	struct wf_metrics *metrics; /* borrowed */
};

/*
 * Allocate an empty store. @pages and @metrics are borrowed and must outlive it.
 * Return: 0; -ENOBUFS, -ENOMEM.
 */
int wf_syn_data_init(struct wf_syn_data_store *store, struct wf_arena *arena,
		     struct wf_page_pool *pages, struct wf_metrics *metrics);
void wf_syn_data_fini(struct wf_syn_data_store *store);

/* Hold the payload of the SYN @packet, and count each byte with its outcome. */
void wf_syn_data_hold(struct wf_syn_data_store *store, struct wf_handshake *handshake,
		      const struct wf_packet *packet);

/* The part of wf_syn_data_drop() for sides with a payload. */
void wf_syn_data_drop_held(struct wf_syn_data_store *store, struct wf_handshake_side *side);

/*
 * Drop the payload of @side, if there is one, and count it as not accepted. After
 * wf_syn_data_taken(), nothing is counted.
 */
static inline void wf_syn_data_drop(struct wf_syn_data_store *store, struct wf_handshake_side *side)
{
	if (wf_unlikely(side->data != 0))
		wf_syn_data_drop_held(store, side);
}

/*
 * Record that the receiver acknowledged the SYN of @side and @accepted_bytes of its payload. Drop
 * the payload if none of it was accepted, or if @is_other_syn: the acknowledgement is of another
 * SYN than the latest one.
 */
void wf_syn_data_accept(struct wf_syn_data_store *store, struct wf_handshake_side *side,
			uint32_t accepted_bytes, bool is_other_syn);

/*
 * Return the payload of the SYN of endpoint @side, and set its accepted_bytes: to the number that
 * the SYN-ACK acknowledged; if the SYN-ACK was not seen, to the number that @packet, the first
 * segment after the handshake, shows; if there is no such segment (@packet is NULL), to all bytes.
 * Return: NULL if no payload is held, or only that of a SYN with another ISN than @side's isn_seq.
 * The result is lent until the entry is removed.
 */
struct wf_syn_data *wf_syn_data_find(const struct wf_syn_data_store *store,
				     const struct wf_handshake *handshake, uint8_t side,
				     const struct wf_packet *packet);

/*
 * Stop counting @data as held: the caller counts its bytes from now on. The entry keeps @data and
 * its page until it is removed.
 */
void wf_syn_data_taken(struct wf_syn_data_store *store, struct wf_syn_data *data);

#endif
