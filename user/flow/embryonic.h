/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * embryonic.h - handshakes that have not yet shown a real connection.
 *
 *   SYN ──► entry here (120 bytes, no page, no flow)
 *   SYN-ACK ──► noted in the entry
 *   anything later that fits ──► the entry becomes a flow
 *   nothing, a reset, or no room ──► the entry is forgotten (wf_embryonic_remove())
 *
 * So a flood of SYNs, answered or not, costs no flow and is bounded by
 * @embryos_max entries and by so many of one source. When all are taken, the oldest is forgotten:
 * of those without an answer, or of those with one if they are more than half. So a flood that
 * nobody answers does not push out handshakes under way, and one that is answered only its like. A
 * connection of which only one direction is visible becomes real likewise, by what its visible side
 * sends next.
 *
 * Each side may have repeated its SYN with another initial number: the two latest
 * are remembered, and what the other side acknowledges, or is sent next, decides.
 *
 * Data on a SYN (TCP Fast Open) is kept, for at most WEFT_SYN_DATA_MAX of them,
 * until it is known whether the receiver took it.
 *
 * Thread: the worker.
 */
#ifndef WF_FLOW_EMBRYONIC_H
#define WF_FLOW_EMBRYONIC_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"
#include "flow/age_list.h"
#include "flow/flow_index.h"
#include "flow/half_open.h"
#include "tcp/tcp_state.h"

struct wf_arena;
struct wf_metrics;
struct wf_page;
struct wf_page_pool;
struct wf_slab;

/* What one endpoint's SYNs told; by endpoint index, not by direction. */
struct wf_embryo_side {
	uint32_t isn_seq;
	uint32_t other_isn_seq; /* that of the SYN before; equal if there was none */
	uint32_t data;		/* id of struct wf_syn_data, 0: none */
	uint16_t data_bytes;	/* most payload on one of its SYNs */
	uint16_t window;
	uint16_t bytes; /* of its SYNs, as in weft_flow_counts */
	uint16_t tcp_flags;
	uint8_t packets;
	uint8_t wscale;
	uint8_t flags; /* WF_EMBRYO_* */
	uint8_t pad;
};

#define WF_EMBRYO_KNOWN	   (1u << 0) /* isn_seq is known, by its SYN or by the peer's SYN-ACK */
#define WF_EMBRYO_SEEN	   (1u << 1) /* by its SYN */
#define WF_EMBRYO_WSCALE   (1u << 2) /* which offered window scaling */
#define WF_EMBRYO_ANSWERED (1u << 3) /* its SYN was acknowledged by the peer's SYN-ACK */
#define WF_EMBRYO_LOOSE	   (1u << 4) /* by a SYN-ACK to a SYN not seen yet; or it is forged */

struct wf_embryo {
	struct wf_flow_key key;
	uint32_t hash;
	uint64_t start_ns;
	struct wf_embryo_side side[2];
	struct wf_age_links age;
	uint8_t client; /* endpoint index */
	bool counted;	/* in the half-open count of the client's address */
	uint8_t ip_version;
	bool answered;		 /* a SYN-ACK was seen: which of the lists it is in */
	uint16_t acked_bytes[2]; /* on the SYN of each side, by the peer's SYN-ACK */
};
_Static_assert(sizeof(struct wf_embryo) == 120, "what a SYN of a flood costs");

/* Payload of a SYN. */
struct wf_syn_data {
	const uint8_t *bytes;
	struct wf_page *page; /* owned reference; NULL: mapped file */
	uint64_t time_ns;
	uint32_t len_bytes;
	uint32_t captured_bytes;
	uint32_t accepted_bytes; /* of them, acknowledged by the receiver */
	uint32_t isn_seq;	 /* of the SYN: the side may settle on another */
};

struct wf_embryonic_opts {
	uint32_t embryos_max;
	uint32_t per_source_max;
	uint64_t timeout_ns;
	struct weft_hash_secret secret;
};

struct wf_embryonic {
	struct wf_slab *embryos;
	struct wf_slab *data;
	struct wf_flow_index index;
	struct wf_age_list ages[2]; /* by whether answered; by when that was known */
	uint32_t answered_count;
	uint32_t embryos_max;
	struct wf_half_open half_open;
	struct wf_page_pool *pages; /* borrowed */
	struct wf_metrics *metrics; /* borrowed */
	uint64_t timeout_ns;
};

/* Return: 0; -ENOBUFS, -ENOMEM. @pages, @metrics: borrowed, outlive it. */
int wf_embryonic_init(struct wf_embryonic *table, struct wf_arena *arena,
		      const struct wf_embryonic_opts *opts, struct wf_page_pool *pages,
		      struct wf_metrics *metrics);
void wf_embryonic_fini(struct wf_embryonic *table);

/* Also one that is over its time. NULL: none. */
struct wf_embryo *wf_embryonic_find(const struct wf_embryonic *table, const struct wf_flow_key *key,
				    uint32_t hash);

/*
 * The oldest entry, if it has been there for too long at @now_ns; NULL: none is. An answered one
 * may come up later than it is due, by at most what its answer took to come.
 */
struct wf_embryo *wf_embryonic_oldest_over(const struct wf_embryonic *table, uint64_t now_ns);

/* When @embryo is to be forgotten. */
uint64_t wf_embryonic_deadline(const struct wf_embryonic *table, const struct wf_embryo *embryo);

/*
 * Take a SYN or SYN-ACK; its payload, if any, is counted with its outcome.
 * Return: false: refused by a limit, or it answers nothing that was sent.
 */
bool wf_embryonic_syn(struct wf_embryonic *table, const struct wf_packet *packet);

enum wf_embryo_fit {
	WF_EMBRYO_FIT_NONE = 0, /* of another connection */
	WF_EMBRYO_FIT_ALONE,	/* continues its sender's SYN; the peer was not heard */
	WF_EMBRYO_FIT_BOTH,	/* acknowledges the peer's SYN too */
};

/*
 * May @packet come so late after this handshake that all before it was missed? Both its numbers
 * then lie ahead, but within WF_TCP_MISSED_BYTES.
 */
bool wf_embryo_is_before(const struct wf_embryo *embryo, const struct wf_packet *packet);

/* Is @packet (no SYN, no RST) the first one after this handshake? Settles whose numbers count. */
enum wf_embryo_fit wf_embryo_fits(struct wf_embryo *embryo, const struct wf_packet *packet);

/* Does the reset @packet end this handshake? */
bool wf_embryo_is_reset_by(const struct wf_embryo *embryo, const struct wf_packet *packet);

/* What the SYN of endpoint @side told. */
void wf_embryo_syn(const struct wf_embryo *embryo, uint8_t side, struct wf_tcp_syn *ret_syn);

/*
 * Payload on the SYN of endpoint @side, of which the receiver took accepted_bytes as @packet
 * (the one that fits) shows; as far as we know all of it if nothing followed (@packet is
 * NULL). NULL: there is none. Lent until remove().
 */
struct wf_syn_data *wf_embryonic_data(const struct wf_embryonic *table,
				      const struct wf_embryo *embryo, uint8_t side,
				      const struct wf_packet *packet);

/* Payload that the caller now accounts for: no longer held here. */
void wf_embryonic_data_taken(struct wf_embryonic *table, struct wf_syn_data *data);

void wf_embryonic_remove(struct wf_embryonic *table, struct wf_embryo *embryo);

/* Forget all. */
void wf_embryonic_clear(struct wf_embryonic *table);

uint32_t wf_embryonic_count(const struct wf_embryonic *table);
bool wf_embryonic_is_valid(const struct wf_embryonic *table);

#endif
