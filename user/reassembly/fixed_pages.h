/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixed_pages.h - the baseline that fitting pages are measured against: one page size for all.
 *
 * Every segment is held in a page of its own of WEFT_PAGE_FIXED_BYTES, and a pool keeps all memory
 * that it once took. The option memory.enable_adaptive_sizing chooses it; make bench-memory
 * compares.
 */
#ifndef WF_REASSEMBLY_FIXED_PAGES_H
#define WF_REASSEMBLY_FIXED_PAGES_H

#include <stdbool.h>

struct wf_extent;
struct wf_hold_source;
struct wf_page_pool_opts;
struct wf_stream_env;

/* Set @opts to those of a pool that has pages of one size and keeps them. */
void wf_fixed_pages_choose(struct wf_page_pool_opts *opts);

/* In place of wf_hold_take(): the bytes stay in a mapped file, or are copied to their own page. */
bool wf_fixed_pages_hold(struct wf_stream_env *env, const struct wf_hold_source *source,
			 struct wf_extent *extent);

#endif
