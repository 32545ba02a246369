// SPDX-License-Identifier: BSD-2-Clause
/*
 * sizing.c - a decaying histogram of the page sizes that the traffic needs.
 *
 * The histogram is evaluated and halved after WF_SIZING_PERIOD requests, and a few times a second.
 * wf_sizing_ready() scans the counters twice, wf_sizing_saved_percent() once, and wf_sizing_best()
 * once for each size that was requested lately.
 *
 * If the page size of a class lies inside a bucket, all requests in the bucket are counted for that
 * class. Page sizes up to 2048 are multiples of 64, and so never lie inside a bucket.
 */
#include "memory/sizing.h"

void wf_sizing_decay(struct wf_sizing *sizing)
{
	for (uint32_t i = 0; i < WF_SIZING_BUCKETS; i++)
		sizing->counts[i] /= 2;
	sizing->notes = 0;
}

/*
 * Return the sum of the sizes of all requests in (@above, @upto], in bytes, each size rounded up to
 * the end of its bucket.
 */
static uint64_t needed_bytes(const struct wf_sizing *sizing, uint32_t above, uint32_t upto)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < WF_SIZING_BUCKETS; i++)
		if (wf_sizing_floor(i) >= above && wf_sizing_floor(i) < upto)
			bytes += (uint64_t)sizing->counts[i] * wf_sizing_floor(i + 1);
	return bytes;
}

uint32_t wf_sizing_ready(const struct wf_sizing *sizing, uint32_t above, uint32_t page_bytes,
			 uint32_t spare_spans)
{
	uint64_t all = needed_bytes(sizing, 0, WEFT_SPAN_BYTES);
	uint64_t mine = needed_bytes(sizing, above, page_bytes);

	if (!mine)
		return 0;
	return (uint32_t)((mine * spare_spans + all - 1) / all);
}

/* Return the smallest of @sizes that holds @bytes. */
static uint32_t serving(const uint32_t *sizes, uint32_t count, uint32_t bytes)
{
	uint32_t i = 0;

	while (i < count - 1 && bytes > sizes[i])
		i++;
	return sizes[i];
}

/*
 * Return the number of bytes that an additional page size of @extra_bytes would save. Write to
 * @ret_all_bytes the bytes that the pages take with only the sizes @sizes.
 */
static uint64_t saved_bytes(const struct wf_sizing *sizing, const uint32_t *sizes, uint32_t count,
			    uint32_t extra_bytes, uint64_t *ret_all_bytes)
{
	uint64_t saved = 0;
	uint64_t all = 0;

	for (uint32_t i = 0; i < WF_SIZING_BUCKETS; i++) {
		uint32_t page;

		if (!sizing->counts[i])
			continue;
		page = serving(sizes, count, wf_sizing_floor(i) + 1);
		all += (uint64_t)sizing->counts[i] * page;
		if (wf_sizing_floor(i + 1) <= extra_bytes && extra_bytes < page)
			saved += (uint64_t)sizing->counts[i] * (page - extra_bytes);
	}
	*ret_all_bytes = all;
	return saved;
}

uint32_t wf_sizing_saved_percent(const struct wf_sizing *sizing, const uint32_t *sizes,
				 uint32_t count, uint32_t extra_bytes)
{
	uint64_t all;
	uint64_t saved = saved_bytes(sizing, sizes, count, extra_bytes, &all);

	return all ? (uint32_t)(saved * 100 / all) : 0;
}

uint32_t wf_sizing_best(const struct wf_sizing *sizing, const uint32_t *sizes, uint32_t count,
			uint32_t min_bytes, uint32_t *ret_saved_percent)
{
	uint64_t best_saved = 0;
	uint32_t best = 0;
	uint64_t all = 0;

	for (uint32_t i = 0; i < WF_SIZING_BUCKETS; i++) {
		uint32_t bytes = wf_sizing_floor(i + 1);
		uint64_t saved;

		/*
		 * A size that was not requested saves less than the next smaller size that was
		 * requested.
		 */
		if (bytes < min_bytes || (!sizing->counts[i] && bytes > min_bytes))
			continue;
		saved = saved_bytes(sizing, sizes, count, bytes, &all);
		if (saved > best_saved) {
			best_saved = saved;
			best = bytes;
		}
	}
	*ret_saved_percent = best ? (uint32_t)(best_saved * 100 / all) : 0;
	return best;
}
