/* SPDX-License-Identifier: BSD-2-Clause */
/* delivery.h - makes events for queues, and checks the events that a queue delivers. */
#ifndef TESTS_UNIT_SUPPORT_DELIVERY_H
#define TESTS_UNIT_SUPPORT_DELIVERY_H

#include <stdint.h>

#include <weft/event.h>

/* Returns a flow that differs from other flows in @id only. */
struct weft_flow delivery_flow(uint64_t id);

/* Returns a DATA event with @len bytes at stream offset @off; the event borrows @flow. */
struct weft_event delivery_data(const struct weft_flow *flow, uint64_t off, const void *bytes,
				uint32_t len);
struct wf_dispatch;

/* Passes @event, whose bytes need no page, to the subscriptions that want it. */
void delivery_dispatch(struct wf_dispatch *dispatch, const struct weft_event *event);

struct weft_event delivery_gap(const struct weft_flow *flow, uint64_t off, uint64_t len);
struct weft_event delivery_open(const struct weft_flow *flow);
struct weft_event delivery_close(const struct weft_flow *flow,
				 const struct weft_flow_record *record);

/*
 * Checks numbered events (DATA whose off is a counter): each number arrives once, in rising order,
 * or a DROP event before the next one counts it.
 */
struct delivery_check {
	uint64_t next;
	uint64_t taken;
	uint64_t dropped;
	uint64_t dropped_bytes;
	int wrong;
};
void delivery_check_event(struct delivery_check *check, const struct weft_event *event);

#endif
