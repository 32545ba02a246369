// SPDX-License-Identifier: BSD-2-Clause
/*
 * nats.c - publishes stream data, events and the state of the sensor to NATS JetStream.
 *
 *   event ─► chunks.c ─► messages.c ─► publisher.c ─► window.c   the order
 *   bytes are collected     headers                └► link.c     the connection
 *
 * A record of a connection (its beginning, a gap, a loss, its end) is published in the partition of
 * the connection, after the bytes that precede it; records that are events of EVE are published as
 * events, too.
 *
 * While no server can be reached, messages wait, up to sinks.nats.max_pending_mb. Then take()
 * waits, and the queue of the subscription drops events by its policy, which DROP events report.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bus/connect.h"
#include "bus/message.h"
#include "sink/event_lines.h"
#include "sink/format/eve_event.h"
#include "sink/format/json_out.h"
#include "sink/nats/chunks.h"
#include "sink/nats/clock.h"
#include "sink/nats/messages.h"
#include "sink/nats/publisher.h"
#include "sink/sink_class.h"

enum {
	CHUNKS_MAX = 4096,
	CHUNK_SHARE = 4,	/* bytes in chunks: at most 1/CHUNK_SHARE of max_pending_bytes */
	CHUNK_WAIT_MS = 20,	/* bytes wait about this long for more bytes of their direction */
	CHUNK_BACKLOG_MS = 200, /* the same while messages wait: fewer cost the server less */
	BUSY_MS = 10,	 /* the thread waits at most this long for events while messages wait */
	ACK_WAIT_MS = 2, /* events wait at most this long while an acknowledgement is awaited */
	IDLE_MS = 250,
	HOST_BYTES = 256,
};

struct nats {
	struct wf_bus *bus;		/* owned */
	struct wf_publisher *publisher; /* owned */
	struct wf_chunks *chunks;	/* owned */
	struct wf_messages messages;
	struct wf_event_lines lines;
	struct wf_json json; /* writes to line[] */
	int line_err;	     /* first error of publishing a line that event_lines.c has written */
	uint64_t looked_sec, stats_sec, state_sec;
	char line[WF_BUS_JSON_MAX + 1];
};

/* ---- records ---- */

/* End the line in nats->json. Return: its length without the newline; 0 if the line was too long
 * and was counted as a failed event. */
static size_t end_line(struct wf_sink *sink)
{
	struct nats *nats = sink->state;
	bool fits = wf_json_line_end(&nats->json);
	size_t len = fits ? nats->json.len - 1 : 0;

	nats->json.len = 0;
	if (!fits)
		wf_sink_count(sink, failed_events, 1);
	return len;
}

/* Publish a line of event_lines.c. */
static void end_other_line(const char *type, void *ctx)
{
	struct wf_sink *sink = ctx;
	struct nats *nats = sink->state;
	size_t len = end_line(sink);
	int err = len ? wf_messages_put_event(&nats->messages, type, nats->line, len) : 0;

	if (!nats->line_err)
		nats->line_err = err;
}

static int put_record(struct nats *nats, const struct weft_event *event, enum wf_bus_kind kind,
		      uint64_t off, uint64_t len_bytes, size_t line_len)
{
	struct wf_bus_message message = {
		.kind = kind,
		.dir = event->dir,
		.peers = *event->flow,
		.off = off,
		.len_bytes = len_bytes,
		.time_ns = event->time_ns,
		.body = nats->line,
		.body_bytes = line_len,
	};

	return wf_messages_put_flow(&nats->messages, &message);
}

/* Publish the OPEN @event in its partition only: EVE has no type for OPEN. */
static int put_open(struct wf_sink *sink, const struct weft_event *event)
{
	struct nats *nats = sink->state;
	struct wf_json *json = &nats->json;
	size_t len;

	wf_event_lines_begin(&nats->lines, event->time_ns, "open");
	wf_eve_put_flow(json, &nats->lines.source, event->flow);
	wf_json_object_begin(json, "open");
	wf_json_u64(json, "offset_toserver", event->open.off[WEFT_TO_SERVER]);
	wf_json_u64(json, "offset_toclient", event->open.off[WEFT_TO_CLIENT]);
	wf_json_bool(json, "midway", event->open.midway);
	wf_json_bool(json, "midstream", event->open.midstream);
	wf_json_object_end(json);
	len = end_line(sink);
	return len ? put_record(nats, event, WF_BUS_OPEN, 0, 0, len) : 0;
}

