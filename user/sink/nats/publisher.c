// SPDX-License-Identifier: BSD-2-Clause
/*
 * publisher.c - publishes messages to JetStream, and sends each again until it is acknowledged,
 * those of a connection in order. Given up are messages that are too long for the stream and, at
 * the end, all those left after flush_ns without an acknowledgement.
 *
 * Each message has a subject of its own for its acknowledgement, with its id in the window, and the
 * prefix of these subjects stays the same when a connection is made again. So an acknowledgement
 * of a message that was sent on a former connection is still recognised. js_PublishMsgAsync() of
 * libnats is not used: it does not tell which messages were acknowledged, so it can't keep the
 * order when one of them fails.
 *
 * A server that accepts connections and does not acknowledge anything is left after STALL_NS: the
 * next connection may reach another server, and the stream is checked again.
 */
#include "sink/nats/publisher.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "bus/connect.h"
#include "sink/nats/clock.h"
#include "sink/nats/link.h"
#include "sink/nats/window.h"
#include "sink/sink_class.h"

enum {
	IN_FLIGHT_MAX = 8192,
	IN_FLIGHT_BYTES_MAX = 16 * 1024 * 1024,
	SEND_BURST = 512, /* messages that are sent before acknowledgements are taken */
	WAIT_MS = 20,
	/* memory of a message besides its body: headers in libnats, and the entry of the window */
	MESSAGE_OVERHEAD_BYTES = 1536,
	REASON_BYTES = WF_ACK_REASON_BYTES,
};

#define ACK_TIMEOUT_NS (5 * WF_NATS_NS_PER_SEC)
#define RETRY_NS       (100 * WF_NATS_NS_PER_MS)
#define RETRY_MAX_NS   (2 * WF_NATS_NS_PER_SEC)
#define STALL_NS       (15 * WF_NATS_NS_PER_SEC)
#define LOG_NS	       (60 * WF_NATS_NS_PER_SEC)
#define WAIT_FIRST_NS  (1 * WF_NATS_NS_PER_SEC)
#define WAIT_LOG_NS    (10 * WF_NATS_NS_PER_SEC)

struct wf_publisher {
	struct wf_publisher_opts opts;
	struct wf_window *window; /* owned */
	struct wf_link *link;	  /* owned */
	char inbox[WF_ACK_INBOX_BYTES];
	/* last time when a message was acknowledged, none was pending, or a connection was made */
	uint64_t progress_ns;
	bool has_given_up; /* the messages that are still pending will not be sent */
	/* the last rejection that was logged */
	unsigned int logged_code;
	uint64_t logged_ns;
	uint64_t wait_logged_ns; /* when a wait at the end was logged; 0: never */
	/* reason of the last rejection since the last acknowledgement; "": none */
	char last_reason[REASON_BYTES];

	/* copies of the window's counts for other threads */
	struct {
		_Atomic uint64_t published;
		_Atomic uint64_t acknowledged;
		_Atomic uint64_t refused;
		_Atomic uint64_t retried;
		_Atomic uint64_t pending;
		_Atomic uint64_t pending_bytes;
		_Atomic uint64_t oldest_ns;
	} shown;
};

static void free_message(void *message)
{
	natsMsg_Destroy(message);
}

int wf_publisher_new(const struct wf_publisher_opts *opts, struct wf_publisher **ret_publisher)
{
	struct wf_publisher *publisher = calloc(1, sizeof(*publisher));
	const struct wf_window_opts window = {
		.bytes_max = opts->max_pending_bytes,
		.in_flight_bytes_max = IN_FLIGHT_BYTES_MAX,
		.in_flight_max = IN_FLIGHT_MAX,
		.ack_timeout_ns = ACK_TIMEOUT_NS,
		.retry_ns = RETRY_NS,
		.retry_max_ns = RETRY_MAX_NS,
		.free_fn = free_message,
	};
	struct wf_link_opts link = {.sink = opts->sink, .bus = opts->bus, .stream = opts->stream};
	int err;

	if (!publisher)
		return -ENOMEM;
	publisher->opts = *opts;
	publisher->progress_ns = wf_nats_now_ns();
	wf_ack_inbox_new(publisher->inbox);
	link.inbox = publisher->inbox;
	err = wf_window_new(&window, &publisher->window);
	if (!err)
		err = wf_link_new(&link, &publisher->link);
	if (err) {
		wf_publisher_free(publisher);
		return err;
	}
	*ret_publisher = publisher;
	return 0;
}

bool wf_publisher_has_key(const struct wf_publisher *publisher, uint64_t key)
{
	return wf_window_has_key(publisher->window, key);
}

/* ---- acknowledgements ---- */

