/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guess.h - guesses the contents of a frame in which no TCP was found.
 *
 * A UDP datagram that begins like a tunnel header is decoded again as if its destination port were
 * the usual one of that tunnel. The datagram counts as a tunnel only if the result is a TCP
 * segment.
 *
 * Thread: any; nothing is kept between calls.
 */
#ifndef WF_UNREAD_GUESS_H
#define WF_UNREAD_GUESS_H

#include <stdint.h>

struct wf_decoder;
struct wf_frame;

enum wf_guess_kind {
	WF_GUESS_NOTHING = 0,
	WF_GUESS_ETHERTYPE, /* an EtherType that weft does not read */
	WF_GUESS_VXLAN,	    /* a VXLAN tunnel to a port that is not in the options */
	WF_GUESS_GENEVE,
	WF_GUESS_TUNNEL, /* another kind of tunnel, to a port that is not its usual one */
	WF_GUESS_USER,	 /* TCP that only user space finds, not the kernel program */
};

struct wf_guess {
	enum wf_guess_kind kind;
	uint16_t number;     /* EtherType, or destination port */
	uint16_t usual_port; /* WF_GUESS_TUNNEL: the port on which this tunnel is read */
};

/* Return what @frame seems to carry. wf_decode() must have returned WF_DECODE_NOT_TCP for it. */
struct wf_guess wf_guess(const struct wf_decoder *decoder, const struct wf_frame *frame);

#endif
