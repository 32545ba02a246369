// SPDX-License-Identifier: BSD-2-Clause
/*
 * link.c - the connection to a server of NATS, which is made again whenever it is lost.
 *
 * The sink's thread and the connecting thread share no lock: the result in struct attempt belongs
 * to the connecting thread until it sets `ended`, and to the sink's thread afterwards. Answers
 * arrive through a subscription that the sink's thread reads, so no callback of libnats is used.
 */
#include "sink/nats/link.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sink/nats/clock.h"
#include "sink/sink_class.h"

enum {
	RETRY_MS = 500, /* time between two tries */
	FLUSH_BYTES = 32 * 1024,
	FLUSH_MS = 1,
	SLICE_MS = 50, /* interval at which the waiting thread checks must_end */
};

#define TEXT(constant, value, name, text) [constant] = (text),
static const char *const state_texts[] = {WF_LINK_STATES(TEXT)};

/* A thread that tries to connect until it succeeds, fails for good or must end; and its result. */
struct attempt {
	pthread_t thread;
	bool is_running; /* the thread was started and not joined */
	/* set (release) by the thread after its result; read (acquire) by the sink's thread */
	_Atomic bool ended;
	_Atomic bool must_end;
	/* the last connection acknowledged nothing: keep any other one; set before the start */
	bool is_after_stall;
	/* NULL if the attempt failed for good, or was cancelled (must_end) */
	natsConnection *connection;
	natsSubscription *answers;
	char logged[WF_BUS_ERROR_BYTES]; /* last reason that was logged */
	char fatal[WF_BUS_ERROR_BYTES];	 /* the error that has ended the attempt; "": none */
};

struct wf_link {
	struct wf_link_opts opts;
	natsConnection *connection; /* owned; NULL: not connected */
	natsSubscription *answers;  /* owned */
	struct attempt attempt;
	_Atomic uint32_t state; /* enum wf_link_state */
	_Atomic uint64_t since_ns;
	_Atomic uint64_t connects;
};

int wf_link_new(const struct wf_link_opts *opts, struct wf_link **ret_link)
{
	struct wf_link *link = calloc(1, sizeof(*link));

	if (!link)
		return -ENOMEM;
	link->opts = *opts;
	atomic_store(&link->since_ns, wf_nats_now_ns());
	*ret_link = link;
	return 0;
}

static void set_state(struct wf_link *link, enum wf_link_state state)
{
	if (atomic_exchange(&link->state, state) != state)
		atomic_store(&link->since_ns, wf_nats_now_ns());
}

/* ---- the thread that connects ---- */

static void destroy(natsConnection *connection, natsSubscription *answers)
{
	natsSubscription_Destroy(answers);
	natsConnection_Destroy(connection);
}

/* Report a failed try, unless the failure before had the same reason. */
static void report(struct wf_link *link, const char *what, const char *why)
{
	struct attempt *attempt = &link->attempt;

	if (!strcmp(attempt->logged, why))
		return;
	snprintf(attempt->logged, sizeof(attempt->logged), "%s", why);
	wf_sink_log(link->opts.sink, WEFT_LOG_WARN, "%s%s: %s; trying again until it succeeds",
		    what, wf_bus_servers(link->opts.bus), why);
}

/* Subscribe to the answers. Return: 0; -EAGAIN. */
static int subscribe(struct wf_link *link, natsConnection *connection, char *ret_error)
{
	natsSubscription *answers = NULL;
	char subject[WF_ACK_SUBJECT_BYTES];
	natsStatus status;

	snprintf(subject, sizeof(subject), "%s.>", link->opts.inbox);
	status = natsConnection_SubscribeSync(&answers, connection, subject);
	/* Remove the limit of this queue: the window limits the number of answers. */
	if (status == NATS_OK)
		status = natsSubscription_SetPendingLimits(answers, -1, -1);
	if (status == NATS_OK) {
		link->attempt.answers = answers;
		return 0;
	}
	natsSubscription_Destroy(answers);
	wf_bus_error(status, ret_error);
	return -EAGAIN;
}

/*
 * Create or check the stream. @ret_leader receives the name of the server that leads it, "" if it
 * is not known. Return: as wf_bus_stream_ensure().
 */