/* Log why a message was rejected, unless the same was logged in the last minute. */
static void log_rejection(struct wf_publisher *publisher, const struct wf_ack *ack, uint64_t now_ns)
{
	snprintf(publisher->last_reason, sizeof(publisher->last_reason), "%s", ack->reason);
	if (publisher->logged_ns && ack->code == publisher->logged_code &&
	    now_ns - publisher->logged_ns < LOG_NS)
		return;
	publisher->logged_ns = now_ns;
	publisher->logged_code = ack->code;
	wf_sink_log(publisher->opts.sink, WEFT_LOG_WARN, "JetStream does not store a message: %s%s",
		    ack->reason,
		    ack->kind == WF_ACK_REFUSED ? "; it is lost" : "; trying again until it does");
}

static void take_ack(struct wf_publisher *publisher, natsMsg *msg, uint64_t now_ns)
{
	struct wf_window *window = publisher->window;
	struct wf_window_id id;
	struct wf_ack ack;

	if (!wf_ack_subject_parse(natsMsg_GetSubject(msg), publisher->inbox, &id))
		return;
	wf_ack_parse(natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg), &ack);
	switch (ack.kind) {
	case WF_ACK_STORED:
		if (!wf_window_acked(window, id))
			break;
		publisher->progress_ns = now_ns;
		publisher->last_reason[0] = '\0';
		break;
	case WF_ACK_REJECTED:
		log_rejection(publisher, &ack, now_ns);
		wf_window_rejected(window, id, now_ns);
		break;
	case WF_ACK_REFUSED:
		log_rejection(publisher, &ack, now_ns);
		wf_window_give_up(window, id);
		break;
	}
}

/*
 * Treat the answer "no responders", whose cause is a stream that was deleted, or a cluster that
 * elects a leader, as the rejection of a message.
 */
static void take_no_responders(struct wf_publisher *publisher, uint64_t now_ns)
{
	struct wf_ack ack = {.kind = WF_ACK_REJECTED};

	snprintf(ack.reason, sizeof(ack.reason),
		 "no stream takes its subject, or the stream has no leader");
	log_rejection(publisher, &ack, now_ns);
	wf_window_rejected_some(publisher->window, now_ns);
}

/* Take all acknowledgements that have arrived; wait at most @wait_ms for the first one. */
static void take_acks(struct wf_publisher *publisher, unsigned int wait_ms)
{
	enum wf_link_answer answer;
	natsMsg *msg = NULL;

	while ((answer = wf_link_receive(publisher->link, wait_ms, &msg)) != WF_LINK_NONE) {
		uint64_t now_ns = wf_nats_now_ns();

		wait_ms = 0;
		if (answer == WF_LINK_LOST) {
			wf_window_disconnected(publisher->window);
			return;
		}
		if (answer == WF_LINK_NO_RESPONDERS) {
			take_no_responders(publisher, now_ns);
			continue;
		}
		take_ack(publisher, msg, now_ns);
		natsMsg_Destroy(msg);
	}
}

/* ---- sending ---- */

/* Send at most SEND_BURST messages. Return: true if there may be more to send. */
static bool send_some(struct wf_publisher *publisher, uint64_t now_ns)
{
	for (int i = 0; i < SEND_BURST; i++) {
		void *message = wf_window_next(publisher->window, now_ns);

		if (!message)
			return false;
		if (!wf_link_send(publisher->link, message)) {
			wf_window_disconnected(publisher->window);
			return false;
		}
	}
	return true;
}

/* Send all messages that the window allows to be sent now, and take acknowledgements. */
static void send_all(struct wf_publisher *publisher, uint64_t now_ns)
{
	while (wf_link_is_connected(publisher->link) && send_some(publisher, now_ns))
		take_acks(publisher, 0);
}

/* Leave a server that has acknowledged nothing for STALL_NS. */
static void check_stall(struct wf_publisher *publisher, uint64_t now_ns)
{
	char why[REASON_BYTES + 96];

	if (!wf_publisher_is_busy(publisher))
		publisher->progress_ns = now_ns;
	if (now_ns - publisher->progress_ns < STALL_NS)
		return;
	snprintf(why, sizeof(why), "no message was acknowledged for %llu s%s%s",
		 STALL_NS / WF_NATS_NS_PER_SEC, publisher->last_reason[0] ? ": " : "",
		 publisher->last_reason);
	wf_link_leave(publisher->link, why);
	wf_window_disconnected(publisher->window);
}

#define SHOW(name, value) \
	atomic_store_explicit(&publisher->shown.name, (value), memory_order_relaxed)

