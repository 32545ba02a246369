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

#include <stddef.h>
#include <stdint.h>

struct wf_arena;
struct wf_page;

/* @max_bytes: rounded down to whole spans. Return: 0; -EINVAL too small; -ENOMEM. */
int wf_arena_new(uint64_t max_bytes, struct wf_arena **ret_arena);

/* All users are gone. NULL is allowed. */
void wf_arena_free(struct wf_arena *arena);

/* The whole mapping, for registration as UMEM; a UMEM address is an offset into it. */
void *wf_arena_base(const struct wf_arena *arena);
uint64_t wf_arena_bytes(const struct wf_arena *arena);

/* Return: offset of @count adjacent free spans; -ENOBUFS: there are none. */
int64_t wf_arena_take_spans(struct wf_arena *arena, uint32_t count);
void wf_arena_put_spans(struct wf_arena *arena, uint64_t off, uint32_t count);
uint64_t wf_arena_used_bytes(const struct wf_arena *arena);

/*
 * The page whose data area contains the byte at offset @off, for instance of a
 * received frame's descriptor. @off must lie in a span that holds frames or pages.
 */
struct wf_page *wf_arena_page_at(const struct wf_arena *arena, uint64_t off);

#endif
