/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * defrag.h - IP datagrams rebuilt from their fragments, as current Linux does it.
 *
 * A datagram is named by source, destination, id, protocol (IPv4 only), VLANs and
 * VNI. Fragments may come in any order. Of those that meet bytes already held:
 *
 *   within what is held   ignored ("held" as Linux groups it: a run of fragments
 *                         that each came last and directly behind the one before)
 *   any other overlap     the whole datagram is dropped (RFC 5722)
 *
 * Dropped likewise: an end that moves or lies before bytes seen, an empty fragment,
 * a length beyond 65535, ECN bits that no path makes (RFC 3168, 5.3). After a drop, what
 * still comes begins a new datagram. A fragment that the capture cut is not used;
 * one whose first fragment shows UDP of no tunnel ends the datagram, and its other
 * fragments are not held.
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

/* No zeroes: see weft/limits.h. Pointers are borrowed and outlive the defragmenter. */
struct wf_defrag_opts {
	struct wf_arena *arena;
	struct wf_page_pool *pages;
	struct wf_metrics *metrics;
	uint64_t seed;		   /* secret: who knows it could fill one bucket */
	uint32_t datagrams_max;	   /* then the oldest is dropped */
	uint32_t fragments_max;	   /* likewise */
	uint32_t per_datagram_max; /* fragments; then it is dropped */
	uint32_t timeout_ms;	   /* since the datagram's first fragment */
};

/* Return: 0; -EINVAL: a zero; -ENOBUFS: the budget; -ENOMEM. */
int wf_defrag_new(const struct wf_defrag_opts *opts, struct wf_defrag **ret_defrag);

/* Counts what is held as incomplete. NULL is allowed. */
void wf_defrag_free(struct wf_defrag *defrag);

/*
 * Take note of the fragment that decode put into @packet. Bytes of a received frame
 * are copied; of other pages a reference is taken, and a mapped file stays valid.
 *
 * Return: true: the datagram is whole, and in *@ret_frame: of link type
 * WF_LINK_RAW, flags WF_FRAME_REBUILT, with the VLANs and VNI that were around it, on a page
 * whose reference is now the caller's. It is to be decoded like any other frame, by
 * the worker that owns its flow.
 */
bool wf_defrag_add(struct wf_defrag *defrag, const struct wf_packet *packet,
		   struct wf_frame *ret_frame);

/* Drop what began too long before @now_ns. A late fragment would have found it so anyway. */
void wf_defrag_tick(struct wf_defrag *defrag, uint64_t now_ns);

/* From the next tick on, also for datagrams begun before. */
void wf_defrag_set_timeout(struct wf_defrag *defrag, uint32_t timeout_ms);

/* The end: drop everything. */
void wf_defrag_flush(struct wf_defrag *defrag);

/* Do lists, table and counters agree? */
bool wf_defrag_is_valid(const struct wf_defrag *defrag);

#endif
