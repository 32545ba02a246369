// SPDX-License-Identifier: BSD-2-Clause
/*
 * collect.c - the loop of a collector: receive a batch, put it on disk, acknowledge it.
 *
 * While a batch is put on disk, libnats receives the messages that were requested for the next one.
 */
#include "collect/collect.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collect/disk/counts.h"
#include "collect/pull.h"
#include "collect/disk/store.h"
#include "collect/web.h"
#include "http/http.h"

enum {
	WRITE_BYTES = 4 << 20,	 /* messages are written to files when they have this total size */
	BATCH_BYTES = 128 << 20, /* size at which a batch is put on disk */
	/*
	 * age at which a batch is put on disk: COMMIT_TIMES times the duration of the last commit,
	 * within the limits BATCH_MS and BATCH_MAX_MS
	 */
	BATCH_MS = 100,
	BATCH_MAX_MS = 1000,
	COMMIT_TIMES = 2,
	/*
	 * time without a message after which a batch is put on disk, if no message waits at the
	 * server
	 */
	IDLE_MS = 20,
	WAIT_MS = 250, /* maximum wait for the first message of a batch; then signals are checked */
	RETRY_MS = 500, /* time between two tries to connect */
	/*
	 * maximum size of all requested messages: a NATS server closes a connection for which it
	 * must keep more than 64 MiB
	 */
	IN_FLIGHT_MAX = 32 << 20,
	/* maximum size of a message with its headers */
	MESSAGE_MAX = WF_BUS_DATA_MAX + 8192,
	REQUEST_MAX = 1024, /* maximum number of messages in flight for a partition */
	MESSAGE_BYTES = 640,
	/* 1/TABLE_PARTS of the memory is for the table of connections */
	TABLE_PARTS = 2,
};

static volatile sig_atomic_t stopping;
static volatile sig_atomic_t reopening;

