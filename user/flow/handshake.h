/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handshake.h - the SYNs of one half-open connection, and the segments that fit them.
 *
 * Each side may have sent another SYN with another ISN: the two latest ISNs are recorded, and the
 * other side's acknowledgement, or the next segment, decides which of them is used.
 *
 * Thread: the worker.
 */
#ifndef WF_FLOW_HANDSHAKE_H
#define WF_FLOW_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/age_list.h"
#include "packet/packet.h"
#include "tcp/tcp_state.h"

/* A first segment up to this far after its SYN fits: the segments between may have been missed. */
#define WF_HANDSHAKE_FIT_BYTES (1u << 20)

/* The SYNs of one endpoint; by endpoint index, not by direction. */
struct wf_handshake_side {
	uint32_t isn_seq;
	uint32_t other_isn_seq; /* ISN of the SYN before; equal if there was none */
	uint32_t data;		/* slab id of struct wf_syn_data, 0: none */
	uint16_t data_bytes;	/* largest payload of its SYNs */
	uint16_t window;
	uint16_t bytes; /* IP bytes of its SYNs, as in weft_flow_counts */
	uint16_t tcp_flags;
	uint8_t packets;
	uint8_t wscale;
	uint8_t flags; /* WF_HANDSHAKE_* */
	uint8_t pad;
};

#define WF_HANDSHAKE_KNOWN    (1u << 0) /* isn_seq is known, by its SYN or by the peer's SYN-ACK */
#define WF_HANDSHAKE_SEEN     (1u << 1) /* its SYN was seen */
#define WF_HANDSHAKE_WSCALE   (1u << 2) /* its SYN offered window scaling */
#define WF_HANDSHAKE_ANSWERED (1u << 3) /* its SYN was acknowledged by the peer's SYN-ACK */
#define WF_HANDSHAKE_LOOSE    (1u << 4) /* ISN from a SYN-ACK to a SYN not seen; may be forged */

struct wf_handshake {
	struct weft_flow_key key;
	uint32_t hash;
	uint64_t start_ns;
	struct wf_handshake_side side[2];
	struct wf_age_links age;
	uint8_t client; /* endpoint index */
	bool counted;	/* counted in the half-open count of the client's address */
	uint8_t ip_version;
	bool answered;		 /* a SYN-ACK was seen; index of the age list */
	uint16_t acked_bytes[2]; /* payload of each side's SYN that the peer's SYN-ACK acknowledged
				  */
};
_Static_assert(sizeof(struct wf_handshake) == 120, "each SYN of a flood costs this");

enum wf_handshake_fit {
	WF_HANDSHAKE_FIT_NONE = 0, /* belongs to another connection */
	WF_HANDSHAKE_FIT_ALONE,	   /* continues its sender's SYN; the peer's ISN is unknown */
	WF_HANDSHAKE_FIT_BOTH,	   /* acknowledges the peer's SYN too */
};

/*
 * Return true if @packet may follow this handshake although all segments between were missed. Both
 * its numbers are then after the ISNs, by at most WF_TCP_MISSED_BYTES.
 */
bool wf_handshake_is_before(const struct wf_handshake *handshake, const struct wf_packet *packet);

/*
 * Check whether @packet (no SYN, no RST) is the first one after this handshake, and select the ISNs
 * that it confirms.
 */
enum wf_handshake_fit wf_handshake_fits(struct wf_handshake *handshake,
					const struct wf_packet *packet);

/* Does the reset @packet end this handshake? */
bool wf_handshake_is_reset_by(const struct wf_handshake *handshake, const struct wf_packet *packet);

/* Fill in the SYN of endpoint @side in the form that tcp/ needs. */
void wf_handshake_syn(const struct wf_handshake *handshake, uint8_t side,
		      struct wf_tcp_syn *ret_syn);

/*
 * Return true if @seq follows one of the two latest SYNs of @side, by at most @span_bytes. That SYN
 * is used from now on.
 */
bool wf_handshake_settle(struct wf_handshake_side *side, uint32_t seq, uint32_t span_bytes);

#endif
