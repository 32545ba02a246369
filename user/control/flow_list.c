// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow_list.c - selects the first N of any number of connections in a given order.
 *
 * A filter in tcpdump's syntax matches packets. Therefore it is applied to a packet of each
 * direction (flow_filter.h).
 */
#include "control/flow_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/file/flow_filter.h"
#include "packet/flow_key.h"

int wf_flow_list_init(struct wf_flow_list *list, uint32_t count_max)
{
	memset(list, 0, sizeof(*list));
	list->count_max = count_max;
	list->items = malloc(2 * (size_t)count_max * sizeof(*list->items));
	return list->items ? 0 : -ENOMEM;
}

void wf_flow_list_fini(struct wf_flow_list *list)
{
	free(list->items);
	list->items = NULL;
}

bool wf_flow_list_matches(const struct wf_flow_filter *filter, const struct weft_flow_key *key)
{
	struct weft_flow flow = {.ip_version = wf_flow_key_is_ipv4(key) ? 4 : 6};

	for (uint8_t client = 0; client < 2; client++) {
		wf_flow_key_describe(key, client, &flow);
		if (wf_flow_filter_match(filter, &flow))
			return true;
	}
	return false;
}

/* ---- order ---- */

static uint64_t rank_of(const struct wf_flow_list *list, const struct wf_kernel_flow *flow)
{
	switch (list->sort) {
	case WEFT_FLOW_SORT_BYTES:
		return flow->bytes[0] + flow->bytes[1];
	case WEFT_FLOW_SORT_PACKETS:
		return flow->packets[0] + flow->packets[1];
	case WEFT_FLOW_SORT_KEPT:
		return flow->kept_bytes[0] + flow->kept_bytes[1];
	case WEFT_FLOW_SORT_LAST:
		return flow->last_ns;
	case WEFT_FLOW_SORT_AGE:
		return list->now_ns - flow->first_ns;
	}
	return 0;
}

/*
 * Compare by rank, then by key, so that the result does not depend on the order of the flow maps.
 */
static int compare(const void *a, const void *b)
{
	const struct wf_flow_item *first = a;
	const struct wf_flow_item *second = b;

	if (first->rank != second->rank)
		return first->rank > second->rank ? -1 : 1;
	return memcmp(&first->kernel.key, &second->kernel.key, sizeof(first->kernel.key));
}

void wf_flow_list_finish(struct wf_flow_list *list)
{
	qsort(list->items, list->count, sizeof(*list->items), compare);
	if (list->count > list->count_max)
		list->count = list->count_max;
}

/*
 * Return true if the connection has ended, according to the kernel's counts. The kernel keeps the
 * counts of an ended connection until it needs the room. A receiver may ignore a RST; the
 * connection then goes on and is not silent for long.
 */
static bool is_closed(const struct wf_flow_list *list, const struct wf_kernel_flow *flow)
{
	unsigned int both = flow->tcp_flags[0] & flow->tcp_flags[1];
	unsigned int either = flow->tcp_flags[0] | flow->tcp_flags[1];

	return (both & WF_TCP_FIN || either & WF_TCP_RST) &&
	       list->now_ns > flow->last_ns + WF_FLOW_CLOSED_SILENCE_NS;
}

void wf_flow_list_add_item(struct wf_flow_list *list, const struct wf_flow_item *item)
{
	struct wf_flow_item *added;

	if (list->filter && !wf_flow_list_matches(list->filter, &item->kernel.key))
		return;
	list->total++;
	if (list->count == 2 * list->count_max)
		wf_flow_list_finish(list);
	added = &list->items[list->count++];
	*added = *item;
	added->rank = rank_of(list, &item->kernel);
}

void wf_flow_list_add(struct wf_flow_list *list, const struct wf_kernel_flow *flow, uint32_t iface)
{
	const struct wf_flow_item item = {
		.kernel = *flow,
		.iface = iface,
		.day_offset_ns = list->day_offset_ns,
	};

	if (!list->without_closed || !is_closed(list, flow))
		wf_flow_list_add_item(list, &item);
}
