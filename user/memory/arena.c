// SPDX-License-Identifier: BSD-2-Clause
/*
 * arena.c - the spans of one mapping. Each span is free or has one use.
 *
 *   warm bitmap   free spans with memory, taken first
 *   cold bitmap   free spans without memory: never used, or returned to the system (hole punched)
 *
 * A thread takes a span by clearing the span's bit; the thread that clears the bit owns the span.
 * To take a run, a thread takes one span after the other, and gives all of them back if a span of
 * the run is not free.
 *
 * Bound: the tables are charged to the budget when the arena is created, and a cold span is charged
 * before its bit is cleared. A warm span stays charged (to WF_BUDGET_FREE_SPANS) until its memory
 * is returned to the system. So the budget's used_bytes are never less than the resident memory of
 * the arena.
 */
#include "memory/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/numa.h"
#include "memory/arena_internal.h"
#include "memory/bits_internal.h"
#include "memory/fault.h"

static const enum wf_budget_owner owner_of_use[] = {
	[WF_SPAN_UNUSED] = WF_BUDGET_FREE_SPANS, [WF_SPAN_RUN] = WF_BUDGET_RUNS,
	[WF_SPAN_FRAMES] = WF_BUDGET_FRAMES,	 [WF_SPAN_PAGES] = WF_BUDGET_PAGES,
	[WF_SPAN_SLAB] = WF_BUDGET_SLABS,
};

/* ---- creation ---- */

/*
 * Return the size in bytes of the tables for @spans spans: blocks, two bitmaps and struct wf_arena.
 */
static uint64_t tables_for(uint64_t spans)
{
	uint64_t words = (spans + WF_WORD_BITS - 1) / WF_WORD_BITS;

	return spans * WF_SPAN_BLOCK_BYTES + 2 * words * sizeof(uint64_t) + sizeof(struct wf_arena);
}

static uint64_t spans_that_fit(uint64_t max_bytes)
{
	uint64_t spans = max_bytes / (WEFT_SPAN_BYTES + WF_SPAN_BLOCK_BYTES);

	while (spans && spans * WEFT_SPAN_BYTES + tables_for(spans) > max_bytes)
		spans--;
	return spans;
}

