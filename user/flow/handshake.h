/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handshake.h - the SYNs of one half-open connection, and the segments that fit them.
 *
 * Each side may have sent several SYNs with different ISNs. The handshake records the two latest
 * ISNs of each side. The other side's acknowledgement, or the next segment, decides which one is
 * used.
 *
 * Thread: the worker.
 */
#ifndef WF_FLOW_HANDSHAKE_H
#define WF_FLOW_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "flow/age_list.h"
#include "packet/packet.h"
#include "tcp/tcp_state.h"

/*
 * Maximum distance between a SYN and the first segment seen after it; segments between the two may
 * be missing in the capture.
 */
#define WF_HANDSHAKE_FIT_BYTES (1u << 20)

/* The SYNs of one endpoint. Arrays of this struct are indexed by endpoint, not by direction. */
struct wf_handshake_side {
	uint32_t isn_seq;
	/*
	 * the other one of the two latest ISNs: that of another SYN, or the one that an unconfirmed
	 * SYN-ACK of the peer acknowledged; equal to isn_seq if only one ISN is known
	 */
	uint32_t other_isn_seq;
	uint32_t data;	     /* slab id of struct wf_syn_data; 0: no payload is held */
	uint16_t data_bytes; /* size of the largest payload on a SYN with isn_seq */
	uint16_t window;
	/* sum of the lengths of this endpoint's SYNs as in weft_flow_counts; at most UINT16_MAX */
	uint16_t bytes;
	/* number of payload bytes of this endpoint's SYN that the peer's SYN-ACK acknowledged */
	uint16_t acked_bytes;
	uint16_t tcp_flags : 12;
	uint16_t wscale : 4;
	uint8_t packets;
	uint8_t flags; /* WF_HANDSHAKE_* */
	/* end offset of data that was lost because there was no memory to hold it; 0: none */
	uint32_t lost_off;
};

/* isn_seq is known, from the endpoint's SYN or from the peer's SYN-ACK */
#define WF_HANDSHAKE_KNOWN	 (1u << 0)
#define WF_HANDSHAKE_SEEN	 (1u << 1) /* the endpoint's SYN was seen */
#define WF_HANDSHAKE_WSCALE	 (1u << 2) /* the endpoint's SYN offered window scaling */
#define WF_HANDSHAKE_ANSWERED	 (1u << 3) /* the peer's SYN-ACK acknowledged the endpoint's SYN */
/* isn_seq is from a SYN-ACK that answers no SYN that was seen, so it may be forged */
#define WF_HANDSHAKE_UNCONFIRMED (1u << 4)

struct wf_handshake {
	struct weft_flow_key key;
	uint32_t hash;
	struct wf_age_links age;
	/*
	 * id of the entry that counts this handshake as one of the client's address; 0: not counted
	 */
	uint32_t source;
	uint8_t client; /* index of the client's endpoint in the key */
	uint8_t ip_version;
	/* a SYN-ACK that answers a SYN was seen; also selects the list in wf_half_open.ages */
	bool answered;
	uint8_t pad;

	uint64_t start_ns;
	struct wf_handshake_side side[2];
};
_Static_assert(sizeof(struct wf_handshake) == 128, "each SYN of a flood costs this");
_Static_assert(offsetof(struct wf_handshake, start_ns) == WF_CACHE_LINE,
	       "the first line is sufficient for finding and linking an entry");

enum wf_handshake_fit {
	WF_HANDSHAKE_FIT_NONE = 0, /* the segment does not continue this handshake */
	/* the segment fits its sender's SYN, as far as this is known; the peer's ISN is unknown */
	WF_HANDSHAKE_FIT_ALONE,
	/*
	 * the segment fits its sender's SYN, as far as this is known, and acknowledges the peer's
	 * SYN
	 */
	WF_HANDSHAKE_FIT_BOTH,
};

/*
 * Return true if @packet may belong to the connection of this handshake even if all segments
 * between the handshake and @packet are missing in the capture: the sequence and acknowledgement
 * numbers of @packet are at most WF_TCP_MISSED_BYTES after the ISNs.
 */
bool wf_handshake_is_before(const struct wf_handshake *handshake, const struct wf_packet *packet);

/*
 * Check whether @packet (no SYN, no RST) can be the first segment after this handshake, and select
 * the ISNs that it confirms.
 */
enum wf_handshake_fit wf_handshake_fits(struct wf_handshake *handshake,
					const struct wf_packet *packet);

/*
 * Record that the data of @packet, a SYN of this handshake or a segment that fits it, was lost for
 * lack of memory.
 */
void wf_handshake_note_loss(struct wf_handshake *handshake, const struct wf_packet *packet);

/* Return true if the reset @packet ends this handshake. */
bool wf_handshake_is_reset_by(const struct wf_handshake *handshake, const struct wf_packet *packet);

/* Fill in the SYN of endpoint @side in the form that tcp/ needs. */
void wf_handshake_syn(const struct wf_handshake *handshake, uint8_t side,
		      struct wf_tcp_syn *ret_syn);

/*
 * Return true if @seq is at most @span_bytes after one of the two latest SYNs of @side. That SYN is
 * used from now on.
 */
bool wf_handshake_settle(struct wf_handshake_side *side, uint32_t seq, uint32_t span_bytes);

#endif