/* Copy the counts for other threads; written_bytes of the sink is the acknowledged payload. */
static void show(struct wf_publisher *publisher)
{
	struct wf_sink *sink = publisher->opts.sink;
	struct wf_window_stats stats;

	wf_window_stats_read(publisher->window, &stats);
	SHOW(published, stats.pushed);
	SHOW(acknowledged, stats.acked);
	SHOW(refused, stats.failed);
	SHOW(retried, stats.retried);
	SHOW(pending, stats.pending);
	SHOW(pending_bytes, stats.pending_bytes);
	SHOW(oldest_ns, stats.oldest_ns);
	atomic_store_explicit(&sink->counts.written_bytes, stats.acked_payload_bytes,
			      memory_order_relaxed);
}

static int failed_for_good(struct wf_publisher *publisher)
{
	return wf_link_has_failed(publisher->link) ? -EPROTO : 0;
}

int wf_publisher_pump(struct wf_publisher *publisher, unsigned int wait_ms)
{
	struct wf_link *link = publisher->link;
	uint64_t now_ns;

	if (wf_link_poll(link))
		publisher->progress_ns = wf_nats_now_ns();
	if (!wf_link_is_connected(link)) {
		show(publisher);
		if (wait_ms && !wf_link_has_failed(link))
			wf_nats_sleep_ms(wait_ms);
		return failed_for_good(publisher);
	}
	take_acks(publisher, 0);
	now_ns = wf_nats_now_ns();
	wf_window_expire(publisher->window, now_ns);
	send_all(publisher, now_ns);
	if (wait_ms && wf_link_is_connected(link)) {
		wf_link_flush(link);
		take_acks(publisher, wait_ms);
		/* An acknowledgement lets the next message of its connection be sent. */
		send_all(publisher, wf_nats_now_ns());
	}
	if (wf_link_is_connected(link))
		check_stall(publisher, wf_nats_now_ns());
	show(publisher);
	return 0;
}

/* ---- waiting ---- */

/* Report that the pending messages are lost. Return: -ETIMEDOUT. */
static int give_up(struct wf_publisher *publisher)
{
	struct wf_window_stats stats;

	wf_window_stats_read(publisher->window, &stats);
	publisher->has_given_up = true;
	wf_sink_log(publisher->opts.sink, WEFT_LOG_ERROR,
		    "%" PRIu64 " messages are lost, because none was acknowledged for %llu "
		    "s at the end (sinks.nats.flush_timeout_sec)",
		    stats.pending, publisher->opts.flush_ns / WF_NATS_NS_PER_SEC);
	return -ETIMEDOUT;
}

/*
 * Log at intervals that the end of the run waits for acknowledgements. @left_ns: time left until
 * the pending messages are given up, if none is acknowledged before.
 */
static void log_wait(struct wf_publisher *publisher, uint64_t since_ns, uint64_t now_ns,
		     uint64_t left_ns)
{
	struct wf_window_stats stats;

	if (now_ns - since_ns < WAIT_FIRST_NS ||
	    (publisher->wait_logged_ns && now_ns - publisher->wait_logged_ns < WAIT_LOG_NS))
		return;
	publisher->wait_logged_ns = now_ns;
	wf_window_stats_read(publisher->window, &stats);
	wf_sink_log(publisher->opts.sink, WEFT_LOG_INFO,
		    "waiting until %" PRIu64 " messages are acknowledged by %s%s; giving up in "
		    "%llu s if none is (sinks.nats.flush_timeout_sec)",
		    stats.pending, wf_bus_servers(publisher->opts.bus),
		    wf_link_is_connected(publisher->link) ? "" : ", not connected",
		    (left_ns + WF_NATS_NS_PER_SEC - 1) / WF_NATS_NS_PER_SEC);
}

/*
 * Call wf_publisher_pump() once while the run ends; give up if there was no acknowledgement for
 * flush_ns. @since_ns: time at which this waiting began. Return: as wf_publisher_begin().
 */
static int pump_at_end(struct wf_publisher *publisher, uint64_t since_ns)
{
	int err = wf_publisher_pump(publisher, WAIT_MS);
	uint64_t progress_ns = publisher->progress_ns, now_ns = wf_nats_now_ns();

	if (!wf_link_is_connected(publisher->link) || progress_ns < since_ns)
		progress_ns = since_ns;
	if (err)
		return err;
	if (now_ns - progress_ns >= publisher->opts.flush_ns)
		return give_up(publisher);
	log_wait(publisher, since_ns, now_ns, publisher->opts.flush_ns - (now_ns - progress_ns));
	return 0;
}

/* Wait until a message of @bytes fits. Return: as wf_publisher_begin(). */
static int wait_for_room(struct wf_publisher *publisher, uint64_t bytes)
{
	uint64_t end_since_ns = 0;
	int err = 0;

	while (!err && !wf_window_has_room(publisher->window, bytes)) {
		if (!wf_sink_is_ending(publisher->opts.sink)) {
			err = wf_publisher_pump(publisher, WAIT_MS);
			continue;
		}
		if (!end_since_ns)
			end_since_ns = wf_nats_now_ns();
		err = pump_at_end(publisher, end_since_ns);
	}
	return err;
}

