/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.h - the one mapping that holds UMEM frames, pages, slabs and queues.
 *
 * The arena is divided into spans of WEFT_SPAN_BYTES. A span is free or has one use. A span that
 * was put is free for any use. The mapping is a memfd (MAP_SHARED), so that the memory of a free
 * span can be returned to the system, and so that other processes can map the arena.
 *
 * Thread: any, unless stated otherwise; lock-free.
 */
#ifndef WF_MEMORY_ARENA_H
#define WF_MEMORY_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/limits.h>

struct wf_arena;
struct wf_budget;
struct wf_metrics;
struct wf_page;

/*
 * Create an arena with as many spans as fit in @max_bytes, which is also the limit of the arena's
 * budget (budget.h). The sum of the spans, their tables and all other reservations never exceeds
 * this limit. A span has no physical memory until it is used.
 * Return: 0; -EINVAL: @max_bytes is too small or too large; -ENOMEM; -ENOBUFS: a test has armed a
 * fault (fault.h); another negative errno if the memfd could not be created. Thread: main.
 */
int wf_arena_new(uint64_t max_bytes, struct wf_arena **ret_arena);

/* Free the arena. No other thread may use it any more. NULL is allowed. Thread: main. */
void wf_arena_free(struct wf_arena *arena);

/*
 * Prepare the arena for registration as UMEM: charge all of its memory, and stop returning memory
 * to the system. (If the memory of a span were returned, weft would get new pages for it, while the
 * kernel would go on using the registered ones.) The arena first shrinks until it fits in the limit
 * together with the present reservations and @headroom_bytes of later ones. If there are huge
 * pages, this function uses them and copies the contents of spans in use, which keep their
 * addresses. To be called before the caller registers wf_arena_base().
 *
 * Return: 0, also if the arena is pinned already; -ENOBUFS: no span would be left, or a span in use
 * prevents shrinking; -ENOMEM: a system call failed, and the arena can only be freed. Thread: main,
 * before any other thread accesses the arena.
 */
int wf_arena_pin(struct wf_arena *arena, uint64_t headroom_bytes);

/* A part of an arena, whose memory comes from one NUMA node. */
struct wf_arena_part {
	int node;	 /* NUMA node; -1: any */
	uint32_t weight; /* size of the part is weight / sum of all weights */
};

/*
 * Divide the arena into @count parts, at most WF_ARENA_PARTS_MAX; some parts may be empty if the
 * arena is small. If a node has no free memory, the kernel uses memory of another node. Thread:
 * main, before any other thread uses the arena, and before its base is registered.
 */
#define WF_ARENA_PARTS_MAX WEFT_WORKERS_MAX
void wf_arena_divide(struct wf_arena *arena, const struct wf_arena_part *parts, uint32_t count);

/*
 * Let the calling thread search for free spans from the beginning of part @part of @arena on; if
 * there are none up to the end of the arena, from its beginning.
 */
void wf_arena_prefer(const struct wf_arena *arena, uint32_t part);

/*
 * Return the start of the mapping, for registration as UMEM; a UMEM address is an offset from
 * it.
 */
void *wf_arena_base(const struct wf_arena *arena);
uint64_t wf_arena_bytes(const struct wf_arena *arena);

/*
 * Take a run of adjacent spans that holds @bytes; its contents are undefined. Return: its first
 * byte; NULL if no run of that length is free, or if the limit is reached.
 */
void *wf_arena_take_run(struct wf_arena *arena, uint64_t bytes);

/*
 * Take a run as wf_arena_take_run() does, with all bytes zero. Memory that was never used, or was
 * returned to the system since, is zero already and is not written.
 */
void *wf_arena_take_zeroed_run(struct wf_arena *arena, uint64_t bytes);

/* Give back a run; @bytes is the size for which it was taken. */
void wf_arena_put_run(struct wf_arena *arena, void *start, uint64_t bytes);

/* Return the bytes of all spans that are not free. */
uint64_t wf_arena_used_bytes(const struct wf_arena *arena);

/*
 * Return the memory of free spans to the system until at most @keep_bytes of it are left. This
 * takes one system call for each span, so the function is for periodic work; the packet path causes
 * a call only if a reservation does not fit in the limit. Does nothing after wf_arena_pin() or
 * wf_arena_share(), or after a pool has made rx frames.
 * Return: bytes returned to the system. Thread: any.
 */
uint64_t wf_arena_trim(struct wf_arena *arena, uint64_t keep_bytes);

/*
 * Set the pressure level: 0 (normal) to 3 (critical). At a higher level, pools keep fewer empty
 * spans and recommend smaller buffers (page_pool.h). Thread: one (the pressure handler).
 */
#define WF_ARENA_PRESSURE_MAX 3u
void wf_arena_set_pressure_level(struct wf_arena *arena, uint32_t pressure_level);

/*
 * Let other processes map the arena for reading: seal it, and open it for reading. From the first
 * call on, the memory of free spans stays charged, and wf_arena_trim() does nothing. Return: a
 * descriptor, owned by the caller; negative errno. Thread: any; if wf_arena_pin() is called, then
 * after it, because wf_arena_pin() may replace the memfd.
 */
int wf_arena_share(struct wf_arena *arena);

/* Return the arena's budget (budget.h), to which weft's memory is charged; freed with the arena. */
struct wf_budget *wf_arena_budget(struct wf_arena *arena);

/* Write the memory_* metrics. Thread: the owner of @metrics. */
void wf_arena_publish(const struct wf_arena *arena, struct wf_metrics *metrics);

/*
 * Return the rx frame that contains the byte at offset @off, for instance the offset in a received
 * frame's descriptor. Its header is not read, but prefetched for page.h: it is not in the cache if
 * readers have kept frames.
 */
struct wf_page *wf_arena_page_at(const struct wf_arena *arena, uint64_t off);

/*
 * Return true if bitmaps, counters and budget are consistent. The result is valid only while no
 * other thread changes them.
 */
bool wf_arena_is_valid(const struct wf_arena *arena);

#endif
