// SPDX-License-Identifier: BSD-2-Clause
/*
 * bus_publish.c - publishes messages as a sensor does, of connections that are made from numbers,
 * so that tests of collectors need neither a capture nor a sensor, and can send what no sensor
 * sends.
 *
 *   bus_publish URL stream REPLICAS             create the stream WEFT
 *   bus_publish URL conns SENSOR BOOT FIRST COUNT [DIR]
 *                                               publish connections; write their files to DIR
 *   bus_publish URL open SENSOR BOOT FIRST COUNT
 *                                               the same, but without their ends
 *   bus_publish URL again SENSOR BOOT FIRST COUNT
 *                                               the same as conns, but without message ids
 *   bus_publish URL forget                      remove all consumers of the stream
 *   bus_publish URL stats SENSOR JSON           publish the state of a sensor
 *   bus_publish URL bad                         publish messages with one fault each
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nats/nats.h>

#include "bus/connect.h"
#include "bus/message.h"
#include "bus/stream.h"
#include "sink/format/stream_name.h"

enum {
	PARTITIONS = 16,
	STREAM_BYTES_MAX = 150000, /* of one direction */
	PENDING_MAX = 4000,
	WAIT_MS = 60000,
	AT_ONCE = 8, /* connections whose messages are mixed */
};

/* A connection that is being published. */
struct conn {
	struct wf_bus_message message;
	uint64_t random;
	uint64_t left[WEFT_DIR_COUNT];
	uint64_t off[WEFT_DIR_COUNT];
	bool has_opened, has_closed;
};

static struct {
	struct wf_bus *bus;
	natsConnection *connection;
	jsCtx *js;
	const char *dir;
	bool has_ends;
	bool has_other_ids;
	unsigned long long published;
	_Atomic unsigned long long failed; /* messages that the server did not acknowledge */
} self = {.has_ends = true};

static void die(const char *what, natsStatus status)
{
	char text[WF_BUS_ERROR_BYTES];

	wf_bus_error(status, text);
	fprintf(stderr, "bus_publish: %s: %s\n", what, text);
	exit(1);
}

static void require(const char *what, natsStatus status)
{
	if (status != NATS_OK)
		die(what, status);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void publish(natsMsg *msg)
{
	if (self.has_other_ids)
		natsMsgHeader_Delete(msg, "Nats-Msg-Id");
	require("publish", js_PublishMsgAsync(self.js, &msg, NULL));
	natsMsg_Destroy(msg);
	self.published++;
}

static void publish_message(const struct wf_bus_message *message)
{
	natsMsg *msg;

	if (wf_bus_message_new(message, PARTITIONS, &msg))
		die("message", NATS_NO_MEMORY);
	publish(msg);
}

/* ---- connections ---- */

static void make_conn(struct conn *conn, const char *sensor, uint64_t boot, uint64_t number)
{
	struct weft_flow *peers = &conn->message.peers;

	*conn = (struct conn){.random = (number + 1) * 0x9e3779b97f4a7c15ull};
	snprintf(conn->message.flow.sensor, sizeof(conn->message.flow.sensor), "%s", sensor);
	conn->message.flow.boot = boot;
	conn->message.flow.id = number + 1;
	conn->message.time_ns = 1700000000000000000ull + number;
	peers->src_addr[10] = peers->src_addr[11] = 0xff;
	peers->dst_addr[10] = peers->dst_addr[11] = 0xff;
	memcpy(peers->src_addr + 12, (uint8_t[]){10, 0, 0, (uint8_t)(number / 7 % 200)}, 4);
	memcpy(peers->dst_addr + 12, (uint8_t[]){10, 1, 0, 1}, 4);
	/* Every seventh connection has the addresses and ports of the one before. */
	peers->src_port = (uint16_t)(1024 + number / 7 % 50000);
	peers->dst_port = (uint16_t)(80 + (number % 7 == 6 ? 5 : number % 7));
	peers->use = number % 7 == 6 ? 2 : 1;
	peers->ip_version = 4;
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++)
		conn->left[dir] = next_random(&conn->random) % 3
					  ? next_random(&conn->random) % 3000
					  : next_random(&conn->random) % STREAM_BYTES_MAX;
}

