/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.h - the one mapping that holds everything: UMEM frames, pages, slabs, queues.
 *
 * Cut into spans of WEFT_SPAN_BYTES. A span is free, or serves one use; an empty
 * one comes back and may serve another. Backed by a memfd (MAP_SHARED), so that
 * AF_XDP can register it and a span given back can return its memory to the system.
 *
 * Thread: any, where not told otherwise; lock-free.
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
 * @max_bytes: the one limit (budget.h): the spans, their tables and whatever is
 * reserved beside them never exceed it together. As many spans as fit it are
 * mapped; none has memory until it is used. Return: 0; -EINVAL: too small or too
 * large; -ENOMEM. Thread: main.
 */
int wf_arena_new(uint64_t max_bytes, struct wf_arena **ret_arena);

/* All users are gone. NULL is allowed. Thread: main. */
void wf_arena_free(struct wf_arena *arena);

/*
 * From now on the kernel holds the arena's memory (UMEM): all of it is charged
 * and no span's memory is given back to the system, because the kernel would keep other pages
 * than ours. The arena shrinks first until, with what is already
 * reserved and @headroom_bytes of later reservations, it fits the limit. Takes
 * huge pages if there are any; what spans in use hold moves with them and stays where it
 * is seen. Call before wf_arena_base() is registered.
 *
 * Return: 0; -ENOBUFS: no span would be left, or one in use is in the way;
 * -ENOMEM: the system failed, the arena can only be freed.
 * Thread: main, before any other reads or writes in the arena.
 */
int wf_arena_pin(struct wf_arena *arena, uint64_t headroom_bytes);

/* A part of an arena, whose memory comes from one node of the machine. */
struct wf_arena_part {
	int node;	 /* -1: from any */
	uint32_t weight; /* of the sum of all weights */
};

/*
 * Cut a fresh arena into @count parts, at most WF_ARENA_PARTS_MAX; later ones may be empty if the
 * arena is small. Memory that a node does not have comes from another. Thread: main, before
 * any other uses the arena, and before its base is registered.
 */
#define WF_ARENA_PARTS_MAX WEFT_WORKERS_MAX
void wf_arena_divide(struct wf_arena *arena, const struct wf_arena_part *parts, uint32_t count);

/* The calling thread's spans come from part @part of @arena from now on, while it has free ones. */
void wf_arena_prefer(const struct wf_arena *arena, uint32_t part);

/* The whole mapping, for registration as UMEM; a UMEM address is an offset into it. */
void *wf_arena_base(const struct wf_arena *arena);
uint64_t wf_arena_bytes(const struct wf_arena *arena);

/*
 * A run of adjacent spans that holds @bytes, contents undefined. Return: its first byte;
 * NULL: no run of that length is free, or the limit is reached.
 */
void *wf_arena_take_run(struct wf_arena *arena, uint64_t bytes);

/* The same, all bytes zero. Memory that was never used before is zero without being touched. */
void *wf_arena_take_zeroed_run(struct wf_arena *arena, uint64_t bytes);

/* Give back a run, with the @bytes for which it was taken. */
void wf_arena_put_run(struct wf_arena *arena, void *start, uint64_t bytes);

/* Bytes of spans that serve some use. */
uint64_t wf_arena_used_bytes(const struct wf_arena *arena);

/*
 * Hand the memory of free spans back to the system, except @keep_bytes of it.
 * A system call for each span: not on the packet path. Does nothing once pinned.
 * Return: bytes handed back. Thread: any.
 */
uint64_t wf_arena_trim(struct wf_arena *arena, uint64_t keep_bytes);

/*
 * The pressure level, 0 normal to 3 critical. The higher it is, the less pools keep in reserve and
 * the smaller buffers are advised (page_pool.h); 0 undoes both. Thread: one (the pressure handler).
 */
#define WF_SQUEEZE_MAX 3u
void wf_arena_set_squeeze(struct wf_arena *arena, uint32_t squeeze);

/* The budget of the one limit. Lives as long as the arena. */
struct wf_budget *wf_arena_budget(struct wf_arena *arena);

/* Write the memory_* metrics. Thread: the owner of @metrics. */
void wf_arena_publish(const struct wf_arena *arena, struct wf_metrics *metrics);

/*
 * The page whose data area contains the byte at offset @off, for instance of a
 * received frame's descriptor. @off must lie in a span that holds frames or pages.
 */
struct wf_page *wf_arena_page_at(const struct wf_arena *arena, uint64_t off);

/* Do bitmaps, counters and budget agree? True only while nobody is changing them. */
bool wf_arena_is_valid(const struct wf_arena *arena);

#endif