int wf_publisher_begin(struct wf_publisher *publisher, size_t body_bytes,
		       char ret_reply[WF_ACK_SUBJECT_BYTES])
{
	struct wf_window_id id;
	int err = publisher->has_given_up
			  ? -ETIMEDOUT
			  : wait_for_room(publisher, body_bytes + MESSAGE_OVERHEAD_BYTES);

	if (!err)
		err = wf_window_next_id(publisher->window, &id);
	if (!err)
		wf_ack_subject(publisher->inbox, id, ret_reply);
	return err;
}

int wf_publisher_put(struct wf_publisher *publisher, uint64_t key, natsMsg *msg,
		     uint32_t payload_bytes)
{
	uint32_t bytes = (uint32_t)natsMsg_GetDataLength(msg) + MESSAGE_OVERHEAD_BYTES;
	int err =
		wf_window_push(publisher->window, key, msg, bytes, payload_bytes, wf_nats_now_ns());

	if (err)
		natsMsg_Destroy(msg);
	return err;
}

int wf_publisher_finish(struct wf_publisher *publisher)
{
	uint64_t since_ns = wf_nats_now_ns();
	int err = publisher->has_given_up ? -ETIMEDOUT : 0;

	while (!err && wf_publisher_is_busy(publisher))
		err = pump_at_end(publisher, since_ns);
	show(publisher);
	return err;
}

bool wf_publisher_is_busy(const struct wf_publisher *publisher)
{
	struct wf_window_stats stats;

	wf_window_stats_read(publisher->window, &stats);
	return stats.pending > 0;
}

bool wf_publisher_has_backlog(const struct wf_publisher *publisher)
{
	return wf_window_has_backlog(publisher->window);
}

uint64_t wf_publisher_end(struct wf_publisher *publisher)
{
	struct wf_window_stats stats;

	show(publisher);
	wf_window_stats_read(publisher->window, &stats);
	SHOW(refused, stats.failed + stats.pending);
	SHOW(pending, 0);
	SHOW(pending_bytes, 0);
	SHOW(oldest_ns, 0);
	return stats.pending;
}

bool wf_publisher_awaits_ack(const struct wf_publisher *publisher)
{
	struct wf_window_stats stats;

	wf_window_stats_read(publisher->window, &stats);
	return wf_link_is_connected(publisher->link) && stats.in_flight > 0;
}

/* ---- other threads ---- */

void wf_publisher_stats_read(const struct wf_publisher *publisher,
			     struct wf_publisher_stats *ret_stats)
{
	uint64_t oldest_ns, now_ns = wf_nats_now_ns(), since_ns;

#define READ(name) atomic_load_explicit(&publisher->shown.name, memory_order_relaxed)
	oldest_ns = READ(oldest_ns);
	*ret_stats = (struct wf_publisher_stats){
		.published = READ(published),
		.acknowledged = READ(acknowledged),
		.refused = READ(refused),
		.retried = READ(retried),
		.pending = READ(pending),
		.pending_bytes = READ(pending_bytes),
		.lag_ns = oldest_ns && now_ns > oldest_ns ? now_ns - oldest_ns : 0,
		.connects = wf_link_connects(publisher->link),
		.is_connected = wf_link_state(publisher->link, &since_ns) == WF_LINK_CONNECTED,
	};
#undef READ
}

bool wf_publisher_trouble(const struct wf_publisher *publisher, char *ret_text, size_t room)
{
	struct wf_publisher_stats stats;
	uint64_t since_ns, now_ns = wf_nats_now_ns();
	enum wf_link_state state = wf_link_state(publisher->link, &since_ns);
	uint64_t sec = (now_ns > since_ns ? now_ns - since_ns : 0) / WF_NATS_NS_PER_SEC;

	wf_publisher_stats_read(publisher, &stats);
	if (state != WF_LINK_CONNECTED) {
		snprintf(ret_text, room, "not connected to %s for %" PRIu64 " s: %s",
			 wf_bus_servers(publisher->opts.bus), sec, wf_link_state_text(state));
		return true;
	}
	if (stats.lag_ns < ACK_TIMEOUT_NS)
		return false;
	snprintf(ret_text, room,
		 "waiting for JetStream, which has not acknowledged a message for %llu s",
		 stats.lag_ns / WF_NATS_NS_PER_SEC);
	return true;
}

void wf_publisher_free(struct wf_publisher *publisher)
{
	if (!publisher)
		return;
	wf_link_free(publisher->link);
	wf_window_free(publisher->window);
	free(publisher);
}
