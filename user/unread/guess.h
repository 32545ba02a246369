/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guess.h - finds out what a frame without TCP seems to carry.
 *
 * A UDP datagram that begins like a tunnel header is decoded again as if its destination port were
 * the usual one of that tunnel. It is called a tunnel only if the result is a TCP segment.
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
	WF_GUESS_ETHERTYPE, /* an EtherType that is not known */
	WF_GUESS_VXLAN,	    /* tunnels to ports that are not those of the options */
	WF_GUESS_GENEVE,
	WF_GUESS_TUNNEL, /* another tunnel to a port that is not its usual one */
	WF_GUESS_USER,	 /* TCP that user space reads and the kernel program does not */
};

struct wf_guess {
	enum wf_guess_kind kind;
	uint16_t number;     /* EtherType, or destination port */
	uint16_t usual_port; /* WF_GUESS_TUNNEL: the port on which this tunnel is read */
};

/* @frame: one for which wf_decode() returns WF_DECODE_NOT_TCP. */
struct wf_guess wf_guess(const struct wf_decoder *decoder, const struct wf_frame *frame);

#endif
