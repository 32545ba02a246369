/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oracle.h - a slow, obvious, independent reassembler: frames in, whole connections out.
 *
 * Shares no line with user/. A direction is an array with one cell a byte; the first copy of a byte
 * stays. Holes end by the same rules as in weft: data arrives, 100 ms pass after the receiver
 * acknowledged the hole, a second passes, or the capture ends.
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