/* Publish @event in the partition of its connection, if it has a place there. */
static int put_in_partition(struct nats *nats, const struct weft_event *event, size_t len)
{
	switch (event->type) {
	case WEFT_EVENT_GAP:
		return put_record(nats, event, WF_BUS_GAP, event->gap.off, event->gap.len_bytes,
				  len);
	case WEFT_EVENT_CLOSE:
		return put_record(nats, event, WF_BUS_CLOSE, 0, 0, len);
	case WEFT_EVENT_DROP:
		if (!event->flow || !event->drop.len_bytes)
			return 0;
		return put_record(nats, event, WF_BUS_DROP, event->drop.off, event->drop.len_bytes,
				  len);
	case WEFT_EVENT_OPEN:
	case WEFT_EVENT_DATA:
	case WEFT_EVENT_ANOMALY:
		break;
	}
	return 0;
}

static const char *type_of(const struct weft_event *event)
{
	switch (event->type) {
	case WEFT_EVENT_GAP:
		return "gap";
	case WEFT_EVENT_CLOSE:
		return "flow";
	case WEFT_EVENT_ANOMALY:
		return "anomaly";
	case WEFT_EVENT_DROP:
		return "event_loss";
	case WEFT_EVENT_OPEN:
	case WEFT_EVENT_DATA:
		break;
	}
	return NULL;
}

static int put_eve(struct wf_sink *sink, const struct weft_event *event)
{
	struct nats *nats = sink->state;
	size_t len;
	int err = 0;

	if (event->flow && event->type != WEFT_EVENT_ANOMALY)
		err = wf_chunks_end_flow(nats->chunks, event->flow->id);
	if (err)
		return err;
	wf_json_line_begin(&nats->json);
	wf_eve_put_event(&nats->json, &nats->lines.clock, &nats->lines.source, event);
	len = end_line(sink);
	if (!len)
		return 0;
	err = put_in_partition(nats, event, len);
	return err ? err : wf_messages_put_event(&nats->messages, type_of(event), nats->line, len);
}

/* Publish bytes that chunks.c has collected. */
static int put_chunk(const struct wf_chunk *chunk, void *ctx)
{
	struct nats *nats = ctx;
	struct wf_bus_message message = {
		.kind = WF_BUS_DATA,
		.dir = chunk->dir,
		.peers = chunk->flow,
		.off = chunk->off,
		.len_bytes = chunk->len_bytes,
		.time_ns = chunk->time_ns,
		.body = chunk->bytes,
		.body_bytes = chunk->len_bytes,
	};

	return wf_messages_put_flow(&nats->messages, &message);
}

/* ---- the state of the sensor ---- */

/* Add members that the report of the agent does not have. Return: false if there is no memory. */
static bool complete_state(const struct wf_sink *sink, json_t *state, bool is_last)
{
	const struct nats *nats = sink->state;
	char host[HOST_BYTES] = "", boot[20];
	uint64_t now_ns = wf_nats_clock_ns(CLOCK_REALTIME);

	gethostname(host, sizeof(host) - 1);
	snprintf(boot, sizeof(boot), "%016llx", (unsigned long long)nats->messages.sensor.boot);
	return !json_object_set_new(state, "sensor", json_string(nats->messages.sensor.sensor)) &&
	       !json_object_set_new(state, "boot", json_string(boot)) &&
	       !json_object_set_new(state, "hostname", json_string(host)) &&
	       !json_object_set_new(state, "time_ns", json_integer((json_int_t)now_ns)) &&
	       !json_object_set_new(state, "interval_sec",
				    json_integer(sink->opts.nats_stats_interval_sec)) &&
	       !json_object_set_new(state, "partitions", json_integer(nats->messages.partitions)) &&
	       !json_object_set_new(state, "state", json_string(is_last ? "ended" : "running"));
}

static int put_state(struct wf_sink *sink, bool is_last)
{
	struct nats *nats = sink->state;
	json_t *state = sink->opts.report ? sink->opts.report(sink->opts.report_ctx) : NULL;
	char *text = NULL;
	int err = 0;

	if (state && complete_state(sink, state, is_last))
		text = json_dumps(state, JSON_COMPACT);
	json_decref(state);
	if (text)
		err = wf_messages_put_state(&nats->messages, text, strlen(text));
	free(text);
	return err;
}

/* ---- the sink ---- */

/*
 * Once a second, publish changes that no event of the queue reports; at their intervals, publish
 * statistics and the state of the sensor. While the last state is not acknowledged, no further one
 * is published.
 */
