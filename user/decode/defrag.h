/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * defrag.h - rebuilds IP datagrams from their fragments, as current Linux does.
 *
 * A datagram is identified by source, destination, id, protocol (IPv4 only), VLANs and VNI.
 * Fragments may arrive in any order. A fragment that overlaps held bytes is treated as follows:
 *
 *   contained in one run  the fragment is ignored. A run is a sequence of adjacent fragments that
 *                         arrived in this order, each while its predecessor was the held fragment
 *                         with the highest offset; Linux groups fragments in the same way
 *   any other overlap     the whole datagram is dropped (RFC 5722)
 *
 * A datagram is also dropped if two last fragments end at different offsets, if the last fragment
 * ends before other bytes, if a fragment is empty, if the length exceeds 65535, or if the ECN
 * fields of the fragments are not a valid combination (RFC 3168, 5.3). After a drop, further
 * fragments start a new datagram. A fragment that the capture truncated, and an IPv6 fragment of
 * invalid length, are counted and ignored. If the first fragment carries UDP whose ports no tunnel
 * uses, the fragments of the datagram are only counted.
 *
 * Each fragment given to wf_defrag_add() is counted once: see the ledger "fragments".
 *
 * Thread: the worker, or the reader of worker/reader.c, that owns the defragmenter.
 */
#ifndef WF_DECODE_DEFRAG_H
#define WF_DECODE_DEFRAG_H

#include <stdbool.h>
#include <stdint.h>

struct wf_arena;
struct wf_defrag;
struct wf_frame;
struct wf_metrics;
struct wf_packet;
struct wf_page_pool;

/*
 * Limits and borrowed objects of a defragmenter. No limit may be 0; the defaults are in
 * weft/limits.h. The objects must outlive the defragmenter.
 */
struct wf_defrag_opts {
	struct wf_arena *arena;
	struct wf_page_pool *pages;
	struct wf_metrics *metrics;
	/* hash seed; must be secret, because an attacker who knows it can fill one bucket */
	uint64_t seed;
	/* maximum numbers of datagrams and held fragments; then the oldest datagram is dropped */
	uint32_t datagrams_max;
	uint32_t fragments_max;
	/* maximum number of fragments of one datagram; a datagram with more is dropped */
	uint32_t per_datagram_max;
	uint32_t timeout_ms; /* maximum age, counted from the datagram's first fragment */
};

/*
 * Create a defragmenter. Return: 0; -EINVAL if a limit is 0; -ENOBUFS if the budget is too small;
 * -ENOMEM.
 */
int wf_defrag_new(const struct wf_defrag_opts *opts, struct wf_defrag **ret_defrag);

/* Free the defragmenter and count held fragments as incomplete. @defrag may be NULL. */
void wf_defrag_free(struct wf_defrag *defrag);

/*
 * Add the fragment that wf_decode() described in @packet. If its bytes are in a UMEM frame or lent,
 * they are copied; if they are in another page, a reference to the page is added; if they are not
 * in a page, they are used where they are.
 *
 * Return: true if the datagram is complete and *@ret_frame holds it. The frame has link type
 * WEFT_LINK_RAW, flag WF_FRAME_REBUILT, and the VLANs and VNI of the fragments; the caller owns one
 * reference to its page. The worker that owns its flow then decodes it like any other frame.
 */
bool wf_defrag_add(struct wf_defrag *defrag, const struct wf_packet *packet,
		   struct wf_frame *ret_frame);

/* Drop the incomplete datagrams whose deadline has passed at @now_ns. */
void wf_defrag_tick(struct wf_defrag *defrag, uint64_t now_ns);

/* Change the timeout, also of datagrams that are already being rebuilt. */
void wf_defrag_set_timeout(struct wf_defrag *defrag, uint32_t timeout_ms);

/* Drop all datagrams at the end of capture, and count their fragments as incomplete. */
void wf_defrag_flush(struct wf_defrag *defrag);

/* Return true if lists, table and counters are consistent. */
bool wf_defrag_is_valid(const struct wf_defrag *defrag);

#endif
