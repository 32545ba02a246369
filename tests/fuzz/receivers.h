/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * receivers.h - connections whose receivers are known: any segments, any content, one truth.
 *
 * A sender that wants to be misunderstood: its segments overlap as they like and differ in
 * content. What the receiver makes of them is told by tests/unit/support/overlap_model.c under
 * the receiver's policy, and that is what weft must deliver, and of what conflicts it must tell.
 */
#ifndef TESTS_FUZZ_RECEIVERS_H
#define TESTS_FUZZ_RECEIVERS_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/opts.h>

enum receivers_view {
	RECEIVERS_WHOLE = 0, /* handshake and both directions */
	RECEIVERS_ONE_SIDED, /* no packet of the receiver's */
	RECEIVERS_MIDSTREAM, /* no handshake */
	RECEIVERS_MISSED,    /* some of what was acknowledged was not captured */
};

struct receivers_opts {
	uint64_t seed;
	uint32_t connections;
	enum receivers_view view;
	enum weft_overlap policy; /* of the side that opens nothing: it receives the most */
	enum weft_deliver deliver;
	bool in_pages; /* as live; else as from a mapped file */
};

struct receivers_totals {
	uint64_t connections;
	uint64_t conflicts; /* segments that met bytes held, and differed */
};

/* Return: NULL, or what is wrong; valid until the next call. */
const char *receivers_play(const struct receivers_opts *opts, struct receivers_totals *totals);

#endif
