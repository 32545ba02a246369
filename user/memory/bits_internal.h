/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bits_internal.h - a bitmap of free spans, from which any thread may claim a span, and to which
 * it may give the span back.
 *
 * The thread that clears a bit owns the span of that bit; there is no other lock.
 */
#ifndef WF_MEMORY_BITS_INTERNAL_H
#define WF_MEMORY_BITS_INTERNAL_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"

enum { WF_WORD_BITS = 64 };

static inline bool wf_bit_is_set(const _Atomic uint64_t *bits, uint32_t index)
{
	uint64_t word = atomic_load_explicit(&bits[index / WF_WORD_BITS], memory_order_relaxed);

	return word >> (index % WF_WORD_BITS) & 1;
}

/* Clear bit @index. Return: true if it was set; then the span belongs to the caller. */
static inline bool wf_bit_claim(_Atomic uint64_t *bits, uint32_t index)
{
	uint64_t mask = 1ull << (index % WF_WORD_BITS);

	/*
	 * Pairs with the release in wf_bit_give(): writes of the span's previous owner happen
	 * before the caller's writes.
	 */
	return atomic_fetch_and_explicit(&bits[index / WF_WORD_BITS], ~mask, memory_order_acquire) &
	       mask;
}

static inline void wf_bit_give(_Atomic uint64_t *bits, uint32_t index)
{
	uint64_t mask = 1ull << (index % WF_WORD_BITS);
	uint64_t old =
		atomic_fetch_or_explicit(&bits[index / WF_WORD_BITS], mask, memory_order_release);

	wf_assert(!(old & mask)); /* fails if the span was put twice */
	(void)old;
}

/*
 * Claim the lowest set bit of the words @from to @to - 1. Return: its index; -ENOBUFS: none is
 * set.
 */
static inline int64_t wf_bit_claim_any(_Atomic uint64_t *bits, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		uint64_t word = atomic_load_explicit(&bits[i], memory_order_relaxed);

		while (word) {
			uint32_t index = i * WF_WORD_BITS + (uint32_t)__builtin_ctzll(word);

			if (wf_bit_claim(bits, index))
				return index;
			word &= word - 1;
		}
	}
	return -ENOBUFS;
}

/* Claim the highest set bit of the first @words words. Return: its index; -ENOBUFS: none is set. */
static inline int64_t wf_bit_claim_last(_Atomic uint64_t *bits, uint32_t words)
{
	for (uint32_t i = words; i-- > 0;) {
		uint64_t word = atomic_load_explicit(&bits[i], memory_order_relaxed);

		while (word) {
			uint32_t bit = WF_WORD_BITS - 1 - (uint32_t)__builtin_clzll(word);

			if (wf_bit_claim(bits, i * WF_WORD_BITS + bit))
				return i * WF_WORD_BITS + bit;
			word &= ~(1ull << bit);
		}
	}
	return -ENOBUFS;
}

static inline uint32_t wf_bits_count(const _Atomic uint64_t *bits, uint32_t words)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < words; i++)
		count += (uint32_t)__builtin_popcountll(
			atomic_load_explicit(&bits[i], memory_order_relaxed));
	return count;
}

#endif
