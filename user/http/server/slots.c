// SPDX-License-Identifier: BSD-2-Clause
/*
 * slots.c - the table of connections, which is short enough to be searched.
 */
#include "http/server/slots.h"

static struct wf_http_slot *find(struct wf_http *http, const struct lws *wsi)
{
	for (size_t i = 0; i < WF_HTTP_CONNECTIONS_MAX; i++)
		if (http->slots[i].wsi == wsi)
			return &http->slots[i];
	return NULL;
}

/* Return the slot that has had @use for the longest time; NULL if none has it. */
static struct wf_http_slot *find_oldest(struct wf_http *http, enum wf_http_use use)
{
	struct wf_http_slot *oldest = NULL;

	for (size_t i = 0; i < WF_HTTP_CONNECTIONS_MAX; i++) {
		struct wf_http_slot *slot = &http->slots[i];

		if (slot->use == use && (!oldest || slot->since_ns < oldest->since_ns))
			oldest = slot;
	}
	return oldest;
}

bool wf_slots_make_room(struct wf_http *http)
{
	struct wf_http_slot *slot = find(http, NULL);

	if (slot)
		return true;
	slot = find_oldest(http, WF_HTTP_IDLE);
	if (!slot)
		slot = find_oldest(http, WF_HTTP_BUSY);
	if (!slot)
		return false;
	/* This closes the connection; the callback for the close frees the slot. */
	lws_set_timeout(slot->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
	return find(http, NULL) != NULL;
}

void wf_slots_add(struct wf_http *http, struct lws *wsi)
{
	struct wf_http_slot *slot = find(http, NULL);

	if (slot)
		*slot = (struct wf_http_slot){wsi, WF_HTTP_IDLE, wf_http_now_ns()};
}

void wf_slots_set(struct wf_http *http, struct lws *wsi, enum wf_http_use use)
{
	struct wf_http_slot *slot = find(http, wsi);

	if (!slot)
		return;
	if (use == WF_HTTP_UNUSED)
		slot->wsi = NULL;
	slot->use = use;
	slot->since_ns = wf_http_now_ns();
}

size_t wf_slots_count(const struct wf_http *http, enum wf_http_use use)
{
	size_t count = 0;

	for (size_t i = 0; i < WF_HTTP_CONNECTIONS_MAX; i++)
		count += http->slots[i].use == use;
	return count;
}
