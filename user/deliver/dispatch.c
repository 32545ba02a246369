// SPDX-License-Identifier: BSD-2-Clause
/*
 * dispatch.c - passes each event of a worker to the subscriptions that want it.
 *
 * At each flush, the worker frees a bounded number of the waiting events of each subscription that
 * has ended.
 */
#include "deliver/dispatch.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/owner.h"
#include "capture/file/flow_filter.h"
#include "deliver/registry.h"
#include "deliver/slots.h"
#include "deliver/subscription.h"
#include "memory/page.h"

/* maximum number of records that one wf_dispatch_drop_waiting() drops from each queue */
enum { DROP_EVENTS_MAX = 8192 };

static struct weft_sub *sub_at(const struct wf_dispatch *dispatch, uint32_t slot)
{
	return dispatch->list->subs[slot];
}

static struct wf_queue *queue_at(const struct wf_dispatch *dispatch, uint32_t slot)
{
	return &sub_at(dispatch, slot)->queues[dispatch->worker];
}

/* ---- the list ---- */

static void add_taker(struct wf_dispatch *dispatch, const struct weft_sub *sub, uint32_t bit)
{
	for (int type = 0; type < WEFT_EVENT_TYPE_COUNT; type++) {
		bool has_dir = type != WEFT_EVENT_OPEN && type != WEFT_EVENT_CLOSE;

		if (!(sub->events & WEFT_EVENT_BIT(type)))
			continue;
		for (int dir = 0; dir < WEFT_DIR_COUNT; dir++)
			if (!has_dir || sub->directions & WEFT_DIR_BIT(dir))
				dispatch->takers[dir][type] |= bit;
	}
}

/* Return true if the same queues want the DATA events and the events of @type of each direction. */
static bool goes_with_data(const struct wf_dispatch *dispatch, enum weft_event_type type)
{
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++)
		if ((dispatch->takers[dir][WEFT_EVENT_DATA] ^ dispatch->takers[dir][type]) &
		    dispatch->share.can_share)
			return false;
	return true;
}

/* Choose the types of events that are collected in bundles. */
static void choose_types(struct wf_dispatch *dispatch)
{
	dispatch->share.types = WEFT_EVENT_BIT(WEFT_EVENT_DATA);
	if (goes_with_data(dispatch, WEFT_EVENT_GAP))
		dispatch->share.types |= WEFT_EVENT_BIT(WEFT_EVENT_GAP);
	if (goes_with_data(dispatch, WEFT_EVENT_ANOMALY))
		dispatch->share.types |= WEFT_EVENT_BIT(WEFT_EVENT_ANOMALY);
}

static void use_list(struct wf_dispatch *dispatch, const struct wf_sub_list *list)
{
	memset(dispatch->takers, 0, sizeof(dispatch->takers));
	dispatch->queued = dispatch->needs_map = dispatch->wants_unlisted =
		dispatch->open_rejected = dispatch->share.can_share = 0;
	dispatch->list = dispatch->share.list = list;
	memset(dispatch->choices, 0, sizeof(dispatch->choices));
	for (uint32_t slot = 0; slot < WEFT_SUBSCRIPTIONS_MAX; slot++) {
		const struct weft_sub *sub = list->subs[slot];
		uint32_t bit = 1u << slot;

		if (!sub)
			continue;
		add_taker(dispatch, sub, bit);
		dispatch->queued |= sub->queues ? bit : 0;
		dispatch->share.can_share |=
			sub->queues && sub->first_bytes == UINT64_MAX ? bit : 0;
		dispatch->wants_unlisted |= sub->wants_unlisted ? bit : 0;
		if (sub->states.words &&
		    (!sub->wants_unlisted || sub->queues[dispatch->worker].lost_open))
			dispatch->needs_map |= bit;
	}
	choose_types(dispatch);
}

void wf_dispatch_init(struct wf_dispatch *dispatch, struct wf_registry *registry, uint32_t worker)
{
	*dispatch = (struct wf_dispatch){
		.worker = worker, .registry = registry, .share.worker = worker};
	use_list(dispatch, wf_registry_enter(registry, worker));
}

void wf_dispatch_share(struct wf_dispatch *dispatch, struct wf_page_pool *pages)
{
	dispatch->share.pages = pages;
}

void wf_dispatch_adopt(struct wf_dispatch *dispatch)
{
	atomic_store(&dispatch->registry->worker[dispatch->worker].thread, wf_thread_id());
}

