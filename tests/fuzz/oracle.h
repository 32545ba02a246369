/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oracle.h - a slow, obvious reassembler of its own: frames in, whole connections out.
 *
 * Shares no line with user/. A direction is an array with one cell a byte; the
 * first copy of a byte stays. Holes end by the same rules as weft's: data comes,
 * the receiver acknowledged it and 100 ms passed, a second passed, or the end.
 */
#ifndef TESTS_FUZZ_ORACLE_H
#define TESTS_FUZZ_ORACLE_H

#include <stdint.h>

#include "fuzz/observed.h"

struct oracle;

struct oracle *oracle_new(void);
void oracle_packet(struct oracle *oracle, uint64_t time_ns, const uint8_t *frame, uint32_t len);

/* End of the capture: adds every connection to @set and frees the oracle. */
void oracle_finish(struct oracle *oracle, struct observed_set *set);

#endif
