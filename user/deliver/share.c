// SPDX-License-Identifier: BSD-2-Clause
/*
 * share.c - collects DATA, GAP and ANOMALY events that several subscriptions want in a bundle.
 *
 * There is one bundle at a time, for one set of subscriptions. So the events of each subscription
 * stay in their order. If connections with different sets alternate, bundles have few events and
 * cost more than they save; then events are not collected for a while. Therefore GAP and ANOMALY
 * events are collected only if the subscriptions that want them are those that want DATA events.
 */
#include "deliver/share.h"

#include "deliver/registry.h"
#include "deliver/slots.h"
#include "deliver/subscription.h"
#include "queue/bundle.h"

/*
 * Events that are pushed one by one after a bundle that ended early, or if there was no memory
 * for a bundle.
 */
enum { UNSHARED_EVENTS = 256 };

void wf_share_push(struct wf_share *share)
{
	struct wf_bundle *bundle = share->bundle;
	uint32_t takers = share->takers;
	uint32_t unused = (uint32_t)__builtin_popcount(takers);

	if (!bundle)
		return;
	share->bundle = NULL;
	share->takers = 0;
	wf_bundle_get_many(bundle, unused);
	WF_EACH_SLOT (slot, takers) {
		struct weft_sub *sub = share->list->subs[slot];

		if (wf_likely(!wf_sub_has_ended(sub)))
			unused -= wf_queue_push_bundle(&sub->queues[share->worker], bundle);
	}
	wf_bundle_put_many(bundle, unused + 1);
}

static bool may_collect(const struct wf_share *share, const struct weft_event *event)
{
	return share->pages && share->types & WEFT_EVENT_BIT(event->type) &&
	       (event->type != WEFT_EVENT_ANOMALY || !event->anomaly.shown_bytes);
}

uint32_t wf_share_choose_any(struct wf_share *share, uint32_t takers, uint32_t rejected,
			     const struct weft_event *event)
{
	uint32_t sharers = takers & share->can_share & ~rejected;

	if (!may_collect(share, event) || !(sharers & (sharers - 1)))
		sharers = 0;
	if (share->bundle && sharers != share->takers && takers & share->takers) {
		if (share->bundle->events < WF_BUNDLE_MIN)
			share->unshared_left = UNSHARED_EVENTS;
		wf_share_push(share);
	}
	if (sharers && share->unshared_left) {
		share->unshared_left--;
		return 0;
	}
	return sharers;
}

bool wf_share_add(struct wf_share *share, uint32_t sharers, const struct weft_event *event,
		  struct wf_page *page)
{
	if (share->bundle && share->takers != sharers)
		wf_share_push(share);
	if (!share->bundle) {
		share->bundle = wf_bundle_new(share->pages);
		if (!share->bundle) {
			share->unshared_left = UNSHARED_EVENTS;
			return false;
		}
		share->takers = sharers;
	}
	wf_bundle_add(share->bundle, event, page);
	if (wf_bundle_is_full(share->bundle))
		wf_share_push(share);
	return true;
}
