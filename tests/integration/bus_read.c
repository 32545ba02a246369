// SPDX-License-Identifier: BSD-2-Clause
/*
 * bus_read.c - reads all messages of a JetStream stream, in order, from the first one on.
 *
 *   bus_read URL STREAM DIR
 *   bus_read URL STREAM --purge       removes all messages instead
 *   bus_read URL STREAM --step-down   lets another server lead the stream instead
 *
 * Bytes are written to DIR, to files named as those of --streams, at their offsets. Other events
 * are appended to DIR/.events.json; DIR/.stats.SENSOR.json has the last state of a sensor. A line
 * of JSON on standard output has what was found:
 *
 *   messages, open, data, gap, drop, close, event, stats   numbers of messages
 *   data_bytes, gap_bytes, drop_bytes                      sums of their lengths
 *   faults       messages that bus/message.h rejects
 *   repeated     opens and closes that were read before, ranges that begin in a range read before
 *   misordered   messages of a connection that are out of place: data, gaps and drops that leave
 *                a range of their direction out, and messages before the open or after the close
 *   unclosed     connections without a close
 *   restarted    connections that begin midway
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/message.h"
#include "sink/format/stream_name.h"

enum { FLOWS_MAX = 1 << 20, WAIT_MS = 10000 };

/* A connection; an entry is free if its id is 0. */
struct conn {
	uint64_t boot, id;
	uint64_t next_off[WEFT_DIR_COUNT];
	bool is_closed;
};

struct found {
	uint64_t messages, kinds[WF_BUS_KIND_COUNT], event, stats;
	uint64_t bytes[WF_BUS_KIND_COUNT];
	uint64_t faults, repeated, misordered, open_conns, restarted;
};

static struct conn *conns;
static struct found found;
static int dir_fd;

static void fail(const char *what, natsStatus status)
{
	fprintf(stderr, "bus_read: %s: %s\n", what, natsStatus_GetText(status));
	exit(1);
}

static struct conn *find(const struct wf_bus_flow *flow)
{
	uint64_t slot = (flow->id * 0x9e3779b97f4a7c15u ^ flow->boot) % FLOWS_MAX;

	while (conns[slot].id && (conns[slot].id != flow->id || conns[slot].boot != flow->boot))
		slot = (slot + 1) % FLOWS_MAX;
	return &conns[slot];
}

static void write_bytes(const struct wf_bus_message *message)
{
	const struct wf_stream_number number = {.number = message->peers.use};
	char name[WF_STREAM_NAME_BYTES];
	int fd;

	wf_stream_name(&message->peers, message->dir, number, name);
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW, 0644);
	if (fd < 0 || pwrite(fd, message->body, message->body_bytes, (off_t)message->off) !=
			      (ssize_t)message->body_bytes) {
		fprintf(stderr, "bus_read: %s: %s\n", name, strerror(errno));
		exit(1);
	}
	close(fd);
}

/* Return the number after @key in the JSON of @message, such as an offset in an open; else 0. */
static uint64_t offset_in(const struct wf_bus_message *message, const char *key)
{
	char text[WF_BUS_JSON_MAX + 1];
	const char *value;

	memcpy(text, message->body, message->body_bytes);
	text[message->body_bytes] = '\0';
	value = strstr(text, key);
	return value ? strtoull(value + strlen(key), NULL, 10) : 0;
}

static void take_open(struct conn *conn, const struct wf_bus_message *message)
{
	if (conn->id) {
		found.repeated++;
		return;
	}
	conn->id = message->flow.id;
	conn->boot = message->flow.boot;
	conn->next_off[WEFT_TO_SERVER] = offset_in(message, "\"offset_toserver\":");
	conn->next_off[WEFT_TO_CLIENT] = offset_in(message, "\"offset_toclient\":");
	found.restarted += conn->next_off[0] || conn->next_off[1];
	found.open_conns++;
}

static void take_range(struct conn *conn, const struct wf_bus_message *message)
{
	uint64_t *next_off = &conn->next_off[message->dir];

	if (!conn->id || conn->is_closed || message->off > *next_off)
		found.misordered++;
	if (message->off < *next_off)
		found.repeated++;
	else
		*next_off = message->off + message->len_bytes;
	found.bytes[message->kind] += message->len_bytes;
	if (message->kind == WF_BUS_DATA)
		write_bytes(message);
}

static void take_close(struct conn *conn)
{
	if (!conn->id)
		found.misordered++;
	else if (conn->is_closed)
		found.repeated++;
	else
		found.open_conns--;
	conn->is_closed = true;
}

/* Writes the body of @msg as a line to the file @name. @how: O_APPEND, or O_TRUNC for one line. */
static void write_line(natsMsg *msg, const char *name, int how)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | how, 0644);

	if (fd < 0 || dprintf(fd, "%.*s\n", natsMsg_GetDataLength(msg), natsMsg_GetData(msg)) < 0) {
		fprintf(stderr, "bus_read: %s: %s\n", name, strerror(errno));
		exit(1);
	}
	close(fd);
}