int wf_arena_map_aligned(int fd, uint64_t bytes, uint8_t **ret_base)
{
	uint64_t room = bytes + WF_HUGE_BYTES;
	uint8_t *start =
		mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint8_t *base;

	if (start == MAP_FAILED)
		return -ENOMEM;

	base = (uint8_t *)(((uintptr_t)start + WF_HUGE_BYTES - 1) &
			   ~(uintptr_t)(WF_HUGE_BYTES - 1));
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

int wf_arena_memfd(const char *name, unsigned int flags)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
	int err;

	if (fd < 0)
		return -errno;
	if (!fchmod(fd, 0444))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int map_data(struct wf_arena *arena)
{
	int err = -ENOMEM;

	arena->map_bytes = (uint64_t)arena->spans << WF_SPAN_SHIFT;
	arena->fd = wf_arena_memfd("weft-arena", 0);
	if (arena->fd < 0)
		return arena->fd;
	if (!ftruncate(arena->fd, (off_t)arena->map_bytes))
		err = wf_arena_map_aligned(arena->fd, arena->map_bytes, &arena->base);
	if (err)
		close(arena->fd);
	return err;
}

static int map_tables(struct wf_arena *arena)
{
	uint64_t blocks_bytes = (uint64_t)arena->spans * WF_SPAN_BLOCK_BYTES;

	arena->words = (arena->spans + WF_WORD_BITS - 1) / WF_WORD_BITS;
	arena->table_bytes = blocks_bytes + 2ull * arena->words * sizeof(uint64_t);
	arena->blocks = mmap(NULL, arena->table_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena->blocks == MAP_FAILED)
		return -ENOMEM;

	arena->warm = (_Atomic uint64_t *)(arena->blocks + blocks_bytes);
	arena->cold = arena->warm + arena->words;
	for (uint32_t index = 0; index < arena->spans; index++)
		wf_bit_give(arena->cold, index);
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

/* ---- parts ---- */

/*
 * Index of the bitmap word at which the calling thread begins to search for a free span; set by
 * wf_arena_prefer().
 */
static _Thread_local uint32_t first_word;

/*
 * Prefer memory of @node for the spans of the bitmap words @from to @to - 1, and for their blocks.
 * A failure is only logged.
 */
static void place_part(struct wf_arena *arena, uint32_t from, uint32_t to, int node)
{
	uint64_t start = (uint64_t)from * WF_WORD_BITS;
	uint64_t end = (uint64_t)to * WF_WORD_BITS;
	int err;

	if (end > arena->spans)
		end = arena->spans;
	err = wf_numa_bind(arena->base + (start << WF_SPAN_SHIFT), (end - start) << WF_SPAN_SHIFT,
			   node);
	if (!err)
		err = wf_numa_bind(arena->blocks + start * WF_SPAN_BLOCK_BYTES,
				   (end - start) * WF_SPAN_BLOCK_BYTES, node);
	if (err)
		wf_info("memory: can't prefer NUMA node %d: %s", node, strerror(-err));
}

void wf_arena_divide(struct wf_arena *arena, const struct wf_arena_part *parts, uint32_t count)
{
	/*
	 * arena->words is not used here: after wf_arena_pin() has shrunk the arena, the last words
	 * of the bitmaps have no spans.
	 */
	uint32_t words = (arena->spans + WF_WORD_BITS - 1) / WF_WORD_BITS;
	uint32_t weights = 0;
	uint32_t before = 0;

	for (uint32_t i = 0; i < count; i++)
		weights += parts[i].weight;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t from = (uint32_t)((uint64_t)words * before / weights);
		uint32_t to;

		before += parts[i].weight;
		to = (uint32_t)((uint64_t)words * before / weights);
		arena->part_words[i] = from;
		if (parts[i].node >= 0 && to > from)
			place_part(arena, from, to, parts[i].node);
	}
}

void wf_arena_prefer(const struct wf_arena *arena, uint32_t part)
{
	first_word = arena->part_words[part];
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

/*
 * Claim span @index and charge it to @owner. Return: 0; -EBUSY: the span is not free; -ENOBUFS:
 * the limit is reached.
 */
static int span_claim(struct wf_arena *arena, uint32_t index, enum wf_budget_owner owner)
{
	if (wf_bit_is_set(arena->warm, index) && wf_bit_claim(arena->warm, index)) {
		wf_budget_move(&arena->budget, WF_BUDGET_FREE_SPANS, owner, WEFT_SPAN_BYTES);
		return 0;
	}
	if (!wf_bit_is_set(arena->cold, index))
		return -EBUSY;
	if (wf_budget_reserve(&arena->budget, owner, WEFT_SPAN_BYTES))
		return -ENOBUFS;
	if (wf_bit_claim(arena->cold, index))
		return 0;
	wf_budget_release(&arena->budget, owner, WEFT_SPAN_BYTES);
	return -EBUSY;
}

static void span_unclaim(struct wf_arena *arena, uint32_t index, enum wf_budget_owner owner)
{
	wf_budget_move(&arena->budget, owner, WF_BUDGET_FREE_SPANS, WEFT_SPAN_BYTES);
	wf_bit_give(arena->warm, index);
}

/*
 * Claim the first free span of the bitmap @bits at or after the start of the calling thread's part;
 * if there is none, the first free span of the arena. Return: its index; -ENOBUFS: none is free.
 */
static int64_t claim_any(const struct wf_arena *arena, _Atomic uint64_t *bits)
{
	uint32_t from = first_word < arena->words ? first_word : 0;
	int64_t index = wf_bit_claim_any(bits, from, arena->words);

	return index < 0 && from ? wf_bit_claim_any(bits, 0, from) : index;
}

static int64_t claim_one(struct wf_arena *arena, enum wf_budget_owner owner)
{
	int64_t index = -ENOBUFS;

	if (wf_budget_held(&arena->budget, WF_BUDGET_FREE_SPANS))
		index = claim_any(arena, arena->warm);
	if (index >= 0) {
		wf_budget_move(&arena->budget, WF_BUDGET_FREE_SPANS, owner, WEFT_SPAN_BYTES);
		return index;
	}
	if (wf_budget_reserve(&arena->budget, owner, WEFT_SPAN_BYTES))
		return -ENOBUFS;
	index = claim_any(arena, arena->cold);
	if (index < 0)
		wf_budget_release(&arena->budget, owner, WEFT_SPAN_BYTES);
	return index;
}

/*
 * Claim the lowest run of @count adjacent free spans from @first on. Each pass of the loop
 * claims one span or starts a new run.
 */
static int64_t claim_run_from(struct wf_arena *arena, uint32_t first, enum wf_budget_owner owner,
			      uint32_t count)
{
	uint32_t got = 0;

	for (uint32_t index = first; index < arena->spans; index++) {
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

static int64_t claim_run(struct wf_arena *arena, enum wf_budget_owner owner, uint32_t count)
{
	int64_t index = -ENOBUFS;

	if (first_word && first_word < arena->words)
		index = claim_run_from(arena, first_word * WF_WORD_BITS, owner, count);
	return index < 0 ? claim_run_from(arena, 0, owner, count) : index;
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

/*
 * Return the memory of one warm span to the system by punching a hole. Return: false if no span is
 * warm, or if the system call failed.
 */
static bool trim_one(struct wf_arena *arena)
{
	/*
	 * Trim the last warm span first: free spans are taken in ascending order, so the last one
	 * is needed latest.
	 */
	int64_t index = wf_bit_claim_last(arena->warm, arena->words);

	if (index < 0)
		return false;
	if (!punch(arena, (uint32_t)index)) {
		wf_bit_give(arena->warm, (uint32_t)index);
		return false;
	}
	wf_arena_span(arena, (uint32_t)index)->dirty = false;
	wf_budget_release(&arena->budget, WF_BUDGET_FREE_SPANS, WEFT_SPAN_BYTES);
	wf_bit_give(arena->cold, (uint32_t)index);
	return true;
}

uint64_t wf_arena_trim(struct wf_arena *arena, uint64_t keep_bytes)
{
	uint64_t spans = 0;

	/*
	 * Either this thread reads that keeps_memory is set, or the thread that sets keeps_memory
	 * reads that punching is not 0 and waits. Each thread writes its own word before it reads
	 * the other thread's word, and all four accesses are sequentially consistent.
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

void wf_arena_set_pressure_level(struct wf_arena *arena, uint32_t pressure_level)
{
	if (pressure_level > WF_ARENA_PRESSURE_MAX)
		pressure_level = WF_ARENA_PRESSURE_MAX;
	atomic_store_explicit(&arena->pressure_level, pressure_level, memory_order_relaxed);
}

struct wf_budget *wf_arena_budget(struct wf_arena *arena)
{
	return &arena->budget;
}

bool wf_arena_is_valid(const struct wf_arena *arena)
{
	uint64_t warm = wf_bits_count(arena->warm, arena->words);
	uint64_t cold = wf_bits_count(arena->cold, arena->words);
	uint64_t used = wf_arena_used_bytes(arena) >> WF_SPAN_SHIFT;

	for (uint32_t i = 0; i < arena->words; i++)
		if (arena->warm[i] & arena->cold[i])
			return false;
	return warm + cold + used == arena->spans && wf_budget_is_valid(&arena->budget) &&
	       warm << WF_SPAN_SHIFT == wf_budget_held(&arena->budget, WF_BUDGET_FREE_SPANS);
}
