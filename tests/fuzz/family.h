/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * family.h - the features of TCP that the captured packets of a conversation show.
 *
 * A family is set if captured packets have the feature; a kind that was chosen does not suffice.
 * Examples: a FIN that is captured before its data; data that fits only the scaled window. A
 * tracker without that feature would fail in each conversation of the family.
 */
#ifndef TESTS_FUZZ_FAMILY_H
#define TESTS_FUZZ_FAMILY_H

#include <stdint.h>

enum conv_family {
	/* opening of a connection */
	FAMILY_OPEN_SIMULTANEOUS = 0,
	FAMILY_OPEN_SPLIT,
	FAMILY_SYN_OTHER_ISN,
	FAMILY_SYN_ACK_OTHER_ISN,
	FAMILY_SYN_DATA,	 /* data on the SYN that the server accepts */
	FAMILY_SYN_DATA_REFUSED, /* data on the SYN that the server does not accept, sent again */
	FAMILY_SYN_ACK_DATA,
	FAMILY_EARLY_DATA,	/* data captured before the SYN or SYN-ACK */
	FAMILY_EARLY_OTHER_ISN, /* SYN-ACK captured before the SYN of the second initial number */

	/* windows and probes */
	FAMILY_SCALED_WINDOW,	 /* data behind a hole that fits only the scaled window */
	FAMILY_SCALED_MIDSTREAM, /* FAMILY_SCALED_WINDOW without handshake */
	FAMILY_KEEPALIVE,
	FAMILY_KEEPALIVE_GARBAGE,
	FAMILY_ZERO_WINDOW_PROBE,
	FAMILY_URGENT,

	/* closing of a connection */
	FAMILY_HALF_CLOSE,
	FAMILY_FIN_BEFORE_DATA,
	FAMILY_RST_EXACT,

	/* forged segments that no receiver accepts: noise.c */
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

	/* second or later use of a four-tuple */
	FAMILY_REUSE_AFTER_FIN,
	FAMILY_REUSE_AFTER_RST,
	FAMILY_REUSE_AFTER_TIMEOUT,
	FAMILY_REUSE_IN_SILENCE,

	/* TCP flags and options */
	FAMILY_ECN,
	FAMILY_ACCURATE_ECN,
	FAMILY_OPTIONS,
	FAMILY_OPTIONS_MALFORMED,
};
#define FAMILY_COUNT (FAMILY_OPTIONS_MALFORMED + 1)

#define FAMILY_BIT(which) (1ull << FAMILY_##which)

/* Returns the name of @family, a static string. */
const char *conv_family_name(enum conv_family family);

#endif
