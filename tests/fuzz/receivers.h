/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * receivers.h - sends random segments with random content to receivers with a known policy, so that
 * the correct result is known.
 *
 * The sender is hostile: its segments overlap at random and differ in content.
 * tests/unit/support/overlap_model.c computes the receiver's bytes under its policy. weft must
 * deliver these bytes and report each conflict.
 */
#ifndef TESTS_FUZZ_RECEIVERS_H
#define TESTS_FUZZ_RECEIVERS_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/opts.h>

#include "fuzz/engine_run.h"

enum receivers_view {
	RECEIVERS_WHOLE = 0, /* handshake and both directions */
	RECEIVERS_ONE_SIDED, /* no packet of the receiver is captured */
	RECEIVERS_MIDSTREAM, /* no handshake is captured */
	RECEIVERS_MISSED,    /* some acknowledged bytes are not captured */
};

struct receivers_opts {
	uint64_t seed;
	uint32_t connections;
	enum receivers_view view;
	enum weft_overlap policy; /* policy of the server, which receives most of the data */
	enum weft_deliver deliver;
	enum engine_run_place place;
};

struct receivers_totals {
	uint64_t connections;
	uint64_t conflicts; /* number of segments that overlapped held bytes and differed */
};

/* Return: NULL, or a description of the error, valid until the next call. */
const char *receivers_play(const struct receivers_opts *opts, struct receivers_totals *totals);

#endif
