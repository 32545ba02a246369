// SPDX-License-Identifier: BSD-2-Clause
/*
 * share.c - collects DATA events that several subscriptions want in a bundle.
 *
 * There is one bundle at a time, for one set of subscriptions. So the events of each subscription
 * stay in their order. If connections with different sets alternate, or there are many gaps,
 * bundles have few events and cost more than they save; then events are not collected for a while.
 */
#include "deliver/share.h"

#include "deliver/dispatch_slots.h"
#include "queue/bundle.h"

/* DATA events that are pushed one by one after a bundle that ended early. */
enum { UNSHARED_EVENTS = 256 };

void wf_share_push(struct wf_dispatch *dispatch)
{
	struct wf_bundle *bundle = dispatch->bundle;
	uint32_t takers = dispatch->bundle_takers;
	uint32_t unused = (uint32_t)__builtin_popcount(takers);

	if (!bundle)
		return;
	dispatch->bundle = NULL;
	dispatch->bundle_takers = 0;
	wf_bundle_get_many(bundle, unused);
	WF_EACH_SLOT (slot, takers)
		if (wf_likely(!wf_sub_has_ended(wf_dispatch_sub(dispatch, slot))))
			unused -= wf_queue_push_bundle(wf_dispatch_queue(dispatch, slot), bundle);
	wf_bundle_put_many(bundle, unused + 1);
}

uint32_t wf_share_choose(struct wf_dispatch *dispatch, uint32_t takers,
			 const struct weft_event *event)
{
	uint32_t sharers = takers & dispatch->can_share & ~dispatch->open_rejected;

	if (event->type != WEFT_EVENT_DATA || !dispatch->pages || !(sharers & (sharers - 1)))
		sharers = 0;
	if (dispatch->bundle && sharers != dispatch->bundle_takers &&
	    takers & dispatch->bundle_takers) {
		if (dispatch->bundle->events < WF_BUNDLE_MIN)
			dispatch->unshared_left = UNSHARED_EVENTS;
		wf_share_push(dispatch);
	}
	if (sharers && dispatch->unshared_left) {
		dispatch->unshared_left--;
		return 0;
	}
	return sharers;
}

bool wf_share_add(struct wf_dispatch *dispatch, uint32_t sharers, const struct weft_event *event,
		  struct wf_page *page)
{
	if (dispatch->bundle && dispatch->bundle_takers != sharers)
		wf_share_push(dispatch);
	if (!dispatch->bundle) {
		dispatch->bundle = wf_bundle_new(dispatch->pages);
		if (!dispatch->bundle) {
			dispatch->unshared_left = UNSHARED_EVENTS;
			return false;
		}
		dispatch->bundle_takers = sharers;
	}
	wf_bundle_add(dispatch->bundle, event, page);
	if (wf_bundle_is_full(dispatch->bundle))
		wf_share_push(dispatch);
	return true;
}
