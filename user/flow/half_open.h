/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half_open.h - handshakes that have not yet shown a real connection.
 *
 *   SYN ──► entry here (120 bytes, no page, no flow)
 *   SYN-ACK ──► noted in the entry
 *   anything later that fits ──► the entry becomes a flow
 *   nothing, a reset, or no room ──► the entry is forgotten (wf_half_open_remove())
 *
 * So a flood of SYNs, answered or not, costs no flow and is bounded by
 * @handshakes_max entries and by so many of one source. When all are taken, the oldest is
 * forgotten: of those without an answer, or of those with one if they are more than half. So a
 * flood that nobody answers does not push out handshakes under way, and one that is answered only
 * its like. A connection of which only one direction is visible becomes real likewise, by what its
 * visible side sends next.
 *
 * Each side may have repeated its SYN with another initial number: the two latest
 * are remembered, and what the other side acknowledges, or is sent next, decides.
 *
 * Data on a SYN (TCP Fast Open) is kept, for at most WEFT_SYN_DATA_MAX of them,
 * until it is known whether the receiver took it.
 *
 * Thread: the worker.
 */
#ifndef WF_FLOW_HALF_OPEN_H
#define WF_FLOW_HALF_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/age_list.h"
#include "flow/flow_index.h"
#include "flow/handshake.h"
#include "flow/source_count.h"
#include "flow/syn_data.h"

struct wf_arena;
struct wf_metrics;
struct wf_page_pool;
struct wf_slab;

struct wf_half_open_opts {
	uint32_t handshakes_max;
	uint32_t per_source_max;
	uint64_t timeout_ns;
	struct weft_hash_secret secret;
};

struct wf_half_open {
	struct wf_slab *handshakes;
	struct wf_flow_index index;
	struct wf_age_list ages[2]; /* by whether answered; by when that was known */
	uint32_t answered_count;
	uint32_t handshakes_max;
	struct wf_source_count sources;
	struct wf_syn_data_store syn_data;
	struct wf_metrics *metrics; /* borrowed */
	uint64_t timeout_ns;
};

/* Return: 0; -ENOBUFS, -ENOMEM. @pages, @metrics: borrowed, outlive it. */
int wf_half_open_init(struct wf_half_open *table, struct wf_arena *arena,
		      const struct wf_half_open_opts *opts, struct wf_page_pool *pages,
		      struct wf_metrics *metrics);
void wf_half_open_fini(struct wf_half_open *table);

/* Also one that is over its time. NULL: none. */
struct wf_handshake *wf_half_open_find(const struct wf_half_open *table,
				       const struct weft_flow_key *key, uint32_t hash);

/*
 * The oldest entry, if it has been there for too long at @now_ns; NULL: none is. An answered one
 * may come up later than it is due, by at most what its answer took to come.
 */
struct wf_handshake *wf_half_open_oldest_over(const struct wf_half_open *table, uint64_t now_ns);

/* When @handshake is to be forgotten. */
uint64_t wf_half_open_deadline(const struct wf_half_open *table,
			       const struct wf_handshake *handshake);

/*
 * Take a SYN or SYN-ACK; its payload, if any, is counted with its outcome.
 * Return: false: refused by a limit, or it answers nothing that was sent.
 */
bool wf_half_open_syn(struct wf_half_open *table, const struct wf_packet *packet);

void wf_half_open_remove(struct wf_half_open *table, struct wf_handshake *handshake);

/* Forget all. */
void wf_half_open_clear(struct wf_half_open *table);

uint32_t wf_half_open_count(const struct wf_half_open *table);
bool wf_half_open_is_valid(const struct wf_half_open *table);

#endif
