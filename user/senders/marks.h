/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * marks.h - counts the correct and the wrong checksums of each address, for all workers.
 *
 *   slot  [ 48 bits of the address's hash | right (8) | wrong (8) ]
 *
 * Only SYN, FIN and RST segments are counted, which nearly every connection has, so that the
 * packets of a bulk transfer cost nothing. An address that hashes to the slot of another address
 * takes the slot over. The counts are used only if a connection has too few segments for a verdict.
 *
 * Memory: WF_MARKS_SLOTS slots. Thread: any; lock-free. If two threads update a slot at once, one
 * of the updates may be lost.
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
	/*
	 * the message that segments with wrong checksums are accepted was logged; it is logged once
	 */
	_Atomic bool is_reported;
	_Atomic uint64_t slots[WF_MARKS_SLOTS];
};

/* Count a segment of @addr (16 bytes) with a correct or wrong checksum. */
void wf_marks_count(struct wf_marks *marks, const uint8_t *addr, bool is_right);

/* Return true if most of the counted segments of @addr had correct checksums. */
bool wf_marks_is_right(const struct wf_marks *marks, const uint8_t *addr);

#endif
