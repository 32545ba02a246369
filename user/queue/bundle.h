/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bundle.h - records of successive DATA, GAP and ANOMALY events that several
 * queues share.
 *
 * Without bundles, an event for 16 subscriptions is written 16 times, and full queues drop their
 * events one by one. With bundles, a worker writes each event once, and pushes up to
 * WF_BUNDLE_EVENTS of them to a queue, or drops them from it, at once.
 *
 *   page of the worker's pool: │ header │ runs │ record │ record │ ...
 *
 * A bundle is filled by the worker, and not changed any more once a queue has it. Its holders are
 * counted: the worker until it has pushed the bundle, then the queues, all of which want all of its
 * events. A queue that is small beside the bundle holds it once for each part of its events. The
 * last holder puts the pages of the payload, and the page of the bundle itself. So a
 * reader that has released some events of a bundle pins their pages until it has taken the last
 * one.
 *
 * A run is a range of one direction, data and gaps, each of which begins where the one before ends.
 * It includes the anomalies of the direction. A queue that drops a whole bundle enters its runs in
 * a table of losses instead of its events, unless there are more than WF_BUNDLE_RUNS runs.
 */
#ifndef WF_QUEUE_BUNDLE_H
#define WF_QUEUE_BUNDLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>

#include "base/assert.h"

struct wf_losses;
struct wf_page;
struct wf_page_pool;
struct wf_record;

enum {
	WF_BUNDLE_EVENTS = 64,
	/* fewer events are pushed one by one: in a queue they need less memory than a bundle */
	WF_BUNDLE_MIN = 16,
	WF_BUNDLE_RECORD_BYTES = 128, /* length of each record */
	WF_BUNDLE_RUNS = 16,
	/* a bundle with this many payload bytes is full */
	WF_BUNDLE_PAYLOAD_BYTES = 131072,
};

struct wf_bundle_run {
	uint64_t from_off;
	uint64_t to_off;
	uint64_t bytes; /* payload bytes: those of the range without gaps */
	uint64_t time_ns;
	uint32_t events;
	uint32_t first; /* index of the first record */
};

struct wf_bundle {
	_Atomic uint32_t holders;
	uint32_t events;
	uint32_t runs_count; /* more than WF_BUNDLE_RUNS: there are more runs than runs[] holds */
	uint64_t payload_bytes;
	struct wf_page *page; /* owned: the page that contains this bundle */
	struct wf_bundle_run runs[WF_BUNDLE_RUNS];
	_Alignas(WF_CACHE_LINE) uint8_t records[WF_BUNDLE_EVENTS][WF_BUNDLE_RECORD_BYTES];
};

/*
 * Make an empty bundle with one holder, the caller. Return: NULL if memory is short, or if the
 * large pages of @pool are too small.
 */
struct wf_bundle *wf_bundle_new(struct wf_page_pool *pool);

/* Return true if no more events may be added. */
static inline bool wf_bundle_is_full(const struct wf_bundle *bundle)
{
	return bundle->events == WF_BUNDLE_EVENTS ||
	       bundle->payload_bytes >= WF_BUNDLE_PAYLOAD_BYTES;
}

/*
 * Add an event to a bundle that is not full: DATA, GAP, or ANOMALY without bytes. The bundle takes
 * a reference of its own to @page, which is NULL for other events than DATA and may be NULL for
 * DATA.
 */
void wf_bundle_add(struct wf_bundle *bundle, const struct weft_event *event, struct wf_page *page);

static inline struct wf_record *wf_bundle_record(struct wf_bundle *bundle, uint32_t index)
{
	return (struct wf_record *)bundle->records[index];
}

/* Add @count holders. Thread: one that is a holder. */
void wf_bundle_get_many(struct wf_bundle *bundle, uint32_t count);

/* Remove @count holders; the last one frees the bundle. Thread: any. */
void wf_bundle_put_many(struct wf_bundle *bundle, uint32_t count);

/* Put what @record, of any type, owns. */
void wf_record_release(const struct wf_record *record);

/* Prefetch what wf_bundle_lose() reads first of @bundle. */
void wf_bundle_prefetch(const struct wf_bundle *bundle);

/* Enter @count events of @bundle, from index @first on, in @losses. */
void wf_bundle_lose(struct wf_bundle *bundle, uint32_t first, uint32_t count,
		    struct wf_losses *losses);

#endif
