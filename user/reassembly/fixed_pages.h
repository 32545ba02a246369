/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixed_pages.h - the fixed-page mode: all pages have one size. Measurements compare adaptive page
 * sizes with this mode.
 *
 * Every held run of bytes that is not in a mapped file has a page of its own of
 * WEFT_PAGE_FIXED_BYTES (a longer run has a whole span), and a pool returns its spans to the arena
 * only when it is freed. Disabling the option memory.enable_adaptive_sizing selects this mode;
 * `make bench-memory` compares both modes.
 */
#ifndef WF_REASSEMBLY_FIXED_PAGES_H
#define WF_REASSEMBLY_FIXED_PAGES_H

#include <stdbool.h>

struct wf_extent;
struct wf_hold_source;
struct wf_page_pool_opts;
struct wf_stream_env;

/* Set @opts so that the pool has pages of one size, and keeps its spans until it is freed. */
void wf_fixed_pages_choose(struct wf_page_pool_opts *opts);

/*
 * Store the bytes of a segment, in place of wf_hold_take(). Bytes in a mapped file stay there; this
 * function copies all others to a page of their own. Return: false if there is no memory.
 */
bool wf_fixed_pages_hold(struct wf_stream_env *env, const struct wf_hold_source *source,
			 struct wf_extent *extent);

#endif
