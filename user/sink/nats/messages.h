/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * messages.h - makes messages of stream data, events and the state of the sensor, and publishes
 * them.
 *
 * Functions that return int return 0, or an error of wf_publisher_begin(). Thread: the sink's.
 */
#ifndef WF_SINK_NATS_MESSAGES_H
#define WF_SINK_NATS_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/message.h"
#include "bus/names.h"

struct wf_publisher;

/**
 * struct wf_messages - the sensor that publishes messages
 * @publisher: borrowed
 * @sensor: name and boot; the id is not used. Boot is the time of the start in ns since 1970, so
 * that a reader can tell which of two runs is the later one
 * @events: number of events that were published
 */
struct wf_messages {
	struct wf_publisher *publisher;
	struct wf_bus_flow sensor;
	uint32_t partitions;
	uint64_t events;
};

/* Publish a message of a connection. @message: without the member flow, which is filled in. */
int wf_messages_put_flow(struct wf_messages *messages, struct wf_bus_message *message);

/* Publish the JSON object @body as an event. */
int wf_messages_put_event(struct wf_messages *messages, const char *type, const char *body,
			  size_t body_bytes);

/* Publish the JSON object @body as the state of the sensor. */
int wf_messages_put_state(struct wf_messages *messages, const char *body, size_t body_bytes);

/* Return true if a state that was published is not acknowledged. */
bool wf_messages_state_is_pending(const struct wf_messages *messages);

#endif