static int look_around(struct wf_sink *sink)
{
	struct nats *nats = sink->state;
	uint64_t sec = wf_event_lines_clock_sec(CLOCK_MONOTONIC_COARSE);
	uint32_t interval_sec = atomic_load(&sink->stats_interval_sec);
	int err = 0;

	if (sec == nats->looked_sec)
		return 0;
	nats->looked_sec = sec;
	wf_event_lines_changes(&nats->lines);
	if (interval_sec && sec - nats->stats_sec >= interval_sec) {
		nats->stats_sec = sec;
		wf_event_lines_stats(&nats->lines);
	}
	if (sec - nats->state_sec >= sink->opts.nats_stats_interval_sec &&
	    !wf_messages_state_is_pending(&nats->messages)) {
		nats->state_sec = sec;
		err = put_state(sink, false);
	}
	return err ? err : nats->line_err;
}

/* Return the time that the sink's thread may wait for an event. */
static int wait_for_events_ms(const struct nats *nats)
{
	/* The next message of a connection is sent when an acknowledgement arrives: see
	 * nats_idle(). */
	if (wf_publisher_awaits_ack(nats->publisher))
		return 0;
	return wf_chunks_count(nats->chunks) || wf_publisher_is_busy(nats->publisher) ? BUSY_MS
										      : IDLE_MS;
}

/*
 * Publish old chunks and periodic messages, send the messages that may be sent, and choose the time
 * of the next call. @wait_ms: maximum time to wait for an acknowledgement.
 */
static int work(struct wf_sink *sink, unsigned int wait_ms)
{
	struct nats *nats = sink->state;
	bool is_late = wf_publisher_has_backlog(nats->publisher);
	uint64_t age_ns = (is_late ? CHUNK_BACKLOG_MS : CHUNK_WAIT_MS) * WF_NATS_NS_PER_MS;
	int err = wf_chunks_end_older(nats->chunks, wf_nats_now_ns() - age_ns);

	if (!err)
		err = look_around(sink);
	if (!err)
		err = wf_publisher_pump(nats->publisher, wait_ms);
	sink->idle_ms = wait_for_events_ms(nats);
	return err;
}

/*
 * Called when the queue is empty. The thread waits for acknowledgements instead of events while a
 * message is under way: otherwise one connection would be limited to a message for each BUSY_MS.
 */
static int nats_idle(struct wf_sink *sink)
{
	const struct nats *nats = sink->state;

	return work(sink, wf_publisher_awaits_ack(nats->publisher) ? ACK_WAIT_MS : 0);
}

static int nats_take(struct wf_sink *sink, const struct weft_event *events, int count)
{
	struct nats *nats = sink->state;
	uint64_t now_ns = wf_nats_now_ns();
	int err = 0, i;

	for (i = 0; i < count && !err; i++) {
		if (events[i].type == WEFT_EVENT_DATA)
			err = wf_chunks_add(nats->chunks, &events[i], now_ns);
		else if (events[i].type == WEFT_EVENT_OPEN)
			err = put_open(sink, &events[i]);
		else
			err = put_eve(sink, &events[i]);
	}
	/* Count the event that failed and those after it. */
	if (err)
		wf_sink_count(sink, failed_events, (uint64_t)(count - i + 1));
	if (!err)
		err = work(sink, 0);
	if (err == -ENOMEM)
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s", strerror(ENOMEM));
	return err;
}

static int nats_finish(struct wf_sink *sink)
{
	struct nats *nats = sink->state;
	int err = wf_chunks_end_older(nats->chunks, UINT64_MAX);

	if (!err) {
		wf_event_lines_changes(&nats->lines);
		wf_event_lines_stats(&nats->lines);
		err = nats->line_err;
	}
	if (!err)
		err = put_state(sink, true);
	return err ? err : wf_publisher_finish(nats->publisher);
}

/* Count as failed the messages, and the received bytes, that JetStream has not acknowledged. */
static void nats_ended(struct wf_sink *sink)
{
	struct nats *nats = sink->state;
	uint64_t bytes = atomic_load(&sink->counts.data_bytes);

	wf_sink_count(sink, failed_events, wf_publisher_end(nats->publisher));
	atomic_store(&sink->counts.failed_bytes, bytes - atomic_load(&sink->counts.written_bytes));
	nats_ReleaseThreadMemory();
}

static void nats_close(struct wf_sink *sink)
{
	struct nats *nats = sink->state;

	wf_chunks_free(nats->chunks);
	wf_publisher_free(nats->publisher);
	wf_bus_close(nats->bus);
	free(nats);
}

static const char *nats_target(const struct wf_sink_opts *opts)
{
	return opts->nats_url;
}

static void name_sensor(const struct wf_sink *sink, struct wf_bus_flow *ret_sensor)
{
	char host[HOST_BYTES] = "";

	ret_sensor->boot = wf_nats_clock_ns(CLOCK_REALTIME);
	gethostname(host, sizeof(host) - 1);
	if (sink->opts.nats_sensor)
		snprintf(ret_sensor->sensor, sizeof(ret_sensor->sensor), "%s",
			 sink->opts.nats_sensor);
	else
		wf_bus_sensor_from_host(host, ret_sensor->sensor);
}