static int ensure_stream(struct wf_link *link, natsConnection *connection, char *ret_leader,
			 char *ret_error)
{
	const struct wf_bus_stream_opts *stream = &link->opts.stream;
	jsCtx *js = NULL;
	natsStatus status = natsConnection_JetStream(&js, connection, NULL);
	int err;

	ret_leader[0] = '\0';
	if (status != NATS_OK) {
		wf_bus_error(status, ret_error);
		return -EAGAIN;
	}
	err = wf_bus_stream_ensure(js, stream, ret_error);
	if (!err && wf_bus_stream_leader(js, stream->name, ret_leader))
		ret_leader[0] = '\0';
	jsCtx_Destroy(js);
	return err;
}

/*
 * Replace *@connection by a connection to the server @leader, if that is another server of the
 * list: other servers send each message on to the leader, which takes a hop and a copy more. If
 * anything fails, *@connection stays; and the link does not move when another leader is elected, so
 * it never moves to and fro.
 */
static void prefer_leader(struct wf_link *link, const char *leader, natsConnection **connection)
{
	natsConnection *direct;

	if (!*leader || link->attempt.is_after_stall ||
	    wf_bus_connect_named(link->opts.bus, leader, *connection, &direct))
		return;
	natsConnection_Destroy(*connection);
	*connection = direct;
}

/*
 * Keep the error that ends the attempt (-EINVAL), or report another one. Return: true if no further
 * try is needed.
 */
static bool end_try(struct wf_link *link, int err, const char *what, const char *error)
{
	if (err == -EINVAL)
		snprintf(link->attempt.fatal, sizeof(link->attempt.fatal), "%s", error);
	else
		report(link, what, error);
	return err == -EINVAL;
}

/* Try once. Return: true if no further try is needed: connected, or failed for good. */
static bool try_once(struct wf_link *link)
{
	char error[WF_BUS_ERROR_BYTES], leader[WF_BUS_LEADER_BYTES];
	natsConnection *connection = NULL;
	int err = wf_bus_connect(link->opts.bus, &connection, error);

	if (err) {
		if (err != -EINVAL)
			set_state(link, err == -EAGAIN ? WF_LINK_NO_SERVER : WF_LINK_NO_ACCESS);
		return end_try(link, err, "can't connect to ", error);
	}
	err = ensure_stream(link, connection, leader, error);
	if (!err)
		prefer_leader(link, leader, &connection);
	if (!err)
		err = subscribe(link, connection, error);
	if (!err) {
		link->attempt.connection = connection;
		return true;
	}
	natsConnection_Destroy(connection);
	if (err != -EINVAL)
		set_state(link, WF_LINK_NO_STREAM);
	return end_try(link, err, "", error);
}

static void *connect_thread(void *ctx)
{
	struct wf_link *link = ctx;
	struct attempt *attempt = &link->attempt;

	while (!atomic_load(&attempt->must_end) && !try_once(link))
		for (int ms = 0; ms < RETRY_MS && !atomic_load(&attempt->must_end); ms += SLICE_MS)
			wf_nats_sleep_ms(SLICE_MS);
	nats_ReleaseThreadMemory();
	/* Pairs with the acquire in wf_link_poll(): the result is visible before the flag. */
	atomic_store_explicit(&attempt->ended, true, memory_order_release);
	return NULL;
}

/* ---- the sink's thread ---- */

static void start_attempt(struct wf_link *link)
{
	struct attempt *attempt = &link->attempt;

	attempt->connection = NULL;
	attempt->answers = NULL;
	atomic_store(&attempt->ended, false);
	/* The thread inherits the signal mask of the sink's thread: all signals are blocked. */
	attempt->is_running = !pthread_create(&attempt->thread, NULL, connect_thread, link);
}

static void log_connected(const struct wf_link *link)
{
	char server[WF_BUS_ERROR_BYTES];

	wf_bus_server_text(link->connection, server);
	wf_sink_log(link->opts.sink, WEFT_LOG_INFO, "connected to %s", server);
}

