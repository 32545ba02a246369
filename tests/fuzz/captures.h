/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * captures.h - random conversations of chosen kinds, as a tap that misses some of them shows them.
 *
 * Truth, oracle and engine must agree about bytes and gaps, oracle and engine about the cause
 * of each gap. Under a limit the engine may tell less than the truth, but nothing else, and must
 * name the limit as the cause.
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
	uint32_t conversations; /* at least so many */
	uint32_t kinds;		/* CONV_* that are allowed */
	uint32_t always;	/* ... and that all have */
	enum weft_deliver deliver;
	enum weft_overlap overlap;
	bool in_pages; /* as live; else as from a mapped file */
	enum captures_limit limit;
};

struct captures_totals {
	uint64_t conversations;
	uint64_t gaps[WEFT_GAP_CAUSE_COUNT]; /* that the engine told, by cause */
};

/* Return: NULL, or what is wrong; valid until the next call. */
const char *captures_play(const struct captures_opts *opts, struct captures_totals *totals);

#endif
