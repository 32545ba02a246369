// SPDX-License-Identifier: BSD-2-Clause
/*
 * bundle.c - makes, fills and frees bundles, and enters the events of dropped ones in a table of
 * losses.
 */
#include "queue/bundle.h"

#include <stddef.h>

#include <stddef.h>

#include <weft/limits.h>

#include "queue/losses.h"
#include "queue/queue_record.h"
#include "memory/page.h"
#include "memory/page_pool.h"

_Static_assert(offsetof(struct wf_record, close) == WF_BUNDLE_RECORD_BYTES,
	       "a record of a DATA, GAP or ANOMALY event");
_Static_assert(sizeof(struct wf_bundle) <= WEFT_PAGE_LARGE_BYTES,
	       "a bundle fits in a large page of the default size");

struct wf_bundle *wf_bundle_new(struct wf_page_pool *pool)
{
	struct wf_bundle *bundle;
	struct wf_page *page;

	if (wf_page_pool_large_bytes(pool) < sizeof(*bundle) ||
	    wf_page_pool_is_short(pool, WEFT_SHORT_PARTS))
		return NULL;
	page = wf_page_pool_take(pool, sizeof(*bundle));
	if (!page)
		return NULL;
	bundle = (struct wf_bundle *)wf_page_bytes(page);
	atomic_init(&bundle->holders, 1);
	bundle->events = bundle->runs_count = 0;
	bundle->payload_bytes = 0;
	bundle->page = page;
	return bundle;
}

static bool continues(struct wf_bundle *bundle, const struct wf_bundle_run *run,
		      const struct wf_record *record)
{
	const struct wf_record *first = wf_bundle_record(bundle, run->first);

	return (run->to_off == record->off || record->type == WEFT_EVENT_ANOMALY) &&
	       first->dir == record->dir && first->flow.id == record->flow.id &&
	       first->flow.use == record->flow.use;
}

/* Add @record, which is being added to @bundle, to the bundle's runs. */
static void add_to_runs(struct wf_bundle *bundle, const struct wf_record *record)
{
	const struct wf_loss_range loss = wf_record_loss(record);
	struct wf_bundle_run *run = bundle->runs;
	const struct wf_bundle_run *end = run + bundle->runs_count;

	if (bundle->runs_count > WF_BUNDLE_RUNS)
		return;
	while (run != end && !continues(bundle, run, record))
		run++;
	if (run == end) {
		if (bundle->runs_count++ == WF_BUNDLE_RUNS)
			return;
		*run = (struct wf_bundle_run){.from_off = loss.from_off, .first = bundle->events};
	}
	if (record->type != WEFT_EVENT_ANOMALY)
		run->to_off = loss.to_off;
	run->bytes += loss.bytes;
	run->events++;
	run->time_ns = record->time_ns;
}

void wf_bundle_add(struct wf_bundle *bundle, const struct weft_event *event, struct wf_page *page)
{
	struct wf_record *record = wf_bundle_record(bundle, bundle->events);

	if (page)
		wf_page_get(page);
	record->len_bytes = WF_BUNDLE_RECORD_BYTES;
	wf_record_fill(record, event, page);
	add_to_runs(bundle, record);
	bundle->payload_bytes += wf_record_payload_bytes(record);
	bundle->events++;
}

void wf_bundle_get_many(struct wf_bundle *bundle, uint32_t count)
{
	atomic_fetch_add_explicit(&bundle->holders, count, memory_order_relaxed);
}

/*
 * Put the pages of all records. When a bundle has waited in a queue, neither its records nor the
 * pages are in the caches any more, so both are prefetched.
 */
static void put_pages(struct wf_bundle *bundle)
{
	enum { AHEAD = 12 };

	for (uint32_t i = 0; i < bundle->events; i++)
		__builtin_prefetch(wf_bundle_record(bundle, i));
	for (uint32_t i = 0; i < bundle->events + AHEAD; i++) {
		if (i < bundle->events)
			__builtin_prefetch(wf_bundle_record(bundle, i)->page, 1);
		if (i >= AHEAD)
			wf_page_put(wf_bundle_record(bundle, i - AHEAD)->page);
	}
}

void wf_bundle_put_many(struct wf_bundle *bundle, uint32_t count)
{
	/*
	 * Each holder's release pairs with the acquire of the last one: accesses of former holders
	 * happen before the pages are put.
	 */
	if (atomic_fetch_sub_explicit(&bundle->holders, count, memory_order_acq_rel) != count)
		return;
	put_pages(bundle);
	wf_page_put(bundle->page);
}

void wf_record_release(const struct wf_record *record)
{
	if (record->type == WF_RECORD_BUNDLE)
		wf_bundle_put_many(record->bundle, 1);
	else if (record->type == WEFT_EVENT_DATA)
		wf_page_put(record->page);
}

static void lose_each(struct wf_bundle *bundle, uint32_t first, uint32_t count,
		      struct wf_losses *losses)
{
	for (uint32_t i = first; i < first + count; i++) {
		const struct wf_record *record = wf_bundle_record(bundle, i);
		const struct wf_loss_range loss = wf_record_loss(record);

		wf_losses_add(losses, &record->flow, (enum weft_dir)record->dir, &loss,
			      record->time_ns);
	}
}

void wf_bundle_prefetch(const struct wf_bundle *bundle)
{
	for (size_t at = 0; at < offsetof(struct wf_bundle, runs[WF_BUNDLE_RUNS / 2]);
	     at += WF_CACHE_LINE)
		__builtin_prefetch((const uint8_t *)bundle + at);
}

void wf_bundle_lose(struct wf_bundle *bundle, uint32_t first, uint32_t count,
		    struct wf_losses *losses)
{
	if (count < bundle->events || bundle->runs_count > WF_BUNDLE_RUNS) {
		lose_each(bundle, first, count, losses);
		return;
	}
	wf_losses_prefetch(losses, bundle->runs_count);
	for (uint32_t i = 0; i < bundle->runs_count; i++)
		__builtin_prefetch(&wf_bundle_record(bundle, bundle->runs[i].first)->flow);
	for (uint32_t i = 0; i < bundle->runs_count; i++) {
		const struct wf_bundle_run *run = &bundle->runs[i];
		const struct wf_record *record = wf_bundle_record(bundle, run->first);
		const struct wf_loss_range loss = {
			.from_off = run->from_off,
			.to_off = run->to_off,
			.events = run->events,
			.bytes = run->bytes,
		};

		wf_losses_add(losses, &record->flow, (enum weft_dir)record->dir, &loss,
			      run->time_ns);
	}
}