/* Take the result of the thread. Return: true if it has connected. */
static bool take_result(struct wf_link *link)
{
	struct attempt *attempt = &link->attempt;

	pthread_join(attempt->thread, NULL);
	attempt->is_running = false;
	if (attempt->fatal[0]) {
		wf_sink_log(link->opts.sink, WEFT_LOG_ERROR, "%s", attempt->fatal);
		set_state(link, WF_LINK_FAILED);
	}
	if (!attempt->connection)
		return false;
	link->connection = attempt->connection;
	link->answers = attempt->answers;
	attempt->connection = NULL;
	if (attempt->logged[0] || atomic_load(&link->connects))
		log_connected(link);
	attempt->logged[0] = '\0';
	attempt->is_after_stall = false;
	atomic_fetch_add(&link->connects, 1);
	set_state(link, WF_LINK_CONNECTED);
	return true;
}

bool wf_link_poll(struct wf_link *link)
{
	struct attempt *attempt = &link->attempt;

	if (link->connection || wf_link_has_failed(link))
		return false;
	if (!attempt->is_running) {
		start_attempt(link);
		return false;
	}
	/* Pairs with the release in connect_thread(). */
	if (!atomic_load_explicit(&attempt->ended, memory_order_acquire))
		return false;
	return take_result(link);
}

bool wf_link_is_connected(const struct wf_link *link)
{
	return link->connection != NULL;
}

bool wf_link_has_failed(const struct wf_link *link)
{
	return atomic_load(&link->state) == WF_LINK_FAILED;
}

/* End the connection. @why: for the log. */
static void drop(struct wf_link *link, const char *why)
{
	if (!link->connection)
		return;
	wf_sink_log(link->opts.sink, WEFT_LOG_WARN, "lost the connection: %s", why);
	destroy(link->connection, link->answers);
	link->connection = NULL;
	link->answers = NULL;
	set_state(link, WF_LINK_NO_SERVER);
}

void wf_link_leave(struct wf_link *link, const char *why)
{
	drop(link, why);
	link->attempt.is_after_stall = true;
}

bool wf_link_send(struct wf_link *link, natsMsg *msg)
{
	natsStatus status = natsConnection_PublishMsg(link->connection, msg);
	char why[WF_BUS_ERROR_BYTES];

	if (status == NATS_OK)
		return true;
	wf_bus_error(status, why);
	drop(link, why);
	return false;
}

void wf_link_flush(struct wf_link *link)
{
	if (link->connection && natsConnection_Buffered(link->connection) >= FLUSH_BYTES)
		natsConnection_FlushTimeout(link->connection, FLUSH_MS);
}

enum wf_link_answer wf_link_receive(struct wf_link *link, int64_t wait_ms, natsMsg **ret_msg)
{
	natsStatus status = natsSubscription_NextMsg(ret_msg, link->answers, wait_ms);
	char why[WF_BUS_ERROR_BYTES];

	if (status == NATS_OK)
		return WF_LINK_ANSWER;
	if (status == NATS_NO_RESPONDERS)
		return WF_LINK_NO_RESPONDERS;
	if (status == NATS_TIMEOUT && !natsConnection_IsClosed(link->connection))
		return WF_LINK_NONE;
	wf_bus_error(status == NATS_TIMEOUT ? NATS_CONNECTION_CLOSED : status, why);
	drop(link, why);
	return WF_LINK_LOST;
}

enum wf_link_state wf_link_state(const struct wf_link *link, uint64_t *ret_since_ns)
{
	*ret_since_ns = atomic_load(&link->since_ns);
	return (enum wf_link_state)atomic_load(&link->state);
}

const char *wf_link_state_text(enum wf_link_state state)
{
	return state_texts[state];
}

uint64_t wf_link_connects(const struct wf_link *link)
{
	return atomic_load(&link->connects);
}

void wf_link_free(struct wf_link *link)
{
	struct attempt *attempt;

	if (!link)
		return;
	attempt = &link->attempt;
	atomic_store(&attempt->must_end, true);
	if (attempt->is_running)
		pthread_join(attempt->thread, NULL);
	if (attempt->connection)
		destroy(attempt->connection, attempt->answers);
	if (link->connection)
		destroy(link->connection, link->answers);
	free(link);
}