/* Begin to close this worker's end of @sub, which was removed from the list. */
static void begin_leaving(struct weft_sub *sub, void *ctx)
{
	struct wf_dispatch *dispatch = ctx;

	if (dispatch->leaving_count < WEFT_SUBSCRIPTIONS_MAX)
		dispatch->leaving[dispatch->leaving_count++] = sub;
	else
		wf_sub_leave(sub, dispatch->worker);
}

static void follow_list(struct wf_dispatch *dispatch)
{
	const struct wf_sub_list *list = atomic_load(&dispatch->registry->list);

	if (!dispatch->list)
		return;
	wf_sub_lists_removed(list, dispatch->list, begin_leaving, dispatch);
	use_list(dispatch, list);
	wf_registry_pass(dispatch->registry, dispatch->worker, list);
}

static void continue_leaving(struct wf_dispatch *dispatch)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < dispatch->leaving_count; i++) {
		struct weft_sub *sub = dispatch->leaving[i];

		if (wf_sub_clear(sub, dispatch->worker))
			wf_sub_leave(sub, dispatch->worker);
		else
			dispatch->leaving[kept++] = sub;
	}
	dispatch->leaving_count = kept;
}

/* ---- subscriptions that have a map of connections ---- */

static struct wf_choice *choice_of(struct wf_dispatch *dispatch, const void *conn)
{
	return &dispatch->choices[((uintptr_t)conn >> WF_CONN_UNIT_SHIFT) % WF_CHOICES];
}

/* Set the state of the connection in the map of @sub. */
static void set_state(struct wf_dispatch *dispatch, struct weft_sub *sub, const void *conn,
		      enum wf_conn_state state)
{
	choice_of(dispatch, conn)->conn = NULL;
	wf_conn_states_set(&sub->states, conn, state);
}

/*
 * Evaluate the filter of the subscription in @slot for the connection, and record the result in its
 * map. Return: true if the filter matches.
 */
static bool decide(struct wf_dispatch *dispatch, uint32_t slot, const void *conn,
		   const struct weft_flow *flow)
{
	struct weft_sub *sub = sub_at(dispatch, slot);
	bool is_wanted = !sub->filter || wf_flow_filter_match(sub->filter, flow);

	set_state(dispatch, sub, conn, is_wanted ? WF_CONN_WANTED : WF_CONN_UNWANTED);
	return is_wanted;
}

void wf_dispatch_begin(struct wf_dispatch *dispatch, const void *conn, const struct weft_flow *flow)
{
	WF_EACH_SLOT (slot, dispatch->needs_map)
		decide(dispatch, slot, conn, flow);
}

static enum wf_conn_state state_of(const struct wf_dispatch *dispatch, uint32_t slot,
				   const void *conn)
{
	enum wf_conn_state state = wf_conn_states_get(&sub_at(dispatch, slot)->states, conn);

	/*
	 * A subscription to all connections uses its map only after an OPEN was rejected; a
	 * connection not in the map is wanted.
	 */
	if (state == WF_CONN_UNKNOWN && dispatch->wants_unlisted & 1u << slot)
		return WF_CONN_WANTED;
	return state;
}

void wf_dispatch_introduce(struct wf_dispatch *dispatch, uint32_t not_introduced, const void *conn,
			   const struct weft_event *open)
{
	uint32_t takers = 0;

	WF_EACH_SLOT (slot, not_introduced)
		if (state_of(dispatch, slot, conn) == WF_CONN_OPEN_LOST ||
		    decide(dispatch, slot, conn, open->flow))
			takers |= 1u << slot;
	wf_dispatch_open(dispatch, takers & dispatch->takers[open->dir][WEFT_EVENT_OPEN], conn,
			 open);
}

uint32_t wf_dispatch_choose(struct wf_dispatch *dispatch, uint32_t takers, const void *conn,
			    uint32_t *ret_not_introduced)
{
	uint32_t chosen = takers & ~dispatch->needs_map, unknown = 0, open_rejected = 0;
	struct wf_choice *choice = choice_of(dispatch, conn);

	dispatch->open_rejected = *ret_not_introduced = 0;
	if (wf_likely(choice->conn == conn && choice->takers == takers))
		return choice->chosen;
	WF_EACH_SLOT (slot, takers & dispatch->needs_map) {
		uint32_t bit = 1u << slot;

		switch (state_of(dispatch, slot, conn)) {
		case WF_CONN_UNKNOWN:
			unknown |= bit;
			break;
		case WF_CONN_WANTED:
			chosen |= bit;
			break;
		case WF_CONN_UNWANTED:
			break;
		case WF_CONN_OPEN_LOST:
			open_rejected |= bit;
			chosen |= bit;
			break;
		}
	}
	dispatch->open_rejected = open_rejected;
	*ret_not_introduced = unknown | open_rejected;
	if (!*ret_not_introduced)
		*choice = (struct wf_choice){.conn = conn, .takers = takers, .chosen = chosen};
	return chosen;
}

