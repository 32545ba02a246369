/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * family.h - the features of TCP that the captured packets of a conversation show.
 *
 * A family is found from the packets that the tap saw, not from the plan of the conversation.
 * Examples: a FIN that overtook its data, a window that only its scale makes wide enough. A tracker
 * without that feature would fail in each conversation of the family.
 */
#ifndef TESTS_FUZZ_FAMILY_H
#define TESTS_FUZZ_FAMILY_H

#include <stdint.h>

enum conv_family {
	/* opening */
	FAMILY_OPEN_SIMULTANEOUS = 0,
	FAMILY_OPEN_SPLIT,
	FAMILY_SYN_OTHER_ISN,
	FAMILY_SYN_ACK_OTHER_ISN,
	FAMILY_SYN_DATA,	 /* accepted by the server */
	FAMILY_SYN_DATA_REFUSED, /* not accepted, and sent again */
	FAMILY_SYN_ACK_DATA,
	FAMILY_EARLY_DATA,	/* captured before the SYN or SYN-ACK */
	FAMILY_EARLY_OTHER_ISN, /* early data, with a SYN or SYN-ACK of two numbers */

	/* windows and probes */
	FAMILY_SCALED_WINDOW,	 /* data behind a hole that only the scale allows */
	FAMILY_SCALED_MIDSTREAM, /* the same without handshake */
	FAMILY_KEEPALIVE,
	FAMILY_KEEPALIVE_GARBAGE,
	FAMILY_ZERO_WINDOW_PROBE,
	FAMILY_URGENT,

	/* closing */
	FAMILY_HALF_CLOSE,
	FAMILY_FIN_BEFORE_DATA,
	FAMILY_RST_EXACT,

	/* segments that no receiver accepts: noise.c */
	FAMILY_HANDSHAKE_FORGED,
	FAMILY_BAD_CHECKSUM,
	FAMILY_RST_OUTSIDE,
	FAMILY_RST_INSIDE,
	FAMILY_SYN_OUTSIDE,
	FAMILY_SYN_INSIDE,
	FAMILY_FIN_OUTSIDE,
	FAMILY_FIN_BEYOND,
	FAMILY_DATA_OUTSIDE,
	FAMILY_PAWS,
	FAMILY_NO_ACK_FLAG,
	FAMILY_ACK_OF_UNSENT,

	/* reuse of the four-tuple */
	FAMILY_REUSE_AFTER_FIN,
	FAMILY_REUSE_AFTER_RST,
	FAMILY_REUSE_AFTER_TIMEOUT,
	FAMILY_REUSE_IN_SILENCE,

	/* flags and options */
	FAMILY_ECN,
	FAMILY_ACCURATE_ECN,
	FAMILY_OPTIONS,
	FAMILY_OPTIONS_MALFORMED,
};
#define FAMILY_COUNT (FAMILY_OPTIONS_MALFORMED + 1)

#define FAMILY_BIT(which) (1ull << FAMILY_##which)

/* Static string. */
const char *conv_family_name(enum conv_family family);

#endif