static void take_other(natsMsg *msg, const struct wf_bus_subject *subject)
{
	char name[WF_BUS_SENSOR_BYTES + 16];

	if (subject->kind == WF_BUS_SUBJECT_EVENT) {
		found.event++;
		write_line(msg, ".events.json", O_APPEND);
		return;
	}
	found.stats++;
	snprintf(name, sizeof(name), ".stats.%s.json", subject->sensor);
	write_line(msg, name, O_TRUNC);
}

static void take(natsMsg *msg)
{
	struct wf_bus_subject subject;
	struct wf_bus_message message;
	struct conn *conn;

	found.messages++;
	if (wf_bus_subject_parse(natsMsg_GetSubject(msg), &subject)) {
		found.faults++;
		return;
	}
	if (subject.kind != WF_BUS_SUBJECT_DATA) {
		take_other(msg, &subject);
		return;
	}
	if (wf_bus_message_parse(msg, &message)) {
		found.faults++;
		return;
	}
	found.kinds[message.kind]++;
	conn = find(&message.flow);
	if (message.kind == WF_BUS_OPEN)
		take_open(conn, &message);
	else if (message.kind == WF_BUS_CLOSE)
		take_close(conn);
	else
		take_range(conn, &message);
}

/* Returns the number of messages in the stream. */
static uint64_t count_messages(jsCtx *js, const char *stream)
{
	jsStreamInfo *info;
	natsStatus status = js_GetStreamInfo(&info, js, stream, NULL, NULL);
	uint64_t count;

	if (status != NATS_OK)
		fail("stream", status);
	count = info->State.Msgs;
	jsStreamInfo_Destroy(info);
	return count;
}

static void read_all(jsCtx *js, const char *stream)
{
	uint64_t count = count_messages(js, stream);
	natsSubscription *sub;
	jsSubOptions opts;
	natsStatus status;
	natsMsg *msg;

	jsSubOptions_Init(&opts);
	opts.Stream = stream;
	opts.Ordered = true;
	status = js_SubscribeSync(&sub, js, "weft.>", NULL, &opts, NULL);
	while (status == NATS_OK && found.messages < count) {
		status = natsSubscription_NextMsg(&msg, sub, WAIT_MS);
		if (status != NATS_OK)
			fail("next message", status);
		take(msg);
		natsMsg_Destroy(msg);
	}
	if (status != NATS_OK)
		fail("subscribe", status);
	natsSubscription_Destroy(sub);
}

static void print_found(void)
{
	printf("{\"messages\":%" PRIu64, found.messages);
	for (int kind = 0; kind < WF_BUS_KIND_COUNT; kind++)
		printf(",\"%s\":%" PRIu64, wf_bus_kind_name((enum wf_bus_kind)kind),
		       found.kinds[kind]);
	printf(",\"data_bytes\":%" PRIu64 ",\"gap_bytes\":%" PRIu64 ",\"drop_bytes\":%" PRIu64,
	       found.bytes[WF_BUS_DATA], found.bytes[WF_BUS_GAP], found.bytes[WF_BUS_DROP]);
	printf(",\"event\":%" PRIu64 ",\"stats\":%" PRIu64, found.event, found.stats);
	printf(",\"faults\":%" PRIu64 ",\"repeated\":%" PRIu64 ",\"misordered\":%" PRIu64,
	       found.faults, found.repeated, found.misordered);
	printf(",\"unclosed\":%" PRIu64 ",\"restarted\":%" PRIu64 "}\n", found.open_conns,
	       found.restarted);
}

static void step_down(natsConnection *connection, const char *stream)
{
	char subject[256];
	natsMsg *answer;
	natsStatus status;

	snprintf(subject, sizeof(subject), "$JS.API.STREAM.LEADER.STEPDOWN.%s", stream);
	status = natsConnection_RequestString(&answer, connection, subject, "", WAIT_MS);
	if (status != NATS_OK)
		fail("step down", status);
	if (!strstr(natsMsg_GetData(answer), "\"success\":true")) {
		fprintf(stderr, "bus_read: %s\n", natsMsg_GetData(answer));
		exit(1);
	}
	natsMsg_Destroy(answer);
}

static void read_to(jsCtx *js, const char *stream, const char *dir)
{
	conns = calloc(FLOWS_MAX, sizeof(conns[0]));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	if (!conns || dir_fd < 0) {
		perror("bus_read");
		exit(1);
	}
	read_all(js, stream);
	print_found();
	close(dir_fd);
	free(conns);
}

int main(int argc, char **argv)
{
	natsConnection *connection;
	natsStatus status;
	jsCtx *js;

	if (argc != 4) {
		fprintf(stderr, "usage: bus_read URL STREAM DIR|--purge|--step-down\n");
		return 2;
	}
	status = natsConnection_ConnectTo(&connection, argv[1]);
	if (status != NATS_OK)
		fail("connect", status);
	status = natsConnection_JetStream(&js, connection, NULL);
	if (status != NATS_OK)
		fail("JetStream", status);
	if (!strcmp(argv[3], "--purge")) {
		status = js_PurgeStream(js, argv[2], NULL, NULL);
		if (status != NATS_OK)
			fail("purge", status);
	} else if (!strcmp(argv[3], "--step-down")) {
		step_down(connection, argv[2]);
	} else {
		read_to(js, argv[2], argv[3]);
	}
	jsCtx_Destroy(js);
	natsConnection_Destroy(connection);
	nats_Close();
	return 0;
}
