/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * publisher.h - publishes messages to JetStream until each is acknowledged, those of a connection
 * in order.
 *
 * The publisher connects the window, which decides when each message is sent, with the link, which
 * sends it.
 *
 * Memory: max_pending_bytes, and what libnats needs for a connection (below 2 MiB). Thread: the
 * sink's; wf_publisher_stats_read() and wf_publisher_trouble(): any; wf_publisher_new() is called
 * before the sink's thread starts, and wf_publisher_free() after it has ended.
 */
#ifndef WF_SINK_NATS_PUBLISHER_H
#define WF_SINK_NATS_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nats/nats.h>

#include "bus/stream.h"
#include "sink/nats/ack.h"

struct wf_bus;
struct wf_publisher;
struct wf_sink;

/**
 * struct wf_publisher_opts - the servers, the stream and the limits of a publisher
 * @sink: for log messages, and to find out if the capture has ended; borrowed
 * @bus: borrowed
 * @flush_ns: maximum time without an acknowledgement at the end
 */
struct wf_publisher_opts {
	struct wf_sink *sink;
	struct wf_bus *bus;
	struct wf_bus_stream_opts stream;
	uint64_t max_pending_bytes;
	uint64_t flush_ns;
};

/*
 * The counts of messages; published = acknowledged + refused + pending. The dropped events and
 * bytes are those of the sink's queue, which the publisher does not know and leaves at 0.
 */
struct wf_publisher_stats {
	uint64_t published;
	uint64_t acknowledged;
	uint64_t refused; /* given up: the server never accepts them, or the output has ended */
	uint64_t retried; /* how often messages were sent again */
	uint64_t dropped_events;
	uint64_t dropped_bytes;
	uint64_t pending;
	uint64_t pending_bytes;
	uint64_t lag_ns; /* age of the oldest message that is not acknowledged */
	uint64_t connects;
	bool is_connected;
};

/* Return: 0; -ENOMEM. */
int wf_publisher_new(const struct wf_publisher_opts *opts, struct wf_publisher **ret_publisher);

/* Return true if a message with @key is not acknowledged. */
bool wf_publisher_has_key(const struct wf_publisher *publisher, uint64_t key);

/*
 * Wait until there is room for a message with a body of @body_bytes, and write the subject for its
 * acknowledgement. Return: 0; -EPROTO if there is no room and wf_link_has_failed(); -ETIMEDOUT if
 * the capture has ended and no message was acknowledged for flush_ns; -ENOMEM. The reason is
 * logged, except for -ENOMEM.
 */
int wf_publisher_begin(struct wf_publisher *publisher, size_t body_bytes,
		       char ret_reply[WF_ACK_SUBJECT_BYTES]);

/*
 * Publish @msg, for which wf_publisher_begin() was the last call, after all earlier messages with
 * @key (WF_WINDOW_NO_KEY: at once). @msg is taken, also on failure. @payload_bytes: bytes of
 * streams in it. Return: 0; -ENOMEM.
 */
int wf_publisher_put(struct wf_publisher *publisher, uint64_t key, natsMsg *msg,
		     uint32_t payload_bytes);

/*
 * Connect if there is no connection, take acknowledgements, and send the messages that the window
 * allows to be sent. Then wait at most @wait_ms for the next acknowledgement. Return: 0; -EPROTO if
 * wf_link_has_failed().
 */
int wf_publisher_pump(struct wf_publisher *publisher, unsigned int wait_ms);

/*
 * Wait until all messages are acknowledged or given up. Return: 0; -EPROTO or -ETIMEDOUT as
 * wf_publisher_begin().
 */
int wf_publisher_finish(struct wf_publisher *publisher);

/*
 * Give up the pending messages, which then count as refused; the last call of the sink's thread.
 * Return: the number of these messages.
 */
uint64_t wf_publisher_end(struct wf_publisher *publisher);

/* Return true if messages wait for a connection or for an acknowledgement. */
bool wf_publisher_is_busy(const struct wf_publisher *publisher);

/*
 * Return true if messages wait for the server, which is slower than they come, or is away.
 */
bool wf_publisher_has_backlog(const struct wf_publisher *publisher);

/* Return true if a message is under way, so that an acknowledgement can arrive at any time. */
bool wf_publisher_awaits_ack(const struct wf_publisher *publisher);

void wf_publisher_stats_read(const struct wf_publisher *publisher,
			     struct wf_publisher_stats *ret_stats);

/* Write why messages can't be published now. Return: false if they can. */
bool wf_publisher_trouble(const struct wf_publisher *publisher, char *ret_text, size_t room);

/* Free the publisher, and the messages that are not acknowledged. NULL is allowed. */
void wf_publisher_free(struct wf_publisher *publisher);

#endif
