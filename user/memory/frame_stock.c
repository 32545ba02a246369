// SPDX-License-Identifier: BSD-2-Clause
/*
 * frame_stock.c - the set of a pool's free rx frames: those of whole spans are taken first, in
 * ascending order.
 *
 * A span is in exactly one of the two sets (whole, part) while the stock has a frame of it, and
 * otherwise in neither.
 */
#include "memory/frame_stock.h"

#include <errno.h>

#include "memory/arena_internal.h"
#include "memory/bits_internal.h"

static uint32_t words_of(const struct wf_arena *arena)
{
	return (arena->spans + WF_WORD_BITS - 1) / WF_WORD_BITS;
}

/*
 * Return the size in bytes of both sets, which have @words words each, and of one mask for each
 * span.
 */
static uint64_t table_bytes(uint32_t words)
{
	return words * (WF_WORD_BITS * sizeof(uint32_t) + 2 * sizeof(uint64_t));
}

int wf_frame_stock_init(struct wf_frame_stock *stock, struct wf_arena *arena, uint32_t frame_bytes)
{
	uint32_t words = words_of(arena);

	stock->whole.bits = wf_arena_take_zeroed_run(arena, table_bytes(words));
	if (!stock->whole.bits)
		return -ENOBUFS;
	stock->part.bits = stock->whole.bits + words;
	stock->masks = (uint32_t *)(stock->part.bits + words);
	stock->words = words;
	stock->full_mask = UINT32_MAX >> (32 - WEFT_SPAN_BYTES / frame_bytes);
	stock->free = 0;
	return 0;
}

void wf_frame_stock_fini(struct wf_frame_stock *stock, struct wf_arena *arena)
{
	wf_arena_put_run(arena, stock->whole.bits, table_bytes(stock->words));
	stock->whole.bits = NULL;
}

static void add(struct wf_frame_spans *spans, uint32_t span)
{
	uint32_t word = span / WF_WORD_BITS;

	spans->bits[word] |= 1ull << (span % WF_WORD_BITS);
	if (word < spans->from)
		spans->from = word;
}

static void remove_from(struct wf_frame_spans *spans, uint32_t span)
{
	spans->bits[span / WF_WORD_BITS] &= ~(1ull << (span % WF_WORD_BITS));
}

void wf_frame_stock_put(struct wf_frame_stock *stock, uint32_t span, uint32_t index)
{
	uint32_t *mask = &stock->masks[span];

	wf_assert(!(*mask >> index & 1));
	if (!*mask)
		add(&stock->part, span);
	*mask |= 1u << index;
	stock->free++;
	if (*mask == stock->full_mask) {
		remove_from(&stock->part, span);
		add(&stock->whole, span);
	}
}

/* Find the lowest span in the set @spans. Return: false if the set is empty. */
static bool find(struct wf_frame_spans *spans, uint32_t words, uint32_t *ret_span)
{
	while (spans->from < words && !spans->bits[spans->from])
		spans->from++;
	if (spans->from == words)
		return false;
	*ret_span =
		spans->from * WF_WORD_BITS + (uint32_t)__builtin_ctzll(spans->bits[spans->from]);
	return true;
}

/* Return @mask with only its lowest @max set bits. */
static uint32_t lowest_bits(uint32_t mask, uint32_t max)
{
	uint32_t rest = mask;

	if (max >= (uint32_t)__builtin_popcount(mask))
		return mask;
	while (max--)
		rest &= rest - 1;
	return mask & ~rest;
}

uint32_t wf_frame_stock_take(struct wf_frame_stock *stock, uint32_t max, uint32_t *ret_span)
{
	bool is_whole = find(&stock->whole, stock->words, ret_span);
	uint32_t taken;

	if (!max || (!is_whole && !find(&stock->part, stock->words, ret_span))) {
		*ret_span = 0;
		return 0;
	}

	taken = lowest_bits(stock->masks[*ret_span], max);
	remove_from(is_whole ? &stock->whole : &stock->part, *ret_span);
	stock->masks[*ret_span] &= ~taken;
	if (stock->masks[*ret_span])
		add(&stock->part, *ret_span);
	stock->free -= (uint32_t)__builtin_popcount(taken);
	return taken;
}