static int open_bus(const struct wf_sink *sink, struct nats *nats)
{
	const struct wf_sink_opts *opts = &sink->opts;
	char error[WF_BUS_ERROR_BYTES];
	char name[WF_BUS_SENSOR_BYTES + 8];
	const struct wf_bus_opts bus = {
		.url = sink->target,
		.name = name,
		.tls_ca_file = opts->nats_tls_ca_file,
		.tls_cert_file = opts->nats_tls_cert_file,
		.tls_key_file = opts->nats_tls_key_file,
		.credentials_file = opts->nats_credentials_file,
		.key_prefix = "sinks.nats.",
	};
	int err;

	snprintf(name, sizeof(name), "weft %s", nats->messages.sensor.sensor);
	err = wf_bus_open(&bus, &nats->bus, error);
	if (err)
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s", error);
	/* A file that can't be read is an error of the configuration, so return -EINVAL. */
	return err && err != -ENOMEM ? -EINVAL : err;
}

static int new_publisher(struct wf_sink *sink, struct nats *nats)
{
	const struct wf_sink_opts *opts = &sink->opts;
	const struct wf_publisher_opts publisher = {
		.sink = sink,
		.bus = nats->bus,
		.stream = {.name = opts->nats_stream,
			   .replicas = opts->nats_replicas,
			   .max_bytes = opts->nats_stream_max_bytes,
			   .max_age_ns = opts->nats_stream_max_age_sec * WF_NATS_NS_PER_SEC,
			   .duplicates_ns = opts->nats_duplicate_window_sec * WF_NATS_NS_PER_SEC},
		.max_pending_bytes = opts->nats_max_pending_bytes,
		.flush_ns = opts->nats_flush_timeout_sec * WF_NATS_NS_PER_SEC,
	};
	const struct wf_chunks_opts chunks = {
		.chunks_max = CHUNKS_MAX,
		.bytes_max = opts->nats_max_pending_bytes / CHUNK_SHARE,
		.chunk_bytes_max = WF_BUS_DATA_MAX,
		.fn = put_chunk,
		.ctx = nats,
	};
	int err = wf_publisher_new(&publisher, &nats->publisher);

	return err ? err : wf_chunks_new(&chunks, &nats->chunks);
}

static int nats_open(struct wf_sink *sink)
{
	struct nats *nats = calloc(1, sizeof(*nats));
	int err;

	if (!nats)
		return -ENOMEM;
	sink->state = nats;
	name_sensor(sink, &nats->messages.sensor);
	err = open_bus(sink, nats);
	if (!err)
		err = new_publisher(sink, nats);
	if (err) {
		nats_close(sink);
		return err;
	}
	nats->messages.publisher = nats->publisher;
	nats->messages.partitions = sink->opts.nats_partitions;
	nats->json = (struct wf_json){.bytes = nats->line, .room = sizeof(nats->line)};
	wf_event_lines_init(&nats->lines, sink->weft, &nats->json, end_other_line, sink);
	nats->stats_sec = nats->lines.start_sec;
	return 0;
}

/* ---- other threads ---- */

static bool nats_trouble(const struct wf_sink *sink, char *ret_text, size_t room)
{
	const struct nats *nats = sink->state;

	return wf_publisher_trouble(nats->publisher, ret_text, room);
}

static void nats_metrics_each(const struct wf_sink *sink, weft_metric_fn fn, void *ctx)
{
	const struct nats *nats = sink->state;
	struct wf_publisher_stats stats;
	struct wf_sink_drops drops;

	wf_publisher_stats_read(nats->publisher, &stats);
	wf_sink_drops_read(sink, &drops);
	stats.dropped_events = drops.events;
	stats.dropped_bytes = drops.bytes;
#define X(kind_, member, name_, family_, help_)               \
	fn(&(struct weft_metric){.kind = WEFT_METRIC_##kind_, \
				 .value = stats.member,       \
				 .name = (name_),             \
				 .family = (family_),         \
				 .labels = "",                \
				 .help = (help_)},            \
	   ctx);
#include "sink/nats/metrics.def"
#undef X
}

const struct wf_sink_class wf_sink_nats = {
	.name = "nats",
	.target = nats_target,
	.limit_key = "sinks.nats.max_pending_mb",
	.open = nats_open,
	.take = nats_take,
	.idle = nats_idle,
	.finish = nats_finish,
	.ended = nats_ended,
	.close = nats_close,
	.trouble = nats_trouble,
	.metrics_each = nats_metrics_each,
};
