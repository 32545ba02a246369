/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * captures.h - plays random conversations of chosen kinds, captured by a tap that misses some
 * packets.
 *
 * Truth, oracle and engine must agree about bytes and gaps, oracle and engine about the cause of
 * each gap. Under a limit the engine may deliver less than the truth, but nothing else, and must
 * name the limit as the cause of each additional gap.
 */
#ifndef TESTS_FUZZ_CAPTURES_H
#define TESTS_FUZZ_CAPTURES_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/opts.h>

enum captures_limit {
	CAPTURES_UNLIMITED = 0,
	CAPTURES_DEPTH,
	CAPTURES_PAGES,
	CAPTURES_MEMORY,
};

struct captures_opts {
	uint64_t seed;
	uint32_t conversations; /* minimum number */
	uint32_t kinds;		/* CONV_* that are allowed */
	uint32_t always;	/* CONV_* that every conversation has */
	enum weft_deliver deliver;
	enum weft_overlap overlap;
	bool in_pages; /* true: as live; false: as from a mapped file */
	enum captures_limit limit;
};

struct captures_totals {
	uint64_t conversations;
	uint64_t gaps[WEFT_GAP_CAUSE_COUNT]; /* gaps that the engine reported, by cause */
};

/* Return: NULL, or a description of the error, valid until the next call. */
const char *captures_play(const struct captures_opts *opts, struct captures_totals *totals);

#endif
