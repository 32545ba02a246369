// SPDX-License-Identifier: BSD-2-Clause
/*
 * arena_pin.c - shrinks the arena until it fits in the limit, and keeps all its memory, so that the
 * kernel can use the arena as UMEM.
 *
 * Every span of a pinned arena has memory until the arena is freed. No hole is punched, because
 * weft would then get new pages for the hole, while the kernel would go on using the old ones. All
 * spans are charged. Therefore the arena is first shrunk until it fits in the limit together with
 * all other reservations.
 */
#include <errno.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "memory/arena_internal.h"
#include "memory/bits_internal.h"

void wf_arena_keep_memory(struct wf_arena *arena)
{
	/*
	 * Pairs with the accesses of keeps_memory and punching in wf_arena_trim(). After the loop
	 * no thread punches holes.
	 */
	atomic_store(&arena->keeps_memory, true);
	while (atomic_load(&arena->punching))
		;
}

/* Remove the last span from the arena. Return: 0; -ENOBUFS: the span is in use. */
static int drop_last_span(struct wf_arena *arena)
{
	uint32_t last = arena->spans - 1;

	if (wf_bit_claim(arena->warm, last))
		wf_budget_release(&arena->budget, WF_BUDGET_FREE_SPANS, WEFT_SPAN_BYTES);
	else if (!wf_bit_claim(arena->cold, last))
		return -ENOBUFS;
	arena->spans--;
	return 0;
}

/*
 * Remove the last spans until memory for all cold spans fits in the limit, beside the present
 * reservations and @headroom_bytes. Return: 0; -ENOBUFS: no span is left, or the last span is in
 * use.
 */
static int shrink_to_fit(struct wf_arena *arena, uint64_t headroom_bytes)
{
	uint64_t limit = arena->budget.limit_bytes;
	uint64_t room = limit > headroom_bytes ? limit - headroom_bytes : 0;

	while (arena->spans) {
		uint64_t cold = wf_bits_count(arena->cold, arena->words);

		if (wf_budget_used(&arena->budget) + (cold << WF_SPAN_SHIFT) <= room)
			return 0;
		if (drop_last_span(arena))
			break;
	}
	return -ENOBUFS;
}

/* Map @bytes of @fd over the arena's address range, which discards the old mapping. */
static bool map_over(struct wf_arena *arena, int fd, uint64_t bytes)
{
	return mmap(arena->base, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) !=
	       MAP_FAILED;
}

static bool is_in_use(const struct wf_arena *arena, uint32_t index)
{
	return !wf_bit_is_set(arena->warm, index) && !wf_bit_is_set(arena->cold, index);
}

/* Return true if all spans from span @end on are free, so that the arena may end there. */
static bool is_free_from(const struct wf_arena *arena, uint32_t end)
{
	for (uint32_t index = end; index < arena->spans; index++)
		if (is_in_use(arena, index))
			return false;
	return true;
}

/*
 * Copy the spans in use to @to. They hold the queues, the slots, the maps of connections and the
 * consumers' memory of subscriptions that were created before the start.
 */
static void copy_spans_in_use(const struct wf_arena *arena, uint8_t *to)
{
	for (uint32_t index = 0; index < arena->spans; index++) {
		uint64_t off = (uint64_t)index << WF_SPAN_SHIFT;

		if (is_in_use(arena, index))
			memcpy(to + off, arena->base + off, WEFT_SPAN_BYTES);
	}
}

/*
 * Replace the arena's plain pages by huge pages. The huge pages are first mapped at another
 * address, which reserves them, so that a shortage is noticed before the arena is changed. Return:
 * 1: replaced; 0: there are too few huge pages, or a span in use lies after the last whole huge
 * page, and nothing has changed; -ENOMEM: the arena's memory is lost.
 */
static int try_huge_pages(struct wf_arena *arena)
{
	uint64_t bytes = wf_arena_bytes(arena) & ~(uint64_t)(WF_HUGE_BYTES - 1);
	uint8_t *elsewhere;
	bool mapped;
	int fd;

	if (!bytes || !is_free_from(arena, (uint32_t)(bytes >> WF_SPAN_SHIFT)))
		return 0;
	fd = wf_arena_memfd("weft-arena-huge", MFD_HUGETLB | MFD_HUGE_2MB);
	if (fd < 0)
		return 0;
	if (ftruncate(fd, (off_t)bytes) || wf_arena_map_aligned(fd, bytes, &elsewhere)) {
		close(fd);
		return 0;
	}
	copy_spans_in_use(arena, elsewhere);
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

/* Keep plain pages: unmap the range that shrinking removed, and enable transparent huge pages. */
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

	cold = wf_bits_count(arena->cold, arena->words);
	err = wf_budget_reserve(&arena->budget, WF_BUDGET_FREE_SPANS, cold << WF_SPAN_SHIFT);
	if (err)
		return err;

	wf_arena_keep_memory(arena);
	arena->is_pinned = true;
	for (uint32_t index = 0; index < arena->spans; index++)
		if (wf_bit_claim(arena->cold, index))
			wf_bit_give(arena->warm, index);
	return 0;
}
