/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oracle.h - a slow, obvious, independent reassembler: frames in, whole connections out.
 *
 * It shares no code with user/. A direction is an array with one cell per byte; the first copy of a
 * byte is kept. A hole ends by the same rules as in weft: its data arrives, 100 ms have passed
 * since the receiver acknowledged it, ten seconds have passed and the receiver was never seen, or
 * the capture ends.
 */
#ifndef TESTS_FUZZ_ORACLE_H
#define TESTS_FUZZ_ORACLE_H

#include <stdint.h>

#include "fuzz/observed.h"

struct oracle;

struct oracle *oracle_new(void);
void oracle_packet(struct oracle *oracle, uint64_t time_ns, const uint8_t *frame, uint32_t len);

/* Ends the capture: adds every connection to @set and frees the oracle. */
void oracle_finish(struct oracle *oracle, struct observed_set *set);

#endif
