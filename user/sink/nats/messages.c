// SPDX-License-Identifier: BSD-2-Clause
/*
 * messages.c - makes messages of stream data, events and the state of the sensor, and publishes
 * them.
 */
#include "sink/nats/messages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sink/nats/publisher.h"

/* The key of messages with the state. No flow has this key, because flow ids are below 2^53. */
#define STATE_KEY UINT64_MAX

int wf_messages_put_flow(struct wf_messages *messages, struct wf_bus_message *message)
{
	char reply[WF_ACK_SUBJECT_BYTES];
	natsMsg *msg;
	int err;

	message->flow = messages->sensor;
	message->flow.id = message->peers.id;
	err = wf_publisher_begin(messages->publisher, message->body_bytes, reply);
	if (!err)
		err = wf_bus_message_new_acked(message, messages->partitions, reply, &msg);
	if (err)
		return err;
	return wf_publisher_put(messages->publisher, message->peers.id, msg,
				message->kind == WF_BUS_DATA ? (uint32_t)message->body_bytes : 0);
}

/* Publish @body to @subject. @id: value of Nats-Msg-Id; NULL: none. */
static int put(struct wf_messages *messages, uint64_t key, const struct wf_bus_subject *subject,
	       const char *id, const char *body, size_t body_bytes)
{
	char text[WF_BUS_SUBJECT_BYTES];
	char reply[WF_ACK_SUBJECT_BYTES];
	natsStatus status;
	natsMsg *msg;
	int err = wf_publisher_begin(messages->publisher, body_bytes, reply);

	if (err)
		return err;
	wf_bus_subject_text(subject, text);
	if (natsMsg_Create(&msg, text, reply, body, (int)body_bytes) != NATS_OK)
		return -ENOMEM;
	status = id ? natsMsgHeader_Set(msg, "Nats-Msg-Id", id) : NATS_OK;
	if (status != NATS_OK) {
		natsMsg_Destroy(msg);
		return -ENOMEM;
	}
	return wf_publisher_put(messages->publisher, key, msg, 0);
}

int wf_messages_put_event(struct wf_messages *messages, const char *type, const char *body,
			  size_t body_bytes)
{
	struct wf_bus_subject subject = {.kind = WF_BUS_SUBJECT_EVENT};
	char id[WF_BUS_MSG_ID_BYTES];

	memcpy(subject.sensor, messages->sensor.sensor, sizeof(subject.sensor));
	snprintf(subject.type, sizeof(subject.type), "%s", type);
	snprintf(id, sizeof(id), "%s-%016" PRIx64 "-event-%" PRIu64, messages->sensor.sensor,
		 messages->sensor.boot, messages->events++);
	return put(messages, WF_WINDOW_NO_KEY, &subject, id, body, body_bytes);
}

int wf_messages_put_state(struct wf_messages *messages, const char *body, size_t body_bytes)
{
	struct wf_bus_subject subject = {.kind = WF_BUS_SUBJECT_STATS};

	memcpy(subject.sensor, messages->sensor.sensor, sizeof(subject.sensor));
	return put(messages, STATE_KEY, &subject, NULL, body, body_bytes);
}

bool wf_messages_state_is_pending(const struct wf_messages *messages)
{
	return wf_publisher_has_key(messages->publisher, STATE_KEY);
}
