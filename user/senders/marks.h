/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * marks.h - the addresses that were seen to send correct checksums, for all workers.
 *
 *   slot  [ 48 bits of the address's hash | right (8) | wrong (8) ]
 *
 * Only SYN, FIN and RST segments are counted, so that the packets of a bulk transfer cost nothing;
 * nearly every connection has some. An address that hashes to a used slot takes it over. The marks
 * are a hint: they decide only where the segments of one connection are too few.
 *
 * Bound: WF_MARKS_SLOTS. Thread: any; lock-free, counts of concurrent updates may be lost.
 */
#ifndef WF_SENDERS_MARKS_H
#define WF_SENDERS_MARKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf/hash.h"

enum { WF_MARKS_SLOTS = 8192 };

struct wf_marks {
	struct weft_hash_secret secret;
	_Atomic bool told; /* the user was told that segments with wrong checksums are accepted */
	_Atomic uint64_t slots[WF_MARKS_SLOTS];
};

/* Count a segment of @addr (16 bytes) with a correct or wrong checksum. */
void wf_marks_count(struct wf_marks *marks, const uint8_t *addr, bool is_right);

/* Return true if most of the counted segments of @addr had correct checksums. */
bool wf_marks_is_right(const struct wf_marks *marks, const uint8_t *addr);

#endif