/* ---- events ---- */

static void end_slow(struct weft_sub *sub, uint64_t took_ns)
{
	if (wf_sub_end(sub, WEFT_SUB_SLOW))
		wf_warn("subscription %s: ended because its callback took longer than %u us in %d "
			"measured calls in a row, the last time %llu us; use a queue, or a larger "
			"budget_us",
			sub->name, sub->budget_us, WEFT_BUDGET_STRIKES,
			(unsigned long long)(took_ns / WF_NS_PER_US));
}

/* Call the callback and compare its duration with the budget. */
static int call_measured(struct weft_sub *sub, struct wf_sub_inline *counts,
			 const struct weft_event *event)
{
	uint64_t start_ns = wf_clock_monotonic_ns(), took_ns;
	int err = sub->inline_fn(event, sub->ctx);

	took_ns = wf_clock_monotonic_ns() - start_ns;
	if (took_ns <= sub->budget_us * WF_NS_PER_US) {
		counts->strikes = 0;
		return err;
	}
	wf_count_add(&counts->overruns, 1);
	if (++counts->strikes >= WEFT_BUDGET_STRIKES)
		end_slow(sub, took_ns);
	return err;
}

static void call_inline(const struct wf_dispatch *dispatch, struct weft_sub *sub,
			const struct weft_event *event)
{
	struct wf_sub_inline *counts = &sub->inlines[dispatch->worker];
	uint64_t bytes = event->type == WEFT_EVENT_DATA ? event->data.len_bytes : 0;
	int err;

	wf_count_add(&counts->events, 1);
	wf_count_add(&counts->bytes, bytes);
	/* Reading the clock takes as long as many callbacks do, so only a sample is measured. */
	if (wf_unlikely(sub->budget_us) && wf_count_get(&counts->events) % WEFT_BUDGET_CALLS == 0)
		err = call_measured(sub, counts, event);
	else
		err = sub->inline_fn(event, sub->ctx);
	if (wf_unlikely(err) && wf_sub_end(sub, WEFT_SUB_FAILED))
		wf_warn("subscription %s: ended because its callback returned error %d", sub->name,
			-err);
}

/*
 * Push OPEN to the queue of @sub. If there is no room, record in the map that @sub still needs the
 * OPEN of this connection.
 */
static void push_open(struct wf_dispatch *dispatch, struct weft_sub *sub, const void *conn,
		      const struct weft_event *open)
{
	struct wf_queue *queue = &sub->queues[dispatch->worker];
	bool is_pushed = wf_queue_push_open(queue, open);

	if (wf_unlikely(!is_pushed && sub->wants_unlisted)) {
		queue->lost_open = true;
		dispatch->needs_map |= 1u << sub->slot;
	}
	if (dispatch->needs_map & 1u << sub->slot)
		set_state(dispatch, sub, conn, is_pushed ? WF_CONN_WANTED : WF_CONN_OPEN_LOST);
}

void wf_dispatch_open(struct wf_dispatch *dispatch, uint32_t takers, const void *conn,
		      const struct weft_event *open)
{
	if (wf_unlikely(takers & dispatch->share.takers))
		wf_share_push(&dispatch->share);
	WF_EACH_SLOT (slot, takers) {
		struct weft_sub *sub = sub_at(dispatch, slot);

		if (wf_sub_has_ended(sub))
			continue;
		if (sub->inline_fn)
			call_inline(dispatch, sub, open);
		else
			push_open(dispatch, sub, conn, open);
	}
}

/*
 * Make @ret_part the part of @event before stream offset @limit_off. Return: false if that part is
 * empty.
 */
static bool cut(const struct weft_event *event, uint64_t limit_off, struct weft_event *ret_part)
{
	*ret_part = *event;
	if (event->type == WEFT_EVENT_DATA) {
		if (event->data.off >= limit_off)
			return false;
		if (limit_off - event->data.off < event->data.len_bytes)
			ret_part->data.len_bytes = (uint32_t)(limit_off - event->data.off);
	} else if (event->type == WEFT_EVENT_GAP) {
		if (event->gap.off >= limit_off)
			return false;
		if (limit_off - event->gap.off < event->gap.len_bytes)
			ret_part->gap.len_bytes = limit_off - event->gap.off;
	}
	return true;
}

/*
 * Pass @event to @sub. Return: true if it was queued; for DATA, the queue has then taken one of the
 * caller's references to @page.
 */
