/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unread.h - counts what frames without TCP seem to carry, as guess.h finds it.
 *
 * Each of the first frames is examined, and a sample of later ones, so that a capture with much UDP
 * costs little. EtherTypes and ports share a few slots. If all are in use, a new one lowers the
 * counts of the others, so that frequent ones stay; their counts are then too low.
 *
 * Thread: a struct has one writer; wf_unread_add() may read it in any thread.
 */
#ifndef WF_UNREAD_UNREAD_H
#define WF_UNREAD_UNREAD_H

#include <stdatomic.h>
#include <stdint.h>

struct wf_decoder;
struct wf_frame;
struct wf_metrics;

enum {
	WF_UNREAD_SLOTS = 16,
	WF_UNREAD_ALL_FRAMES = 10000, /* number of first frames, of which each is examined */
	WF_UNREAD_EVERY = 16,	      /* one later frame in WF_UNREAD_EVERY is examined */
};

struct wf_unread_slot {
	_Atomic uint64_t what; /* a packed struct wf_guess; 0: the slot is free */
	_Atomic uint64_t frames;
};

/* Zero-initialise. */
struct wf_unread {
	uint64_t frames; /* frames that were passed to wf_unread_note() */
	_Atomic uint64_t examined;
	struct wf_unread_slot slots[WF_UNREAD_SLOTS];
};

/* Count @frame, for which wf_decode() returned WF_DECODE_NOT_TCP. */
void wf_unread_note(struct wf_unread *unread, const struct wf_decoder *decoder,
		    const struct wf_frame *frame);

/* Count a frame that a kernel program left to the host because it found no TCP. */
void wf_unread_note_passed(struct wf_unread *unread, const struct wf_decoder *decoder,
			   const struct wf_frame *frame);

/* Add the counts of @other, which another thread may write. */
void wf_unread_add(struct wf_unread *unread, const struct wf_unread *other);

/* Set the metrics unread_*: for each kind, the most frequent EtherType or port. */
void wf_unread_report(const struct wf_unread *unread, struct wf_metrics *metrics);

#endif
