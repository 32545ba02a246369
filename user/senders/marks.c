// SPDX-License-Identifier: BSD-2-Clause
/* marks.c - counts the correct and the wrong checksums of each address. */
#include "senders/marks.h"

#include <string.h>

#define TAG_MASK   (~0ull << 16)
#define COUNT_MASK 0xffull
enum { RIGHT_SHIFT = 8, WRONG_SHIFT = 0 };

static uint64_t hash_of(const struct wf_marks *marks, const uint8_t *addr)
{
	uint64_t words[2];

	memcpy(words, addr, sizeof(words));
	return weft_hash_endpoint(&marks->secret, words[0], words[1], 0);
}

void wf_marks_count(struct wf_marks *marks, const uint8_t *addr, bool is_right)
{
	unsigned int shift = is_right ? RIGHT_SHIFT : WRONG_SHIFT;
	uint64_t hash = hash_of(marks, addr);
	_Atomic uint64_t *slot = &marks->slots[hash % WF_MARKS_SLOTS];
	uint64_t value = atomic_load_explicit(slot, memory_order_relaxed);

	if ((value ^ hash) & TAG_MASK || !value)
		value = hash & TAG_MASK;
	if ((value >> shift & COUNT_MASK) == COUNT_MASK)
		return;
	atomic_store_explicit(slot, value + (1ull << shift), memory_order_relaxed);
}

bool wf_marks_is_right(const struct wf_marks *marks, const uint8_t *addr)
{
	uint64_t hash = hash_of(marks, addr);
	uint64_t value =
		atomic_load_explicit(&marks->slots[hash % WF_MARKS_SLOTS], memory_order_relaxed);

	if ((value ^ hash) & TAG_MASK)
		return false;
	return (value >> RIGHT_SHIFT & COUNT_MASK) > (value >> WRONG_SHIFT & COUNT_MASK);
}
