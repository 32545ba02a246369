// SPDX-License-Identifier: BSD-2-Clause
/*
 * arena.c - spans of one mapping: free, or serving one use.
 *
 *   warm bitmap   free spans that have memory; taken first
 *   cold bitmap   free spans without: never used, or handed back (hole punched)
 *
 * A span is taken by clearing its bit: whoever clears it owns it. Runs claim
 * bit after bit and give back what they got when the next one is not free.
 *
 * Bound: tables are charged when the arena is made, a cold span is charged
 * before its bit is cleared, a warm one stays charged (as free_spans) until its
 * hole is punched. So used_bytes of the budget is at least what is resident.
 */
#include "memory/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "memory/arena_internal.h"
#include "memory/fault.h"
#include "metrics/metrics.h"

enum {
	WORD_BITS = 64,
	HUGE_BYTES = 2 << 20,
};

static const enum wf_budget_owner owner_of_use[] = {
	[WF_SPAN_UNUSED] = WF_BUDGET_FREE_SPANS, [WF_SPAN_RUN] = WF_BUDGET_RUNS,
	[WF_SPAN_FRAMES] = WF_BUDGET_FRAMES,	 [WF_SPAN_PAGES] = WF_BUDGET_PAGES,
	[WF_SPAN_SLAB] = WF_BUDGET_SLABS,
};

/* ---- bitmaps ---- */

static bool bit_is_set(const _Atomic uint64_t *bits, uint32_t index)
{
	uint64_t word = atomic_load_explicit(&bits[index / WORD_BITS], memory_order_relaxed);

	return word >> (index % WORD_BITS) & 1;
}

/* Return: true: it was set, and the span is now the caller's. */
static bool bit_claim(_Atomic uint64_t *bits, uint32_t index)
{
	uint64_t mask = 1ull << (index % WORD_BITS);

	/* Pairs with the release in bit_give(): the former user's writes before ours. */
	return atomic_fetch_and_explicit(&bits[index / WORD_BITS], ~mask, memory_order_acquire) &
	       mask;
}

static void bit_give(_Atomic uint64_t *bits, uint32_t index)
{
	uint64_t mask = 1ull << (index % WORD_BITS);
	uint64_t old =
		atomic_fetch_or_explicit(&bits[index / WORD_BITS], mask, memory_order_release);

	wf_assert(!(old & mask)); /* put twice */
	(void)old;
}

/* Return: the lowest set bit, now the caller's; -ENOBUFS: none is set. */
static int64_t bit_claim_any(const struct wf_arena *arena, _Atomic uint64_t *bits)
{
	for (uint32_t i = 0; i < arena->words; i++) {
		uint64_t word = atomic_load_explicit(&bits[i], memory_order_relaxed);

		while (word) {
			uint32_t index = i * WORD_BITS + (uint32_t)__builtin_ctzll(word);

			if (bit_claim(bits, index))
				return index;
			word &= word - 1;
		}
	}
	return -ENOBUFS;
}

/* As bit_claim_any(), the highest. */
static int64_t bit_claim_last(const struct wf_arena *arena, _Atomic uint64_t *bits)
{
	for (uint32_t i = arena->words; i-- > 0;) {
		uint64_t word = atomic_load_explicit(&bits[i], memory_order_relaxed);

		while (word) {
			uint32_t bit = WORD_BITS - 1 - (uint32_t)__builtin_clzll(word);

			if (bit_claim(bits, i * WORD_BITS + bit))
				return i * WORD_BITS + bit;
			word &= ~(1ull << bit);
		}
	}
	return -ENOBUFS;
}

static uint32_t bits_count(const struct wf_arena *arena, const _Atomic uint64_t *bits)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < arena->words; i++)
		count += (uint32_t)__builtin_popcountll(
			atomic_load_explicit(&bits[i], memory_order_relaxed));
	return count;
}

/* ---- making it ---- */

/* Bytes of tables for @spans spans: blocks, two bitmaps, the struct itself. */
static uint64_t tables_for(uint64_t spans)
{
	uint64_t words = (spans + WORD_BITS - 1) / WORD_BITS;

	return spans * WF_SPAN_BLOCK_BYTES + 2 * words * sizeof(uint64_t) + sizeof(struct wf_arena);
}

