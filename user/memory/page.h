/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.h - a piece of the arena that holds packet bytes: a received frame, or a
 * page of a size class. Counted references; the last one gives it back to its pool.
 *
 * The header (4 bytes) lives outside the data area, so that frames stay whole.
 */
#ifndef WF_MEMORY_PAGE_H
#define WF_MEMORY_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wf_page;
struct wf_page_pool;

/* One more holder. Thread: any that already holds it. */
void wf_page_get(struct wf_page *page);

/* One holder less; the last gives the page back. NULL is allowed. Thread: any. */
void wf_page_put(struct wf_page *page);

/*
 * Is the caller the only holder? Then nobody else reads the page, nor can begin
 * to. Thread: any that holds it.
 */
bool wf_page_is_sole(const struct wf_page *page);

/* A received frame, rather than a page of a class? */
bool wf_page_is_frame(const struct wf_page *page);

/* First byte, and how many fit. */
uint8_t *wf_page_bytes(const struct wf_page *page);
size_t wf_page_capacity(const struct wf_page *page);

/*
 * Bounds-checked access, all arithmetic in 64 bit; nothing is touched on error.
 * Return: 0; -ERANGE: offset + length is beyond the capacity.
 */
int wf_page_copy_in(struct wf_page *page, uint64_t off, const void *bytes, uint64_t len_bytes);
int wf_page_copy_out(const struct wf_page *page, uint64_t off, void *bytes, uint64_t len_bytes);
int wf_page_view(const struct wf_page *page, uint64_t off, uint64_t len_bytes,
		 const uint8_t **ret_bytes);

/*
 * A page for @bytes in place of *@page, with the first @keep_bytes of it. Takes
 * the caller's reference to *@page and writes the new one; other holders keep
 * what they have. Stays in place where that is possible.
 *
 * Return: 0; -ERANGE: @keep_bytes is beyond either page, or @bytes beyond a span;
 * -ENOBUFS. On error *@page is as before.
 */
int wf_page_resize(struct wf_page **page, struct wf_page_pool *pool, uint64_t keep_bytes,
		   uint64_t bytes);

#endif
