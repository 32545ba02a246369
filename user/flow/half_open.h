/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half_open.h - half-open connections: handshakes that have not yet shown a real connection.
 *
 *   SYN ──► entry here (120 bytes, no page, no flow)
 *   SYN-ACK ──► noted in the entry
 *   anything later that fits ──► the entry becomes a flow
 *   nothing, a reset, or no room ──► the entry is forgotten (wf_half_open_remove())
 *
 * Therefore a flood of SYNs, answered or not, costs no flow. It is bounded by @handshakes_max
 * entries, and by a limit for each source. When all entries are taken, the oldest one is evicted:
 * of those without an answer, or of those with one if they are more than half. A flood that nobody
 * answers does not push out handshakes under way, and a flood that is answered evicts only its own
 * kind. A connection of which only one direction is visible becomes a flow by the next segment of
 * its visible side.
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
	struct wf_age_list ages[2]; /* [0]: without an answer, [1]: answered */
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

/* Finds also an entry whose time is over. NULL: none. */
struct wf_handshake *wf_half_open_find(const struct wf_half_open *table,
				       const struct weft_flow_key *key, uint32_t hash);

/*
 * The oldest entry, if its time is over at @now_ns; NULL: there is none. An answered one may be
 * found later than it is due, by at most the time that its answer took.
 */
struct wf_handshake *wf_half_open_oldest_over(const struct wf_half_open *table, uint64_t now_ns);

/* The time at which @handshake is to be forgotten. */
uint64_t wf_half_open_deadline(const struct wf_half_open *table,
			       const struct wf_handshake *handshake);

/*
 * Note a SYN or SYN-ACK; its payload, if any, is counted with its outcome.
 * Return: false: a limit is reached, or it answers nothing that was sent.
 */
bool wf_half_open_syn(struct wf_half_open *table, const struct wf_packet *packet);

void wf_half_open_remove(struct wf_half_open *table, struct wf_handshake *handshake);

/* Forget all. */
void wf_half_open_clear(struct wf_half_open *table);

uint32_t wf_half_open_count(const struct wf_half_open *table);
bool wf_half_open_is_valid(const struct wf_half_open *table);

#endif