static uint64_t spans_that_fit(uint64_t max_bytes)
{
	uint64_t spans = max_bytes / (WEFT_SPAN_BYTES + WF_SPAN_BLOCK_BYTES);

	while (spans && spans * WEFT_SPAN_BYTES + tables_for(spans) > max_bytes)
		spans--;
	return spans;
}

/* Map @fd over 2 MiB aligned addresses, so that huge pages fit. */
static int map_aligned(int fd, uint64_t bytes, uint8_t **ret_base)
{
	uint64_t room = bytes + HUGE_BYTES;
	uint8_t *start =
		mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint8_t *base;

	if (start == MAP_FAILED)
		return -ENOMEM;

	base = (uint8_t *)(((uintptr_t)start + HUGE_BYTES - 1) & ~(uintptr_t)(HUGE_BYTES - 1));
	if (mmap(base, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
	    MAP_FAILED) {
		munmap(start, room);
		return -ENOMEM;
	}
	if (base > start)
		munmap(start, (size_t)(base - start));
	munmap(base + bytes, (size_t)(start + room - (base + bytes)));
	*ret_base = base;
	return 0;
}

static int map_data(struct wf_arena *arena)
{
	int err = -ENOMEM;

	arena->map_bytes = (uint64_t)arena->spans << WF_SPAN_SHIFT;
	arena->fd = memfd_create("weft-arena", MFD_CLOEXEC);
	if (arena->fd < 0)
		return -errno;
	if (!ftruncate(arena->fd, (off_t)arena->map_bytes))
		err = map_aligned(arena->fd, arena->map_bytes, &arena->base);
	if (err)
		close(arena->fd);
	return err;
}

static int map_tables(struct wf_arena *arena)
{
	uint64_t blocks_bytes = (uint64_t)arena->spans * WF_SPAN_BLOCK_BYTES;

	arena->words = (arena->spans + WORD_BITS - 1) / WORD_BITS;
	arena->table_bytes = blocks_bytes + 2ull * arena->words * sizeof(uint64_t);
	arena->blocks = mmap(NULL, arena->table_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena->blocks == MAP_FAILED)
		return -ENOMEM;

	arena->warm = (_Atomic uint64_t *)(arena->blocks + blocks_bytes);
	arena->cold = arena->warm + arena->words;
	for (uint32_t index = 0; index < arena->spans; index++)
		bit_give(arena->cold, index);
	return 0;
}

static void reclaim(void *ctx, uint64_t bytes)
{
	struct wf_arena *arena = ctx;
	uint64_t warm = wf_budget_held(&arena->budget, WF_BUDGET_FREE_SPANS);

	wf_arena_trim(arena, warm > bytes ? warm - bytes : 0);
}

static struct wf_arena *arena_alloc(uint64_t max_bytes, uint32_t spans)
{
	struct wf_arena *arena = aligned_alloc(WF_CACHE_LINE, sizeof(*arena));

	if (!arena)
		return NULL;

	memset(arena, 0, sizeof(*arena));
	arena->spans = spans;
	wf_budget_init(&arena->budget, max_bytes, reclaim, arena);
	for (int i = 0; i < WF_ARENA_HOMES; i++) {
		atomic_init(&arena->homes[i].pages, WF_PAGE_ID_NONE);
		atomic_init(&arena->homes[i].frames, WF_PAGE_ID_NONE);
	}
	return arena;
}

int wf_arena_new(uint64_t max_bytes, struct wf_arena **ret_arena)
{
	uint64_t spans = spans_that_fit(max_bytes);
	struct wf_arena *arena;
	int err;

	if (!spans || spans > WF_ARENA_SPANS_MAX)
		return -EINVAL;

	arena = arena_alloc(max_bytes, (uint32_t)spans);
	if (!arena)
		return -ENOMEM;

	err = wf_budget_reserve(&arena->budget, WF_BUDGET_TABLES, tables_for(spans));
	if (err)
		goto free_arena;

	err = map_data(arena);
	if (err)
		goto free_arena;

	err = map_tables(arena);
	if (err)
		goto unmap_data;

	*ret_arena = arena;
	return 0;

unmap_data:
	munmap(arena->base, arena->map_bytes);
	close(arena->fd);
free_arena:
	free(arena);
	return err;
}

void wf_arena_free(struct wf_arena *arena)
{
	if (!arena)
		return;

	munmap(arena->blocks, arena->table_bytes);
	munmap(arena->base, arena->map_bytes);
	close(arena->fd);
	free(arena);
}

/* ---- take and put ---- */

static void span_begin(struct wf_arena *arena, uint32_t index, enum wf_span_use use)
{
	struct wf_span *span = wf_arena_span(arena, index);

	span->arena = arena;
	span->data = arena->base + ((uint64_t)index << WF_SPAN_SHIFT);
	span->index = index;
	span->use = (uint8_t)use;
	span->home = WF_HOME_NONE;
}

/* Claim the free span @index with its charge. Return: 0; -EBUSY: not free; -ENOBUFS. */
static int span_claim(struct wf_arena *arena, uint32_t index, enum wf_budget_owner owner)
{
	if (bit_is_set(arena->warm, index) && bit_claim(arena->warm, index)) {
		wf_budget_move(&arena->budget, WF_BUDGET_FREE_SPANS, owner, WEFT_SPAN_BYTES);
		return 0;
	}
	if (!bit_is_set(arena->cold, index))
		return -EBUSY;
	if (wf_budget_reserve(&arena->budget, owner, WEFT_SPAN_BYTES))
		return -ENOBUFS;
	if (bit_claim(arena->cold, index))
		return 0;
	wf_budget_release(&arena->budget, owner, WEFT_SPAN_BYTES);
	return -EBUSY;
}

static void span_unclaim(struct wf_arena *arena, uint32_t index, enum wf_budget_owner owner)
{
	wf_budget_move(&arena->budget, owner, WF_BUDGET_FREE_SPANS, WEFT_SPAN_BYTES);
	bit_give(arena->warm, index);
}

static int64_t claim_one(struct wf_arena *arena, enum wf_budget_owner owner)
{
	int64_t index = -ENOBUFS;

	if (wf_budget_held(&arena->budget, WF_BUDGET_FREE_SPANS))
		index = bit_claim_any(arena, arena->warm);
	if (index >= 0) {
		wf_budget_move(&arena->budget, WF_BUDGET_FREE_SPANS, owner, WEFT_SPAN_BYTES);
		return index;
	}
	if (wf_budget_reserve(&arena->budget, owner, WEFT_SPAN_BYTES))
		return -ENOBUFS;
	index = bit_claim_any(arena, arena->cold);
	if (index < 0)
		wf_budget_release(&arena->budget, owner, WEFT_SPAN_BYTES);
	return index;
}

/* Lowest run of @count adjacent spans; each pass of the loop claims one or starts anew. */
static int64_t claim_run(struct wf_arena *arena, enum wf_budget_owner owner, uint32_t count)
{
	uint32_t got = 0;

	for (uint32_t index = 0; index < arena->spans; index++) {
		int err = span_claim(arena, index, owner);

		if (!err && ++got == count)
			return index + 1 - count;
		if (!err)
			continue;
		for (; got; got--)
			span_unclaim(arena, index - got, owner);
		if (err == -ENOBUFS)
			return err;
	}
	for (; got; got--)
		span_unclaim(arena, arena->spans - got, owner);
	return -ENOBUFS;
}

struct wf_span *wf_arena_take(struct wf_arena *arena, enum wf_span_use use, uint32_t count)
{
	int64_t first;

	if (!count || wf_fault_hit())
		return NULL;

	first = count == 1 ? claim_one(arena, owner_of_use[use])
			   : claim_run(arena, owner_of_use[use], count);
	if (first < 0)
		return NULL;

	for (uint32_t i = 0; i < count; i++)
		span_begin(arena, (uint32_t)first + i, use);
	atomic_fetch_add_explicit(&arena->used_spans, count, memory_order_relaxed);
	return wf_arena_span(arena, (uint32_t)first);
}

void wf_arena_put(struct wf_arena *arena, struct wf_span *span, uint32_t count)
{
	uint32_t first = span->index;

	for (uint32_t index = first; index < first + count; index++) {
		enum wf_budget_owner owner;

		span = wf_arena_span(arena, index);
		wf_assert(span->use != WF_SPAN_UNUSED);
		owner = owner_of_use[span->use];
		span->use = WF_SPAN_UNUSED;
		span->dirty = true;
		span_unclaim(arena, index, owner);
	}
	atomic_fetch_sub_explicit(&arena->used_spans, count, memory_order_relaxed);
}

/* ---- memory of free spans ---- */

static bool punch(struct wf_arena *arena, uint32_t index)
{
	off_t off = (off_t)index << WF_SPAN_SHIFT;

	return !fallocate(arena->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off,
			  WEFT_SPAN_BYTES);
}

/* Return: false: there is no warm span, or the system does not take memory back. */
static bool trim_one(struct wf_arena *arena)
{
	/* From the end: takers begin at the start. */
	int64_t index = bit_claim_last(arena, arena->warm);

	if (index < 0)
		return false;
	if (!punch(arena, (uint32_t)index)) {
		bit_give(arena->warm, (uint32_t)index);
		return false;
	}
	wf_arena_span(arena, (uint32_t)index)->dirty = false;
	wf_budget_release(&arena->budget, WF_BUDGET_FREE_SPANS, WEFT_SPAN_BYTES);
	bit_give(arena->cold, (uint32_t)index);
	return true;
}

uint64_t wf_arena_trim(struct wf_arena *arena, uint64_t keep_bytes)
{
	uint64_t spans = 0;

	/*
	 * Either we see keeps_memory, or who sets it sees us and waits: both sides
	 * write their own word before they read the other's, in one total order.
	 */
	atomic_fetch_add(&arena->punching, 1);
	if (!atomic_load(&arena->keeps_memory))
		while (wf_budget_held(&arena->budget, WF_BUDGET_FREE_SPANS) > keep_bytes &&
		       trim_one(arena))
			spans++;
	atomic_fetch_sub(&arena->punching, 1);

	atomic_fetch_add_explicit(&arena->trimmed_spans, spans, memory_order_relaxed);
	return spans * WEFT_SPAN_BYTES;
}

/* ---- pinning ---- */

void wf_arena_keep_memory(struct wf_arena *arena)
{
	/* Pairs with wf_arena_trim(): afterwards whoever was punching has finished. */
	atomic_store(&arena->keeps_memory, true);
	while (atomic_load(&arena->punching))
		;
}

/* Drop the last span for good. Return: 0; -ENOBUFS: it is in use. */
static int drop_last_span(struct wf_arena *arena)
{
	uint32_t last = arena->spans - 1;

	if (bit_claim(arena->warm, last))
		wf_budget_release(&arena->budget, WF_BUDGET_FREE_SPANS, WEFT_SPAN_BYTES);
	else if (!bit_claim(arena->cold, last))
		return -ENOBUFS;
	arena->spans--;
	return 0;
}

/* Drop spans until those without memory fit what is left of the limit. */
static int shrink_to_fit(struct wf_arena *arena, uint64_t headroom_bytes)
{
	uint64_t limit = arena->budget.limit_bytes;
	uint64_t room = limit > headroom_bytes ? limit - headroom_bytes : 0;

	while (arena->spans) {
		uint64_t cold = bits_count(arena, arena->cold);

		if (wf_budget_used(&arena->budget) + (cold << WF_SPAN_SHIFT) <= room)
			return 0;
		if (drop_last_span(arena))
			break;
	}
	return -ENOBUFS;
}

/* Map @bytes of @fd where the arena is; what was there is gone. */
static bool map_over(struct wf_arena *arena, int fd, uint64_t bytes)
{
	return mmap(arena->base, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) !=
	       MAP_FAILED;
}

/*
 * Huge pages in place of the plain ones, in which nothing is yet. A first mapping
 * elsewhere reserves them, or fails without harm; then the arena's own cannot
 * fail for want of them. Return: 1: done; 0: there are none, all is as before;
 * -ENOMEM: the arena is lost.
 */
static int try_huge_pages(struct wf_arena *arena)
{
	uint64_t bytes = wf_arena_bytes(arena) & ~(uint64_t)(HUGE_BYTES - 1);
	uint8_t *elsewhere;
	bool mapped;
	int fd;

	if (!bytes || atomic_load(&arena->used_spans))
		return 0;
	fd = memfd_create("weft-arena-huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	if (fd < 0)
		return 0;
	if (ftruncate(fd, (off_t)bytes) || map_aligned(fd, bytes, &elsewhere)) {
		close(fd);
		return 0;
	}
	mapped = map_over(arena, fd, bytes);
	munmap(elsewhere, bytes);
	if (!mapped) {
		close(fd);
		return map_over(arena, arena->fd, bytes) ? 0 : -ENOMEM;
	}
	munmap(arena->base + bytes, arena->map_bytes - bytes);
	close(arena->fd);
	arena->fd = fd;
	arena->map_bytes = bytes;
	while (wf_arena_bytes(arena) > bytes)
		drop_last_span(arena);
	wf_info("memory: arena: %llu MiB in huge pages", (unsigned long long)(bytes >> 20));
	return 1;
}

/* Plain pages: unmap what shrinking cut off, and take huge ones if the system offers. */
static void keep_plain_pages(struct wf_arena *arena)
{
	uint64_t bytes = wf_arena_bytes(arena);

	if (bytes < arena->map_bytes) {
		munmap(arena->base + bytes, arena->map_bytes - bytes);
		arena->map_bytes = bytes;
	}
	madvise(arena->base, bytes, MADV_HUGEPAGE);
}

int wf_arena_pin(struct wf_arena *arena, uint64_t headroom_bytes)
{
	uint64_t cold;
	int err;

	if (arena->is_pinned)
		return 0;

	wf_arena_trim(arena, 0);
	err = shrink_to_fit(arena, headroom_bytes);
	if (err)
		return err;
	err = try_huge_pages(arena);
	if (err < 0)
		return err;
	if (!err)
		keep_plain_pages(arena);

	cold = bits_count(arena, arena->cold);
	err = wf_budget_reserve(&arena->budget, WF_BUDGET_FREE_SPANS, cold << WF_SPAN_SHIFT);
	if (err)
		return err;

	wf_arena_keep_memory(arena);
	arena->is_pinned = true;
	for (uint32_t index = 0; index < arena->spans; index++)
		if (bit_claim(arena->cold, index))
			bit_give(arena->warm, index);
	return 0;
}

/* ---- questions ---- */

void *wf_arena_base(const struct wf_arena *arena)
{
	return arena->base;
}

uint64_t wf_arena_bytes(const struct wf_arena *arena)
{
	return (uint64_t)arena->spans << WF_SPAN_SHIFT;
}

uint64_t wf_arena_used_bytes(const struct wf_arena *arena)
{
	return atomic_load_explicit(&arena->used_spans, memory_order_relaxed) << WF_SPAN_SHIFT;
}

void wf_arena_set_squeeze(struct wf_arena *arena, uint32_t squeeze)
{
	if (squeeze > WF_SQUEEZE_MAX)
		squeeze = WF_SQUEEZE_MAX;
	atomic_store_explicit(&arena->squeeze, squeeze, memory_order_relaxed);
}

struct wf_budget *wf_arena_budget(struct wf_arena *arena)
{
	return &arena->budget;
}

void wf_arena_publish(const struct wf_arena *arena, struct wf_metrics *metrics)
{
	uint64_t trimmed = atomic_load_explicit(&arena->trimmed_spans, memory_order_relaxed);

	wf_budget_publish(&arena->budget, metrics);
	wf_metric_set(metrics, memory_trimmed_bytes, trimmed << WF_SPAN_SHIFT);
}

struct wf_page *wf_arena_page_at(const struct wf_arena *arena, uint64_t off)
{
	struct wf_span *span = wf_arena_span(arena, (uint32_t)(off >> WF_SPAN_SHIFT));
	uint64_t in_span = off & (WEFT_SPAN_BYTES - 1);

	wf_assert(off < wf_arena_bytes(arena));
	wf_assert(span->use == WF_SPAN_FRAMES || span->use == WF_SPAN_PAGES);
	return wf_span_page(span, (uint32_t)(in_span * span->page_inverse >> 32));
}

bool wf_arena_is_valid(const struct wf_arena *arena)
{
	uint64_t warm = bits_count(arena, arena->warm);
	uint64_t cold = bits_count(arena, arena->cold);
	uint64_t used = wf_arena_used_bytes(arena) >> WF_SPAN_SHIFT;

	for (uint32_t i = 0; i < arena->words; i++)
		if (arena->warm[i] & arena->cold[i])
			return false;
	return warm + cold + used == arena->spans && wf_budget_is_valid(&arena->budget) &&
	       warm << WF_SPAN_SHIFT == wf_budget_held(&arena->budget, WF_BUDGET_FREE_SPANS);
}