static void expect(const struct conn *conn, const void *bytes, size_t len)
{
	struct wf_stream_number number = {.number = conn->message.peers.use};
	char name[WF_STREAM_NAME_BYTES], path[4096];
	int fd;

	if (!self.dir)
		return;
	wf_stream_name(&conn->message.peers, conn->message.dir, number, name);
	snprintf(path, sizeof(path), "%s/%s", self.dir, name);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	if (fd < 0 || pwrite(fd, bytes, len, (off_t)conn->message.off) != (ssize_t)len) {
		perror(path);
		exit(1);
	}
	close(fd);
}

static void publish_json(struct conn *conn, enum wf_bus_kind kind, uint64_t len)
{
	char body[256];

	conn->message.kind = kind;
	conn->message.len_bytes = len;
	conn->message.body = body;
	conn->message.body_bytes = (size_t)snprintf(
		body, sizeof(body), "{\"event_type\":\"%s\",\"flow_id\":%llu,\"offset\":%llu}",
		wf_bus_kind_name(kind), (unsigned long long)conn->message.flow.id,
		(unsigned long long)conn->message.off);
	publish_message(&conn->message);
}

static void publish_data(struct conn *conn, uint64_t len)
{
	static uint8_t bytes[WF_BUS_DATA_MAX];

	for (uint64_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)next_random(&conn->random);
	conn->message.kind = WF_BUS_DATA;
	conn->message.len_bytes = len;
	conn->message.body = bytes;
	conn->message.body_bytes = len;
	expect(conn, bytes, len);
	publish_message(&conn->message);
}

/* Publish the next message of @conn. Return: false if there is none. */
static bool step(struct conn *conn)
{
	int dir = (int)(next_random(&conn->random) & 1);
	uint64_t len;

	if (!conn->has_opened) {
		conn->has_opened = true;
		publish_json(conn, WF_BUS_OPEN, 0);
		return true;
	}
	if (!conn->left[dir])
		dir ^= 1;
	conn->message.dir = (enum weft_dir)dir;
	conn->message.off = conn->off[dir];
	if (!conn->left[dir]) {
		if (!self.has_ends || conn->has_closed)
			return false;
		conn->has_closed = true;
		conn->message.dir = WEFT_TO_SERVER;
		conn->message.off = 0;
		publish_json(conn, WF_BUS_CLOSE, 0);
		return true;
	}
	len = 1 + next_random(&conn->random) % 40000;
	if (len > conn->left[dir])
		len = conn->left[dir];
	if (next_random(&conn->random) % 10)
		publish_data(conn, len);
	else
		publish_json(conn, WF_BUS_GAP, len);
	conn->off[dir] += len;
	conn->left[dir] -= len;
	return true;
}

/* Publish connections in groups. Those with the same addresses are published one after another. */
static void publish_conns(char **args)
{
	uint64_t boot = strtoull(args[1], NULL, 16);
	uint64_t first = strtoull(args[2], NULL, 10), count = strtoull(args[3], NULL, 10);
	struct conn conns[AT_ONCE];
	uint64_t random = first + 1;

	for (uint64_t group = 0; group * AT_ONCE < count; group++) {
		uint64_t live = 0, size = 0;

		for (; size < AT_ONCE && group * AT_ONCE + size < count; size++) {
			uint64_t number = first + group * AT_ONCE + size;

			if (size && number % 7 == 6)
				while (step(&conns[size - 1]))
					;
			make_conn(&conns[size], args[0], boot, number);
			live |= 1ull << size;
		}
		while (live) {
			uint64_t i = next_random(&random) % size;

			if ((live >> i & 1) && !step(&conns[i]))
				live &= ~(1ull << i);
		}
	}
}

/* ---- faults ---- */

static void publish_bad(void)
{
	static const char *const lies[][2] = {
		{"Weft-Version", "2"},
		{"Weft-Kind", "steal"},
		{"Weft-Flow", "s9-0000000000000001-1"},
		{"Weft-Flow", "../x"},
		{"Weft-Name", "../../../tmp/weft-escape"},
		{"Weft-Name", "/etc/passwd"},
		{"Weft-Dir", "up"},
		{"Weft-Offset", "18446744073709551615"},
		{"Weft-Offset", "4611686018427387000"},
		{"Weft-Offset", "-5"},
		{"Weft-Time", "now"},
	};
	struct conn conn;
	natsMsg *msg;

	make_conn(&conn, "bad", 1, 1);
	conn.message.kind = WF_BUS_DATA;
	conn.message.body = "lies";
	conn.message.body_bytes = 4;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		if (wf_bus_message_new(&conn.message, PARTITIONS, &msg))
			die("message", NATS_NO_MEMORY);
		natsMsgHeader_Set(msg, lies[i][0], lies[i][1]);
		natsMsgHeader_Delete(msg, "Nats-Msg-Id");
		publish(msg);
	}
	require("message", natsMsg_Create(&msg, "weft.bad.data.3", NULL, "no headers", 10));
	publish(msg);
	require("message", natsMsg_Create(&msg, "weft.bad.data.3", NULL, NULL, 0));
	publish(msg);
	conn.message.body = "{\"a\":\n1}";
	conn.message.body_bytes = 9;
	conn.message.kind = WF_BUS_OPEN;
	publish_message(&conn.message);
}

