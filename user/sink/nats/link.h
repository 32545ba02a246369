/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.h - the connection to a server of NATS, which is made again whenever it is lost.
 *
 * Connecting and checking the stream may take seconds, so a thread does both while the sink goes on
 * taking events. The thread runs only while there is no connection. It logs a failure if its reason
 * differs from that of the failure before. Of several servers, it prefers the one that leads the
 * stream when the connection is made.
 */
#ifndef WF_SINK_NATS_LINK_H
#define WF_SINK_NATS_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <nats/nats.h>

#include <weft/table.h>

#include "bus/connect.h"
#include "bus/stream.h"
#include "sink/nats/ack.h"

struct wf_sink;
struct wf_link;

#define WF_LINK_STATES(X)                                                         \
	X(WF_LINK_CONNECTING, 0, "connecting", "the first try has no result yet") \
	X(WF_LINK_NO_SERVER, 1, "no_server", "no server can be reached")          \
	X(WF_LINK_NO_ACCESS, 2, "no_access", "the server rejects the user")       \
	X(WF_LINK_NO_STREAM, 3, "no_stream",                                      \
	  "JetStream does not answer, or its cluster has no leader")              \
	X(WF_LINK_CONNECTED, 4, "connected", "messages can be published")         \
	X(WF_LINK_FAILED, 5, "failed",                                            \
	  "the stream differs from the configuration, or libnats rejects an option")

enum wf_link_state { WF_LINK_STATES(WEFT_TABLE_ENUM) };

/**
 * struct wf_link_opts - the servers and the stream
 * @sink: for log messages; borrowed
 * @bus, @inbox: borrowed
 */
struct wf_link_opts {
	const struct wf_sink *sink;
	struct wf_bus *bus;
	struct wf_bus_stream_opts stream;
	const char *inbox;
};

/* Return: 0; -ENOMEM. */
int wf_link_new(const struct wf_link_opts *opts, struct wf_link **ret_link);

/*
 * Begin to connect if there is no connection; take the connection that the thread has made. Does
 * not wait. Return: true if a new connection was taken.
 */
bool wf_link_poll(struct wf_link *link);

/* Return true while there is a connection. */
bool wf_link_is_connected(const struct wf_link *link);

/* Return true if the state is WF_LINK_FAILED, in which no further try is made (logged). */
bool wf_link_has_failed(const struct wf_link *link);

/*
 * Send @msg. Return: false if the connection was lost, which ends it; call wf_link_poll() for a new
 * one.
 */
bool wf_link_send(struct wf_link *link, natsMsg *msg);

/*
 * Write buffered messages now, if they are 32 KiB or more: a thread of libnats writes them only
 * after 1 ms. libnats can do this only by a ping, whose answer is awaited for at most 1 ms; fewer
 * bytes, which are small messages, wait for more instead. Call this only before waiting for
 * answers. A lost connection is reported by the next wf_link_receive().
 */
void wf_link_flush(struct wf_link *link);

enum wf_link_answer {
	WF_LINK_NONE = 0,      /* none arrived in time */
	WF_LINK_ANSWER,	       /* *ret_msg is an answer, owned by the caller */
	WF_LINK_NO_RESPONDERS, /* the answer to some message: no stream takes its subject */
	WF_LINK_LOST,	       /* the connection was lost, and is ended */
};

/*
 * Take the next answer; wait at most @wait_ms for it. libnats does not tell which message had no
 * responders.
 */
enum wf_link_answer wf_link_receive(struct wf_link *link, int64_t wait_ms, natsMsg **ret_msg);

/*
 * End the connection, because its server acknowledges nothing; the next one is made to any server
 * of the list. @why: for the log.
 */
void wf_link_leave(struct wf_link *link, const char *why);

/* Return the state, and since when it lasts (CLOCK_MONOTONIC). Thread: any. */
enum wf_link_state wf_link_state(const struct wf_link *link, uint64_t *ret_since_ns);
const char *wf_link_state_text(enum wf_link_state state);

/* Return how often a connection was made. Thread: any. */
uint64_t wf_link_connects(const struct wf_link *link);

/* End the thread and the connection. Waits for a try to connect to end. NULL is allowed. */
void wf_link_free(struct wf_link *link);

#endif
