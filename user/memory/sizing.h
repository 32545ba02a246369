/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sizing.h - a decaying histogram of the page sizes that the traffic needs.
 *
 * The counters are halved after every WF_SIZING_PERIOD requests and by wf_page_pool_housekeep(), so
 * that the histogram follows the recent traffic. It is used to choose the number of empty spans
 * that a class keeps ready, and the page size that wastes the fewest bytes.
 *
 * Memory: one struct, embedded in a pool. Thread: the worker.
 */
#ifndef WF_MEMORY_SIZING_H
#define WF_MEMORY_SIZING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/limits.h>

/* Bucket widths: 64 bytes up to 2048, 512 up to 16384, 4096 up to a span. */
enum {
	WF_SIZING_FINE = 2048,
	WF_SIZING_MIDDLE = 16384,
	WF_SIZING_FINE_BUCKETS = WF_SIZING_FINE / 64,
	WF_SIZING_MIDDLE_BUCKETS = (WF_SIZING_MIDDLE - WF_SIZING_FINE) / 512,
	WF_SIZING_COARSE_BUCKETS = (WEFT_SPAN_BYTES - WF_SIZING_MIDDLE) / 4096,
	WF_SIZING_BUCKETS =
		WF_SIZING_FINE_BUCKETS + WF_SIZING_MIDDLE_BUCKETS + WF_SIZING_COARSE_BUCKETS,
	WF_SIZING_PERIOD = 1024, /* number of requests after which the counters are halved */
};

/* A histogram of requested page sizes. Zeroed storage is an empty histogram. */
struct wf_sizing {
	uint32_t counts[WF_SIZING_BUCKETS];
	uint32_t notes; /* number of requests since the counters were last halved */
};

/* Halve all counters, and begin a new period. */
void wf_sizing_decay(struct wf_sizing *sizing);

/*
 * Return the lower bound of bucket @bucket. The bucket counts sizes above this bound, up to and
 * including the lower bound of the next bucket.
 */
static inline uint32_t wf_sizing_floor(uint32_t bucket)
{
	uint32_t middle = bucket - WF_SIZING_FINE_BUCKETS;

	if (bucket <= WF_SIZING_FINE_BUCKETS)
		return bucket * 64;
	if (middle <= WF_SIZING_MIDDLE_BUCKETS)
		return WF_SIZING_FINE + middle * 512;
	return WF_SIZING_MIDDLE + (middle - WF_SIZING_MIDDLE_BUCKETS) * 4096;
}

/* Return the bucket that counts @bytes, from 1 to WEFT_SPAN_BYTES. */
static inline uint32_t wf_sizing_bucket(uint32_t bytes)
{
	if (bytes <= WF_SIZING_FINE)
		return (bytes - 1) / 64;
	if (bytes <= WF_SIZING_MIDDLE)
		return WF_SIZING_FINE_BUCKETS + (bytes - 1 - WF_SIZING_FINE) / 512;
	return WF_SIZING_FINE_BUCKETS + WF_SIZING_MIDDLE_BUCKETS +
	       (bytes - 1 - WF_SIZING_MIDDLE) / 4096;
}

/*
 * Count a request for a page of @bytes. Return: true if WF_SIZING_PERIOD requests were counted
 * since the last wf_sizing_decay(): the caller then evaluates the histogram and calls
 * wf_sizing_decay() again.
 */
static inline bool wf_sizing_note(struct wf_sizing *sizing, uint32_t bytes)
{
	sizing->counts[wf_sizing_bucket(bytes)]++;
	return ++sizing->notes >= WF_SIZING_PERIOD;
}

/*
 * Return the number of empty spans that a class should keep ready: a share of @spare_spans in
 * proportion to the bytes requested in sizes (@above, @page_bytes]; 0 if such sizes were not
 * requested lately.
 */
uint32_t wf_sizing_ready(const struct wf_sizing *sizing, uint32_t above, uint32_t page_bytes,
			 uint32_t spare_spans);

/*
 * Return the page size that saves most bytes when it is added to @sizes: a multiple of 64, at least
 * @min_bytes; 0 if no size saves anything. @sizes: ascending, the last is WEFT_SPAN_BYTES.
 *
 * @ret_saved_percent: the saving, in percent of the bytes that the requests take with @sizes
 * alone.
 */
uint32_t wf_sizing_best(const struct wf_sizing *sizing, const uint32_t *sizes, uint32_t count,
			uint32_t min_bytes, uint32_t *ret_saved_percent);

/*
 * Return the percentage of bytes that is saved when the page size @extra_bytes is added to @sizes.
 */
uint32_t wf_sizing_saved_percent(const struct wf_sizing *sizing, const uint32_t *sizes,
				 uint32_t count, uint32_t extra_bytes);

#endif
