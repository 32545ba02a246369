/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sizing.h - a decaying histogram of the page sizes that the traffic needs.
 *
 * Halved every WF_SIZING_PERIOD notes and whenever time passes without, so it
 * follows the traffic of the last moments. Answers two questions: how many
 * spare spans a class should keep ready, and which page size wastes least.
 *
 * Memory: one struct, embedded in a pool. Thread: the worker.
 */
#ifndef WF_MEMORY_SIZING_H
#define WF_MEMORY_SIZING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/limits.h>

/* Buckets of 64 bytes up to 2048, of 512 up to 16384, of 4096 up to a span. */
enum {
	WF_SIZING_FINE = 2048,
	WF_SIZING_MIDDLE = 16384,
	WF_SIZING_FINE_BUCKETS = WF_SIZING_FINE / 64,
	WF_SIZING_MIDDLE_BUCKETS = (WF_SIZING_MIDDLE - WF_SIZING_FINE) / 512,
	WF_SIZING_COARSE_BUCKETS = (WEFT_SPAN_BYTES - WF_SIZING_MIDDLE) / 4096,
	WF_SIZING_BUCKETS =
		WF_SIZING_FINE_BUCKETS + WF_SIZING_MIDDLE_BUCKETS + WF_SIZING_COARSE_BUCKETS,
	WF_SIZING_PERIOD = 1024, /* notes between two halvings */
};

/* All zero is an empty histogram. */
struct wf_sizing {
	uint32_t counts[WF_SIZING_BUCKETS];
	uint32_t notes; /* since the last halving */
};

void wf_sizing_decay(struct wf_sizing *sizing);

/* Sizes above this, up to that of the next bucket, are counted by bucket @bucket. */
static inline uint32_t wf_sizing_floor(uint32_t bucket)
{
	uint32_t middle = bucket - WF_SIZING_FINE_BUCKETS;

	if (bucket <= WF_SIZING_FINE_BUCKETS)
		return bucket * 64;
	if (middle <= WF_SIZING_MIDDLE_BUCKETS)
		return WF_SIZING_FINE + middle * 512;
	return WF_SIZING_MIDDLE + (middle - WF_SIZING_MIDDLE_BUCKETS) * 4096;
}

/* @bytes: 1 .. WEFT_SPAN_BYTES. */
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
 * A page of @bytes was asked for. Return: true: a period is over; it is time to
 * look at the histogram and to wf_sizing_decay() it.
 */
static inline bool wf_sizing_note(struct wf_sizing *sizing, uint32_t bytes)
{
	sizing->counts[wf_sizing_bucket(bytes)]++;
	return ++sizing->notes >= WF_SIZING_PERIOD;
}

/*
 * Empty spans that a class should keep ready: its share of @spare_spans by the
 * bytes that sizes in (@above, @page_bytes] need. Return: 0 if none was needed lately.
 */
uint32_t wf_sizing_ready(const struct wf_sizing *sizing, uint32_t above, uint32_t page_bytes,
			 uint32_t spare_spans);

/*
 * The page size that, added to those of @sizes, would save most: a multiple
 * of 64, at least @min_bytes. @sizes: ascending, the last WEFT_SPAN_BYTES.
 *
 * @ret_saved_percent: how much less the pages noted would take than with @sizes
 * alone. Return: 0: none would save anything.
 */
uint32_t wf_sizing_best(const struct wf_sizing *sizing, const uint32_t *sizes, uint32_t count,
			uint32_t min_bytes, uint32_t *ret_saved_percent);

/* How much less (percent) the pages noted take with @extra_bytes added to @sizes. */
uint32_t wf_sizing_saved_percent(const struct wf_sizing *sizing, const uint32_t *sizes,
				 uint32_t count, uint32_t extra_bytes);

#endif
