/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * window.h - messages that are not acknowledged yet: decides which one is sent or repeated, and
 * when.
 *
 * Messages with the same key (a connection) are stored by JetStream in the order in which they were
 * pushed, whatever fails: a message is sent only after the one before it was acknowledged or given
 * up. With more than one under way, the order could break: when the leader of a stream changes, it
 * can lose a message without an answer while the new leader accepts the next one, and no header of
 * JetStream prevents that in a stream to which others write as well. Messages of different keys,
 * and those without a key, do not wait for each other, so thousands can be under way.
 *
 *   FLOWING  messages are sent up to the limits of the messages under way
 *   PROBING  after a message was rejected, not acknowledged in time, or its connection was lost:
 *            one message is sent, with growing intervals, until one is acknowledged or given up
 *
 * The window knows nothing of NATS. Messages are opaque; time is given by the caller. Memory: at
 * most bytes_max, as the caller counts messages, and about 150 bytes for each message. Thread: one.
 */
#ifndef WF_SINK_NATS_WINDOW_H
#define WF_SINK_NATS_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct wf_window;

/* The key of messages that wait for no other. */
#define WF_WINDOW_NO_KEY 0ull

/**
 * struct wf_window_opts - limits of a window
 * @bytes_max:		maximum size of all messages, sent or not
 * @in_flight_bytes_max, @in_flight_max: maximum of messages that are sent and not acknowledged
 * @ack_timeout_ns:	time after which a message that is not acknowledged is sent again
 * @retry_ns:		time before the first probe after a rejection, doubled with each failed
 *			probe; after a lost connection the first probe is sent at once
 * @retry_max_ns:	maximum time between two probes
 * @free_fn:		frees a message
 */
struct wf_window_opts {
	uint64_t bytes_max;
	uint64_t in_flight_bytes_max;
	uint32_t in_flight_max;
	uint64_t ack_timeout_ns;
	uint64_t retry_ns;
	uint64_t retry_max_ns;
	void (*free_fn)(void *message);
};

/* struct wf_window_id - identifies a message; @use distinguishes messages that had the same slot */
struct wf_window_id {
	uint32_t slot;
	uint32_t use;
};

/**
 * struct wf_window_stats - counts since the window was made, and its present state
 * @pushed, @acked, @failed: messages; pushed = acked + failed + pending
 * @sent:      how often messages were sent, repetitions included
 * @retried:   how often messages were sent again
 * @acked_payload_bytes: payload of the acknowledged messages
 * @oldest_ns: time at which the oldest pending message was pushed; 0: none is pending
 */
struct wf_window_stats {
	uint64_t pushed;
	uint64_t acked;
	uint64_t failed;
	uint64_t sent;
	uint64_t retried;
	uint64_t pending;
	uint64_t pending_bytes;
	uint64_t acked_payload_bytes;
	uint64_t in_flight;
	uint64_t oldest_ns;
};

/* Return: 0; -ENOMEM. */
int wf_window_new(const struct wf_window_opts *opts, struct wf_window **ret_window);

/* Free the window and all messages in it. NULL is allowed. */
void wf_window_free(struct wf_window *window);

/* Return true if a message of @bytes fits; an empty window has room for a message of any size. */
bool wf_window_has_room(const struct wf_window *window, uint64_t bytes);

/* Return true if a message with @key, which is not WF_WINDOW_NO_KEY, is pending. */
bool wf_window_has_key(const struct wf_window *window, uint64_t key);

/*
 * Return in *ret_id the identity of the message that is pushed next. Return: 0; -ENOMEM.
 */
int wf_window_next_id(struct wf_window *window, struct wf_window_id *ret_id);

/*
 * Append a message; takes @message on success. @payload_bytes is only counted. Return: 0; -ENOBUFS
 * if there is no room; -ENOMEM.
 */
int wf_window_push(struct wf_window *window, uint64_t key, void *message, uint32_t bytes,
		   uint32_t payload_bytes, uint64_t now_ns);

/*
 * Return true if messages wait that could be sent if the limits, or the server, allowed more.
 */
bool wf_window_has_backlog(const struct wf_window *window);

/*
 * Return the next message to be sent, borrowed until it is acknowledged; it counts as sent from now
 * on. NULL if none may be sent now.
 */
void *wf_window_next(struct wf_window *window, uint64_t now_ns);

/*
 * The message was stored. Unknown ids and repeated acknowledgements are ignored. Return: true if
 * the message was pending.
 */
bool wf_window_acked(struct wf_window *window, struct wf_window_id id);

/* The server has rejected the message; it is sent again. */
void wf_window_rejected(struct wf_window *window, struct wf_window_id id, uint64_t now_ns);

/*
 * The server has rejected a message, and it is not known which one: all that is under way is sent
 * again. Answers to the first sending still count.
 */
void wf_window_rejected_some(struct wf_window *window, uint64_t now_ns);

/* The server will never accept the message: remove it, and count it as failed. */
void wf_window_give_up(struct wf_window *window, struct wf_window_id id);

/* If a message was not acknowledged in time, send all that is under way again. */
void wf_window_expire(struct wf_window *window, uint64_t now_ns);

/* The connection was lost: all that was under way is sent again. */
void wf_window_disconnected(struct wf_window *window);

void wf_window_stats_read(const struct wf_window *window, struct wf_window_stats *ret_stats);

/* Return true if counts and lists agree; for tests. */
bool wf_window_is_valid(const struct wf_window *window);

#endif
