/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * captures.h - plays random conversations of chosen kinds, of which the tap may miss packets.
 *
 * Truth, oracle and engine must agree about bytes and gaps; oracle and engine also about the cause
 * of each gap. The oracle is not used with a limit or with CONV_EARLY. If a limit is set, the
 * engine may deliver less than the truth, but no other bytes, and must name the limit as the cause
 * of each additional gap.
 */
#ifndef TESTS_FUZZ_CAPTURES_H
#define TESTS_FUZZ_CAPTURES_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/opts.h>

#include "fuzz/engine_run.h"

enum captures_limit {
	CAPTURES_UNLIMITED = 0,
	CAPTURES_DEPTH,
	CAPTURES_PAGES,
	CAPTURES_MEMORY,
};

struct captures_opts {
	uint64_t seed;
	uint32_t conversations; /* minimum number of conversations */
	uint32_t kinds;		/* CONV_*: allowed kinds */
	uint32_t always;	/* CONV_*: kinds of every conversation */
	enum weft_deliver deliver;
	enum weft_overlap overlap;
	enum engine_run_place place;
	enum captures_limit limit;
};

struct captures_totals {
	uint64_t conversations;
	uint64_t gaps[WEFT_GAP_CAUSE_COUNT]; /* gaps that the engine reported, by cause */
};

/* Return: NULL, or a description of the error, valid until the next call. */
const char *captures_play(const struct captures_opts *opts, struct captures_totals *totals);

#endif
