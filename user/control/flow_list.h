/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_list.h - selects the first N of any number of connections in a given order.
 *
 * Memory: 2 N items. Thread: any; a list is used by one thread at a time.
 */
#ifndef WF_CONTROL_FLOW_LIST_H
#define WF_CONTROL_FLOW_LIST_H

#include <stdint.h>

#include <weft/flows.h>

#include "capture/maps/flow_map.h"

struct wf_flow_filter;

/* A worker's record of a flow. Zeroed if no worker tracks it, or the worker did not answer. */
struct wf_tracked_flow {
	bool is_tracked;
	bool midstream;
	uint8_t client;
	uint32_t use;
	uint64_t id;
	enum weft_flow_state state;
	uint64_t stream_bytes[2]; /* delivered bytes of each direction, indexed by enum weft_dir */
	uint64_t gap_bytes[2];
	uint64_t held_bytes[2];
};

/*
 * A connection with FINs of both sides, or with a RST, counts as closed if its last segment arrived
 * longer ago than this.
 */
#define WF_FLOW_CLOSED_SILENCE_NS 1000000000ull

#define WF_FLOW_ITEM_NO_IFACE UINT32_MAX

struct wf_flow_item {
	/* the kernel's counts, or those of the worker if no kernel program counts the flow */
	struct wf_kernel_flow kernel;
	uint32_t iface;		/* index of the interface, or WF_FLOW_ITEM_NO_IFACE */
	uint64_t day_offset_ns; /* added to a time in @kernel, gives the time of day */
	uint64_t rank;		/* sort key; the list begins with the highest rank */
	struct wf_tracked_flow tracked;
};

struct wf_flow_list {
	struct wf_flow_item *items; /* owned: storage for 2 * count_max items */
	uint32_t count;
	uint32_t count_max;
	/*
	 * number of connections that match @filter and are not left out, including those that are
	 * not in items
	 */
	uint64_t total;
	enum weft_flow_sort sort;
	bool without_closed; /* leave out connections that have ended */
	/* CLOCK_MONOTONIC time of the request; UINT64_MAX if the engine has no interfaces */
	uint64_t now_ns;
	/* added to a CLOCK_MONOTONIC time, gives the time of day */
	uint64_t day_offset_ns;
	const struct wf_flow_filter *filter; /* borrowed; NULL: all connections match */
};

/*
 * Initialize an empty list; the caller then sets sort, without_closed, the times and filter.
 * Return: 0; -ENOMEM.
 */
int wf_flow_list_init(struct wf_flow_list *list, uint32_t count_max);
void wf_flow_list_fini(struct wf_flow_list *list);

/*
 * Add @flow of interface @iface if the filter matches it, unless without_closed is set and the flow
 * has ended.
 */
void wf_flow_list_add(struct wf_flow_list *list, const struct wf_kernel_flow *flow, uint32_t iface);

/* Add a copy of @item if the filter matches it, and set the rank of the copy. */
void wf_flow_list_add_item(struct wf_flow_list *list, const struct wf_flow_item *item);

/* Sort the items and remove all but the first count_max. */
void wf_flow_list_finish(struct wf_flow_list *list);

/* Return true if @filter matches a segment of the connection in either direction. */
bool wf_flow_list_matches(const struct wf_flow_filter *filter, const struct weft_flow_key *key);

#endif
