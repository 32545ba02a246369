/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * defrag.h - IP datagrams rebuilt from their fragments, as current Linux does it.
 *
 * A datagram is named by source, destination, id, protocol (IPv4 only), VLANs and
 * VNI. Fragments may come in any order. Of those that meet bytes already held:
 *
 *   within held bytes     ignored (within one run, as Linux groups fragments: a run is
 *                         fragments that each arrived last and directly behind the one before)
 *   any other overlap     the whole datagram is dropped (RFC 5722)
 *
 * A datagram is also dropped for an end that moves or lies before bytes seen, an empty fragment,
 * a length beyond 65535, or ECN bits that no path makes (RFC 3168, 5.3). After a drop, further
 * fragments begin a new datagram. A fragment that the capture cut is not used. If the first
 * fragment shows UDP that is no tunnel, no fragment of the datagram is held.
 *
 * Every fragment given to wf_defrag_add() is counted once: see the ledger "fragments".
 *
 * Thread: one worker.
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

/* No value may be 0; defaults are in weft/limits.h. Pointers are borrowed and outlive the
 * defragmenter. */
struct wf_defrag_opts {
	struct wf_arena *arena;
	struct wf_page_pool *pages;
	struct wf_metrics *metrics;
	uint64_t seed;		   /* secret: with it an attacker could fill one bucket */
	uint32_t datagrams_max;	   /* at this limit the oldest is dropped */
	uint32_t fragments_max;	   /* at this limit the oldest datagram is dropped */
	uint32_t per_datagram_max; /* fragments; at this limit the datagram is dropped */
	uint32_t timeout_ms;	   /* since the datagram's first fragment */
};

/* Return: 0; -EINVAL: a zero; -ENOBUFS: the budget; -ENOMEM. */
int wf_defrag_new(const struct wf_defrag_opts *opts, struct wf_defrag **ret_defrag);

/* Counts what is held as incomplete. NULL is allowed. */
void wf_defrag_free(struct wf_defrag *defrag);

/*
 * Adds the fragment that wf_decode() put into @packet. Bytes of a received frame are copied;
 * of other pages a reference is taken; bytes of a mapped file stay where they are.
 *
 * Return: true: the datagram is whole, and in *@ret_frame: of link type
 * WEFT_LINK_RAW, flags WF_FRAME_REBUILT, with the VLANs and VNI that were around it, on a page
 * whose reference is now the caller's. It is to be decoded like any other frame, by
 * the worker that owns its flow.
 */
bool wf_defrag_add(struct wf_defrag *defrag, const struct wf_packet *packet,
		   struct wf_frame *ret_frame);

/* Drops datagrams whose deadline is before @now_ns. */
void wf_defrag_tick(struct wf_defrag *defrag, uint64_t now_ns);

/* Takes effect with the next tick, also for datagrams that have begun. */
void wf_defrag_set_timeout(struct wf_defrag *defrag, uint32_t timeout_ms);

/* Drops everything, at the end. */
void wf_defrag_flush(struct wf_defrag *defrag);

/* Do lists, table and counters agree? */
bool wf_defrag_is_valid(const struct wf_defrag *defrag);

#endif
