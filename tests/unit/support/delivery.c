// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/delivery.h"

#include <string.h>

#include "deliver/dispatch.h"

struct weft_flow delivery_flow(uint64_t id)
{
	struct weft_flow flow = {
		.id = id,
		.use = 1,
		.src_addr = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1},
		.dst_addr = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 2},
		.src_port = 40000,
		.dst_port = 80,
		.ip_version = 4,
	};

	return flow;
}

struct weft_event delivery_data(const struct weft_flow *flow, uint64_t off, const void *bytes,
				uint32_t len)
{
	return (struct weft_event){
		.type = WEFT_EVENT_DATA,
		.dir = WEFT_TO_CLIENT,
		.time_ns = 1000 + off,
		.flow = flow,
		.data = {.bytes = bytes, .len_bytes = len, .off = off},
	};
}

struct weft_event delivery_gap(const struct weft_flow *flow, uint64_t off, uint64_t len)
{
	return (struct weft_event){
		.type = WEFT_EVENT_GAP,
		.dir = WEFT_TO_SERVER,
		.flow = flow,
		.gap = {.off = off, .len_bytes = len, .cause = WEFT_GAP_LIMIT},
	};
}

struct weft_event delivery_open(const struct weft_flow *flow)
{
	return (struct weft_event){.type = WEFT_EVENT_OPEN, .flow = flow};
}

struct weft_event delivery_close(const struct weft_flow *flow,
				 const struct weft_flow_record *record)
{
	return (struct weft_event){.type = WEFT_EVENT_CLOSE, .flow = flow, .close = record};
}

void delivery_check_event(struct delivery_check *check, const struct weft_event *event)
{
	if (event->type == WEFT_EVENT_DROP) {
		if (!event->drop.events)
			check->wrong++;
		check->next += event->drop.events;
		check->dropped += event->drop.events;
		check->dropped_bytes += event->drop.data_bytes;
		return;
	}
	if (event->type != WEFT_EVENT_DATA || event->data.off != check->next)
		check->wrong++;
	check->next++;
	check->taken++;
}

void delivery_dispatch(struct wf_dispatch *dispatch, const struct weft_event *event)
{
	wf_dispatch_event(dispatch, wf_dispatch_takers(dispatch, event->dir, event->type), event,
			  NULL);
}
