/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unread.h - counts what frames without TCP seem to carry, according to guess.h.
 *
 * Each of the first frames is examined, and a sample of later ones, so that a capture with much UDP
 * costs little. Each EtherType or port that is found uses one of a few slots. If all slots are in
 * use, a further EtherType or port lowers their counts, and a slot whose count is 0 becomes free.
 * So the frequent ones stay, but their counts may be too low.
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
	WF_UNREAD_ALL_FRAMES =
		10000,	      /* number of frames, from the first on, that are all examined */
	WF_UNREAD_EVERY = 16, /* one later frame in WF_UNREAD_EVERY is examined */
};

struct wf_unread_slot {
	_Atomic uint64_t what;	 /* a packed struct wf_guess; 0: the slot is free */
	_Atomic uint64_t frames; /* examined frames with this EtherType or port; may be too low */
};

/* All zero at the beginning. */
struct wf_unread {
	uint64_t frames;	   /* number of frames that were passed to wf_unread_note() */
	_Atomic uint64_t examined; /* number of frames that were examined */
	struct wf_unread_slot slots[WF_UNREAD_SLOTS];
};

/*
 * Examine @frame, for which wf_decode() returned WF_DECODE_NOT_TCP. Most frames after the first
 * WF_UNREAD_ALL_FRAMES are only counted.
 */
void wf_unread_note(struct wf_unread *unread, const struct wf_decoder *decoder,
		    const struct wf_frame *frame);

/* Examine a frame that a kernel program left to the host because it found no TCP. */
void wf_unread_note_passed(struct wf_unread *unread, const struct wf_decoder *decoder,
			   const struct wf_frame *frame);

/* Add the counts of @other, which another thread may write, to those of @unread. */
void wf_unread_add(struct wf_unread *unread, const struct wf_unread *other);

/* Set the metrics unread_*: for each enum wf_guess_kind, the most frequent EtherType or port. */
void wf_unread_report(const struct wf_unread *unread, struct wf_metrics *metrics);

#endif
