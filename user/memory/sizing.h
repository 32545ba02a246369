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

enum {
	WF_SIZING_STEP = 64,   /* bytes a bucket below WF_SIZING_FINE */
	WF_SIZING_FINE = 2048, /* bytes; above, a bucket spans so many */
	WF_SIZING_BUCKETS = 32 + 31,
	WF_SIZING_PERIOD = 4096, /* notes between two halvings */
};

/* All zero is an empty histogram. */
struct wf_sizing {
	uint32_t counts[WF_SIZING_BUCKETS];
	uint32_t notes; /* since the last halving */
};

void wf_sizing_decay(struct wf_sizing *sizing);

/* Largest size that bucket @bucket counts. */
static inline uint32_t wf_sizing_top(uint32_t bucket)
{
	if (bucket < WF_SIZING_FINE / WF_SIZING_STEP)
		return (bucket + 1) * WF_SIZING_STEP;
	return (bucket - WF_SIZING_FINE / WF_SIZING_STEP + 2) * WF_SIZING_FINE;
}

/* @bytes: 1 .. WEFT_SPAN_BYTES. */
static inline uint32_t wf_sizing_bucket(uint32_t bytes)
{
	if (bytes <= WF_SIZING_FINE)
		return (bytes - 1) / WF_SIZING_STEP;
	return (bytes - 1) / WF_SIZING_FINE + WF_SIZING_FINE / WF_SIZING_STEP - 1;
}

/* A page of @bytes was asked for. */
static inline void wf_sizing_note(struct wf_sizing *sizing, uint32_t bytes)
{
	sizing->counts[wf_sizing_bucket(bytes)]++;
	if (++sizing->notes >= WF_SIZING_PERIOD)
		wf_sizing_decay(sizing);
}

/* Notes of sizes in (@above, @upto], decayed. */
uint64_t wf_sizing_notes(const struct wf_sizing *sizing, uint32_t above, uint32_t upto);

/*
 * Empty spans that a class should keep ready: its share of @spare_spans by the
 * bytes that sizes in (@above, @page_bytes] need. Return: 0 if none was needed lately.
 */
uint32_t wf_sizing_ready(const struct wf_sizing *sizing, uint32_t above, uint32_t page_bytes,
			 uint32_t spare_spans);

#endif
