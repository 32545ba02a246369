/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.h - a piece of the arena that holds packet bytes (or a bundle: queue/bundle.h): a received
 * frame, or a page of a size class.
 *
 * References are counted; the last put returns a page of a size class to its pool, and a received
 * frame to the pool of the thread that puts it, or to a stack for all pools. The header of a page
 * (4 bytes) is outside the data area, so that a UMEM frame contains no header.
 */
#ifndef WF_MEMORY_PAGE_H
#define WF_MEMORY_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wf_page;
struct wf_page_pool;

/* Add a reference. Thread: any that holds a reference already. */
void wf_page_get(struct wf_page *page);

/*
 * Add @count references at once, which costs as much as adding one. Thread: any that holds a
 * reference already.
 */
void wf_page_get_many(struct wf_page *page, uint32_t count);

/*
 * Drop @count references at once, but not the last one: at least one more reference must exist.
 * Thread: any that holds these references.
 */
void wf_page_put_many(struct wf_page *page, uint32_t count);

/* Drop a reference; if it is the last one, free the page. NULL is allowed. Thread: any. */
void wf_page_put(struct wf_page *page);

/*
 * Return true if the caller has the only reference. Then no other thread reads the page or can add
 * a reference. Thread: any that holds the page.
 */
bool wf_page_is_sole(const struct wf_page *page);

/* Return true if @page is an rx frame, false if it is a page of a size class. */
bool wf_page_is_frame(const struct wf_page *page);

/* Return the start of the page's data area. */
uint8_t *wf_page_bytes(const struct wf_page *page);

/* Return the size of the page's data area in bytes. */
size_t wf_page_capacity(const struct wf_page *page);

/*
 * Copy @len_bytes from @bytes to offset @off of the page. Return: 0; -ERANGE: @off + @len_bytes
 * exceeds the capacity, and nothing was copied.
 */
int wf_page_copy_in(struct wf_page *page, uint64_t off, const void *bytes, uint64_t len_bytes);

/* Copy @len_bytes from offset @off of the page to @bytes. Return: as wf_page_copy_in(). */
int wf_page_copy_out(const struct wf_page *page, uint64_t off, void *bytes, uint64_t len_bytes);

/* Write the address of the byte at @off to *@ret_bytes. Return: as wf_page_copy_in(). */
int wf_page_view(const struct wf_page *page, uint64_t off, uint64_t len_bytes,
		 const uint8_t **ret_bytes);

/*
 * Replace *@page by a page for @bytes that contains the first @keep_bytes of the old one. Takes the
 * caller's reference to *@page and writes a reference to the new page; other holders keep the old
 * page. A page of a size class that is not larger than a new one would be, and holds @bytes, is not
 * replaced.
 *
 * Return: 0; -ERANGE: @keep_bytes exceeds the size of the old page or @bytes, or @bytes exceeds the
 * size of a span; -ENOBUFS: no page is free. On error *@page is unchanged.
 */
int wf_page_resize(struct wf_page **page, struct wf_page_pool *pool, uint64_t keep_bytes,
		   uint64_t bytes);

#endif