static bool pass_on(struct wf_dispatch *dispatch, struct weft_sub *sub,
		    const struct weft_event *event, struct wf_page *page)
{
	struct weft_event part;

	if (wf_unlikely(sub->first_bytes != UINT64_MAX)) {
		if (!cut(event, sub->first_bytes, &part))
			return false;
		event = &part;
	}
	if (wf_likely(!sub->inline_fn && !(dispatch->open_rejected & 1u << sub->slot)))
		return wf_queue_push(&sub->queues[dispatch->worker], event, page);
	if (sub->inline_fn)
		call_inline(dispatch, sub, event);
	else
		wf_queue_lose_unknown(&sub->queues[dispatch->worker], event);
	return false;
}

void wf_dispatch_event(struct wf_dispatch *dispatch, uint32_t takers,
		       const struct weft_event *event, struct wf_page *page)
{
	uint32_t sharers =
		wf_share_choose(&dispatch->share, takers, dispatch->open_rejected, event);
	uint32_t refs = 0, used = 0;

	if (sharers && wf_share_add(&dispatch->share, sharers, event, page))
		takers &= ~sharers;
	if (page && event->type == WEFT_EVENT_DATA)
		refs = (uint32_t)__builtin_popcount(takers & dispatch->queued);
	/*
	 * Take all references at once: readers drop references at the same time, so each change of
	 * the count is slow.
	 */
	if (refs)
		wf_page_get_many(page, refs);
	WF_EACH_SLOT (slot, takers) {
		struct weft_sub *sub = sub_at(dispatch, slot);

		if (wf_likely(!wf_sub_has_ended(sub)))
			used += pass_on(dispatch, sub, event, page);
	}
	if (wf_unlikely(refs > used))
		wf_page_put_many(page, refs - used);
}

void wf_dispatch_flush(struct wf_dispatch *dispatch)
{
	wf_share_push(&dispatch->share);
	WF_EACH_SLOT (slot, dispatch->queued) {
		if (wf_unlikely(wf_sub_has_ended(sub_at(dispatch, slot))))
			wf_sub_clear(sub_at(dispatch, slot), dispatch->worker);
		else
			wf_queue_flush(queue_at(dispatch, slot));
	}
	if (wf_unlikely(atomic_load_explicit(&dispatch->registry->list, memory_order_acquire) !=
			dispatch->list))
		follow_list(dispatch);
	if (wf_unlikely(dispatch->leaving_count))
		continue_leaving(dispatch);
}

void wf_dispatch_mark(struct wf_dispatch *dispatch, struct wf_dispatch_mark *ret_mark)
{
	wf_share_push(&dispatch->share);
	ret_mark->generation = dispatch->list->generation;
	WF_EACH_SLOT (slot, dispatch->queued)
		ret_mark->pushed_bytes[slot] = atomic_load_explicit(
			&queue_at(dispatch, slot)->pushed_bytes, memory_order_relaxed);
}

bool wf_dispatch_has_passed(const struct wf_dispatch *dispatch, const struct wf_dispatch_mark *mark)
{
	if (mark->generation != dispatch->list->generation)
		return true;
	WF_EACH_SLOT (slot, dispatch->queued)
		if (!wf_queue_has_passed(queue_at(dispatch, slot), mark->pushed_bytes[slot]))
			return false;
	return true;
}

void wf_dispatch_drop_waiting(struct wf_dispatch *dispatch, struct wf_dispatch_drops *ret_drops)
{
	*ret_drops = (struct wf_dispatch_drops){0};
	wf_share_push(&dispatch->share);
	WF_EACH_SLOT (slot, dispatch->queued) {
		uint64_t bytes;

		if (wf_sub_has_ended(sub_at(dispatch, slot)))
			continue;
		ret_drops->events +=
			wf_queue_drop_waiting(queue_at(dispatch, slot), DROP_EVENTS_MAX, &bytes);
		ret_drops->bytes += bytes;
	}
}

void wf_dispatch_close(struct wf_dispatch *dispatch)
{
	const struct wf_sub_list *list = dispatch->list;

	if (!list)
		return;
	wf_share_push(&dispatch->share);
	for (uint32_t i = 0; i < dispatch->leaving_count; i++)
		wf_sub_leave(dispatch->leaving[i], dispatch->worker);
	dispatch->leaving_count = 0;
	dispatch->list = NULL;
	memset(dispatch->takers, 0, sizeof(dispatch->takers));
	dispatch->queued = dispatch->needs_map = dispatch->open_rejected =
		dispatch->share.can_share = 0;
	wf_registry_leave(dispatch->registry, dispatch->worker, list);
}