static void publish_stats(const char *sensor, const char *json)
{
	char subject[WF_BUS_SUBJECT_BYTES];
	natsMsg *msg;

	snprintf(subject, sizeof(subject), "weft.%s.stats", sensor);
	require("message", natsMsg_Create(&msg, subject, NULL, json, (int)strlen(json)));
	publish(msg);
}

/* ---- main ---- */

static void make_stream(const char *replicas)
{
	const struct wf_bus_stream_opts opts = {.name = "WEFT",
						.replicas = (uint32_t)atoi(replicas),
						.duplicates_ns = 120000000000ull};
	char error[WF_BUS_ERROR_BYTES];

	for (int tries = 0; wf_bus_stream_ensure(self.js, &opts, error); tries++) {
		if (tries == 100) {
			fprintf(stderr, "bus_publish: %s\n", error);
			exit(1);
		}
		nats_Sleep(200);
	}
}

static void forget_consumers(void)
{
	jsConsumerNamesList *list = NULL;

	if (js_ConsumerNames(&list, self.js, "WEFT", NULL, NULL) == NATS_NOT_FOUND)
		return;
	for (int i = 0; list && i < list->Count; i++)
		require("consumer", js_DeleteConsumer(self.js, "WEFT", list->List[i], NULL, NULL));
	jsConsumerNamesList_Destroy(list);
}

static int run(char **args, int count)
{
	if (!strcmp(args[0], "stream") && count == 2) {
		make_stream(args[1]);
		return 0;
	}
	if (!strcmp(args[0], "forget")) {
		forget_consumers();
		return 0;
	}
	if (!strcmp(args[0], "stats") && count == 3) {
		publish_stats(args[1], args[2]);
	} else if (!strcmp(args[0], "bad")) {
		publish_bad();
	} else if (count >= 5) {
		self.has_ends = strcmp(args[0], "open") != 0;
		self.has_other_ids = !strcmp(args[0], "again");
		self.dir = count > 5 ? args[5] : NULL;
		publish_conns(args + 1);
	} else {
		fprintf(stderr, "bus_publish: wrong arguments\n");
		return 2;
	}
	return 0;
}

/* Called by libnats for a message that was not acknowledged. */
static void count_failed(jsCtx *js, jsPubAckErr *error, void *ctx)
{
	(void)js;
	(void)ctx;
	fprintf(stderr, "bus_publish: %s\n", error->ErrText);
	self.failed++;
}

static void connect_to(const char *url)
{
	const struct wf_bus_opts opts = {.url = url, .name = "bus_publish"};
	char error[WF_BUS_ERROR_BYTES];
	jsOptions js;

	jsOptions_Init(&js);
	js.PublishAsync.MaxPending = PENDING_MAX;
	js.PublishAsync.ErrHandler = count_failed;
	if (wf_bus_open(&opts, &self.bus, error) ||
	    wf_bus_connect(self.bus, &self.connection, error)) {
		fprintf(stderr, "bus_publish: %s\n", error);
		exit(1);
	}
	require("JetStream", natsConnection_JetStream(&self.js, self.connection, &js));
}

int main(int argc, char **argv)
{
	jsPubOptions options;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: see the first lines of bus_publish.c\n");
		return 2;
	}
	connect_to(argv[1]);
	status = run(argv + 2, argc - 2);
	if (status)
		return status;
	jsPubOptions_Init(&options);
	options.MaxWait = WAIT_MS;
	require("acknowledgements", js_PublishAsyncComplete(self.js, &options));
	printf("%llu\n", self.published);
	return self.failed ? 1 : 0;
}