struct collect {
	const struct wf_collect_opts *opts;
	struct wf_collect_counts counts;
	struct wf_bus *bus;			  /* owned */
	struct wf_pull *pull;			  /* owned */
	struct wf_collect_store *store;		  /* owned */
	struct wf_http *http;			  /* owned; NULL: none */
	natsMsg *msgs[WF_COLLECT_BATCH_MESSAGES]; /* owned: messages that are not written yet */
	int msgs_count;
	uint64_t msgs_bytes;
	uint64_t batch_bytes;
	uint64_t begin_ms; /* time at which the batch began */
	uint64_t first_ms; /* time of the first connect; 0: never */
	bool has_batch;
	char last_error[WF_BUS_ERROR_BYTES]; /* the reason of the last failure that was logged */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void say(const struct collect *collect, enum weft_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(const struct collect *collect, enum weft_log_level level, const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list args;

	if (!collect->opts->log)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	collect->opts->log(level, message, collect->opts->log_ctx);
}

/* ---- signals ---- */

static void on_stop(int signal)
{
	stopping = 1;
}

static void on_reopen(int signal)
{
	reopening = 1;
}

static bool should_stop(void)
{
	return stopping;
}

static void set_signals(void)
{
	struct sigaction action = {.sa_handler = on_stop};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	action.sa_handler = on_reopen;
	sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

/* Wait for @ms milliseconds, or until a signal arrives. */
static void pause_ms(int ms)
{
	const struct timespec pause = {.tv_nsec = ms * 1000000};

	if (!stopping)
		nanosleep(&pause, NULL);
}

/* ---- connecting ---- */

static void connected(struct collect *collect)
{
	const struct wf_shard *shard = &collect->opts->shard;

	atomic_store(&collect->counts.is_connected, true);
	wf_collect_count(&collect->counts, reconnects, 1);
	if (!collect->first_ms)
		collect->first_ms = now_ms();
	*collect->last_error = '\0';
	say(collect, WEFT_LOG_INFO, "collect: shard %u/%u of stream %s on %s", shard->index,
	    shard->count, collect->opts->stream, wf_bus_servers(collect->bus));
}

static int connect_once(struct collect *collect)
{
	struct wf_journal_position position = *wf_collect_store_position(collect->store);
	const struct wf_journal_head *head = wf_collect_store_head(collect->store);
	char error[WF_BUS_ERROR_BYTES] = "";
	int64_t created = 0;
	int err = wf_pull_connect(collect->pull, head, &position, &created, error);

	if (!err) {
		err = wf_collect_store_continue(collect->store, created, &position);
		if (err)
			return err; /* logged by the store, or stopped */
		err = wf_pull_start(collect->pull, head, &position, error);
	}
	if (!err) {
		connected(collect);
		return 0;
	}
	if (err != -EAGAIN)
		say(collect, WEFT_LOG_ERROR, "collect: %s: %s", wf_bus_servers(collect->bus),
		    error);
	else if (strcmp(error, collect->last_error))
		say(collect, WEFT_LOG_WARN, "collect: %s: %s; waiting",
		    wf_bus_servers(collect->bus), error);
	memcpy(collect->last_error, error, sizeof(error));
	return err;
}

/*
 * Connect, and try again until that succeeds. A server that restarts may reject users for a moment,
 * so a rejected user is an error only before the first connection was made. Return: 0, also if a
 * signal arrived; negative errno.
 */
static int connect_again(struct collect *collect)
{
	int err;

	atomic_store(&collect->counts.is_connected, false);
	while (!stopping && (err = connect_once(collect))) {
		if (err != -EAGAIN && !(err == -EACCES && atomic_load(&collect->counts.reconnects)))
			return err;
		if (wf_collect_store_tidy(collect->store))
			return -EIO;
		pause_ms(RETRY_MS);
	}
	return 0;
}

/* ---- batches ---- */

static void free_messages(struct collect *collect)
{
	for (int i = 0; i < collect->msgs_count; i++)
		natsMsg_Destroy(collect->msgs[i]);
	collect->msgs_count = 0;
	collect->msgs_bytes = 0;
}

static int commit(struct collect *collect)
{
	int err = wf_collect_store_commit(collect->store);

	if (!err)
		wf_pull_ack(collect->pull);
	free_messages(collect);
	collect->has_batch = false;
	collect->batch_bytes = 0;
	atomic_store(&collect->counts.pending, wf_pull_pending(collect->pull));
	return err;
}

/*
 * Take a message into the batch, which keeps it until its bytes are written to files. A message
 * that is known or rejected is freed at once.
 */
static void take(struct collect *collect, const struct wf_pull_msg *msg)
{
	struct wf_bus_message message;
	enum wf_bus_fault fault = wf_bus_message_parse(msg->msg, &message);
	enum wf_collect_result result = WF_COLLECT_REJECTED;

	if (!collect->has_batch)
		collect->begin_ms = now_ms();
	collect->has_batch = true;
	if (fault)
		wf_collect_store_reject(collect->store, msg->partition, msg->seq, fault);
	else
		result = wf_collect_store_add(collect->store, msg->partition, msg->seq, &message);
	if (result != WF_COLLECT_TAKEN) {
		natsMsg_Destroy(msg->msg);
		return;
	}
	collect->msgs[collect->msgs_count++] = msg->msg;
	collect->msgs_bytes += message.body_bytes;
	collect->batch_bytes += message.body_bytes;
}

/* Write the messages in memory to files. */
static int write_messages(struct collect *collect)
{
	int err = wf_collect_store_write(collect->store);

	free_messages(collect);
	return err;
}

/* Return the age at which a batch is put on disk: a slow disk gets larger batches. */
static uint64_t batch_ms(const struct collect *collect)
{
	uint64_t ms = COMMIT_TIMES * atomic_load(&collect->counts.commit_ns) / 1000000;

	if (ms > BATCH_MAX_MS)
		return BATCH_MAX_MS;
	return ms < BATCH_MS ? BATCH_MS : ms;
}

static bool is_due(const struct collect *collect, bool is_idle)
{
	uint64_t age_ms = now_ms() - collect->begin_ms;

	if (!collect->has_batch)
		return false;
	return wf_collect_store_is_full(collect->store) || collect->batch_bytes >= BATCH_BYTES ||
	       age_ms >= batch_ms(collect) ||
	       (is_idle && age_ms >= IDLE_MS && !wf_pull_pending(collect->pull));
}

/*
 * Receive one message, if one arrives in time. Then write messages to files or commit the batch, if
 * that is due; between batches, remove old files.
 */
static int step(struct collect *collect)
{
	struct wf_pull_msg msg;
	char error[WF_BUS_ERROR_BYTES];
	int err = wf_pull_next(collect->pull, collect->has_batch ? IDLE_MS : WAIT_MS, &msg, error);
	bool is_idle = err == -EAGAIN;

	if (err == -ECONNRESET) {
		say(collect, WEFT_LOG_WARN, "collect: %s: %s; connecting again",
		    wf_bus_servers(collect->bus), error);
		err = commit(collect);
		return err ? err : connect_again(collect);
	}
	if (!err)
		take(collect, &msg);
	if (collect->msgs_bytes >= WRITE_BYTES) {
		err = write_messages(collect);
		if (err)
			return err;
	}
	if (is_due(collect, is_idle)) {
		err = commit(collect);
		if (err)
			return err;
	}
	return collect->has_batch ? 0 : wf_collect_store_tidy(collect->store);
}

static bool is_finished(const struct collect *collect)
{
	return collect->opts->is_once && !collect->has_batch && !wf_pull_pending(collect->pull);
}

static int run(struct collect *collect)
{
	int err = connect_again(collect);

	while (!err && !stopping && !is_finished(collect)) {
		err = step(collect);
		if (!err && reopening && !collect->has_batch) {
			reopening = 0;
			err = wf_collect_store_reopen(collect->store);
		}
	}
	if (!err)
		err = commit(collect);
	return err;
}

/* ---- start and end ---- */

static int open_store(struct collect *collect)
{
	const struct wf_collect_opts *opts = collect->opts;
	struct wf_collect_store_opts store = {
		.dir = opts->streams_dir,
		.events = opts->events_path,
		.head = {.shard = opts->shard.index,
			 .shards = opts->shard.count,
			 .partitions = opts->shard.partitions},
		.is_reshard = opts->is_reshard,
		.max_open = opts->max_open,
		.flows_max = wf_collect_flows_fit(opts->max_memory_bytes / TABLE_PARTS),
		.retain_sec = opts->retain_sec,
		.counts = &collect->counts,
		.should_stop = should_stop,
		.free_space = wf_collect_free_space,
		.log = opts->log,
		.log_ctx = opts->log_ctx,
	};
	char error[WF_COLLECT_ERROR_BYTES];
	int err;

	snprintf(store.head.stream, sizeof(store.head.stream), "%s", opts->stream);
	err = wf_collect_store_open(&store, &collect->store, error);
	if (err && err != -EINTR)
		say(collect, WEFT_LOG_ERROR, "collect: %s", error);
	return err;
}

static int open_pull(struct collect *collect)
{
	const struct wf_collect_opts *opts = collect->opts;
	uint64_t room = opts->max_memory_bytes - opts->max_memory_bytes / TABLE_PARTS;
	uint64_t share;
	struct wf_pull_opts pull = {
		.shard = opts->shard, .stream = opts->stream, .is_reshard = opts->is_reshard};
	char error[WF_BUS_ERROR_BYTES];
	int err = wf_bus_open(&opts->bus, &collect->bus, error);

	if (err) {
		say(collect, WEFT_LOG_ERROR, "collect: %s", error);
		return err;
	}
	pull.bus = collect->bus;
	pull.batch = REQUEST_MAX;
	share = (room < IN_FLIGHT_MAX ? room : IN_FLIGHT_MAX) / wf_shard_width(&opts->shard);
	pull.max_bytes = share < MESSAGE_MAX ? MESSAGE_MAX : share;
	return wf_pull_new(&pull, &collect->pull);
}

static int open_web(struct collect *collect)
{
	const struct wf_collect_opts *opts = collect->opts;
	char error[WF_COLLECT_ERROR_BYTES];
	int err;

	if (!opts->listen)
		return 0;
	err = wf_collect_web_open(opts->listen, &collect->counts, opts->log, opts->log_ctx,
				  &collect->http, error);
	if (err)
		say(collect, WEFT_LOG_ERROR, "collect: %s", error);
	return err;
}

static void say_summary(struct collect *collect)
{
	const struct wf_collect_counts *counts = &collect->counts;
	uint64_t rejected = 0;
	uint64_t ms = collect->first_ms ? now_ms() - collect->first_ms : 0;

	for (int i = 0; i < WF_BUS_FAULT_COUNT; i++)
		rejected += atomic_load(&counts->rejected[i]);
	say(collect, WEFT_LOG_INFO,
	    "collect: %" PRIu64 " messages, %" PRIu64 " bytes, %" PRIu64 " opens, %" PRIu64
	    " closes, %" PRIu64 " gaps, %" PRIu64 " received before, %" PRIu64
	    " rejected, in %" PRIu64 ".%03" PRIu64 " s",
	    atomic_load(&counts->messages), atomic_load(&counts->bytes),
	    atomic_load(&counts->opens), atomic_load(&counts->closes), atomic_load(&counts->gaps),
	    atomic_load(&counts->duplicates), rejected, ms / 1000, ms % 1000);
}

int wf_collect_run(const struct wf_collect_opts *opts)
{
	struct collect *collect = calloc(1, sizeof(*collect));
	int err;

	if (!collect)
		return -ENOMEM;
	collect->opts = opts;
	set_signals();
	err = open_pull(collect);
	if (!err)
		err = open_store(collect);
	if (!err)
		err = open_web(collect);
	if (!err) {
		err = run(collect);
		say_summary(collect);
	}
	free_messages(collect);
	wf_http_close(collect->http);
	wf_pull_free(collect->pull);
	wf_collect_store_close(collect->store);
	wf_bus_close(collect->bus);
	free(collect);
	return err == -EINTR ? 0 : err;
}
