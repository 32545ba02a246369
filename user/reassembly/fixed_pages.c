// SPDX-License-Identifier: BSD-2-Clause
/*
 * fixed_pages.c - holds each segment in a page of its own of a fixed size, as the baseline of
 * measurements.
 */
#include "reassembly/fixed_pages.h"

#include <string.h>

#include <weft/limits.h>

#include "memory/page.h"
#include "memory/page_pool.h"
#include "reassembly/hold.h"
#include "reassembly/stream.h"

void wf_fixed_pages_choose(struct wf_page_pool_opts *opts)
{
	opts->small_bytes = opts->large_bytes = 0;
	opts->medium_bytes = WEFT_PAGE_FIXED_BYTES;
	opts->keeps_spans = true;
}

bool wf_fixed_pages_hold(struct wf_stream_env *env, const struct wf_hold_source *source,
			 struct wf_extent *extent)
{
	extent->page = NULL;
	extent->bytes = source->bytes;
	if (source->page || source->is_lent) {
		struct wf_page *page = wf_page_pool_take(env->pages, source->len_bytes);

		if (!page)
			return false;
		memcpy(wf_page_bytes(page), source->bytes, source->len_bytes);
		extent->page = page;
		extent->bytes = wf_page_bytes(page);
	}
	extent->flags &= (uint8_t) ~(WF_EXTENT_TINY | WF_EXTENT_COPIED);
	extent->len_bytes = source->len_bytes;
	return true;
}
