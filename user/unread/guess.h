/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guess.h - guesses the contents of a frame in which no TCP was found.
 *
 * A UDP datagram whose payload begins like a tunnel header is decoded again as if its destination
 * port were the usual one of that tunnel. The datagram counts as a tunnel only if a TCP segment is
 * found in it.
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
	WF_GUESS_ETHERTYPE, /* an EtherType that weft does not know */
	WF_GUESS_VXLAN,	    /* VXLAN to a port that is not in the option capture.vxlan_ports */
	WF_GUESS_GENEVE,    /* GENEVE to a port that is not in the option capture.geneve_ports */
	WF_GUESS_TUNNEL,    /* another kind of tunnel, to a port that is not its usual one */
	WF_GUESS_USER,	    /* TCP that user space finds, although the kernel program does not */
};

struct wf_guess {
	enum wf_guess_kind kind;
	uint16_t number;     /* EtherType, or destination port */
	uint16_t usual_port; /* port on which weft decodes this kind of tunnel; 0: no tunnel */
};

/* Return what @frame seems to carry. wf_decode() must have returned WF_DECODE_NOT_TCP for it. */
struct wf_guess wf_guess(const struct wf_decoder *decoder, const struct wf_frame *frame);

#endif
