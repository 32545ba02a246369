// SPDX-License-Identifier: BSD-2-Clause
/*
 * nats_bare.c - publishes the messages of a JetStream stream again, as fast as libnats can.
 *
 *   nats_bare URL STREAM [--empty]
 *
 * All messages are read into memory, the stream is deleted and created again with its
 * configuration, and then the same messages (subjects, headers, bodies) are published with
 * js_PublishMsgAsync(). One line on standard output: messages, bytes of bodies, seconds from the
 * first message to the last acknowledgement.
 *
 * --empty: publish nothing. The server is then in the state in which the bare publisher begins: it
 * has just read all messages, which makes the following publishing faster.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <nats/nats.h>

enum { PENDING_MAX = 8192, WAIT_MS = 60000 };

static void check(natsStatus status, const char *what)
{
	if (status == NATS_OK)
		return;
	fprintf(stderr, "nats_bare: %s: %s\n", what, natsStatus_GetText(status));
	exit(1);
}

/* Returns a copy of @msg, without the reply subject of its delivery. */
static natsMsg *copy_of(natsMsg *msg)
{
	const char **keys;
	const char *value;
	natsMsg *copy;
	int count = 0;

	check(natsMsg_Create(&copy, natsMsg_GetSubject(msg), NULL, natsMsg_GetData(msg),
			     natsMsg_GetDataLength(msg)),
	      "copy");
	if (natsMsgHeader_Keys(msg, &keys, &count) != NATS_OK)
		return copy;
	for (int i = 0; i < count; i++) {
		check(natsMsgHeader_Get(msg, keys[i], &value), keys[i]);
		check(natsMsgHeader_Set(copy, keys[i], value), keys[i]);
	}
	free(keys);
	return copy;
}

static natsMsg **read_all(jsCtx *js, const char *stream, uint64_t count)
{
	natsMsg **msgs = calloc(count, sizeof(msgs[0]));
	natsSubscription *sub;
	jsSubOptions opts;

	if (!msgs)
		exit(1);
	jsSubOptions_Init(&opts);
	opts.Stream = stream;
	opts.Ordered = true;
	check(js_SubscribeSync(&sub, js, "weft.>", NULL, &opts, NULL), "subscribe");
	for (uint64_t i = 0; i < count; i++) {
		natsMsg *msg;

		check(natsSubscription_NextMsg(&msg, sub, WAIT_MS), "next message");
		msgs[i] = copy_of(msg);
		natsMsg_Destroy(msg);
	}
	natsSubscription_Destroy(sub);
	return msgs;
}

static void free_all(natsMsg **msgs, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		natsMsg_Destroy(msgs[i]);
}

static double now_sec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Publishes all messages, and waits until all are acknowledged. */
static void publish(jsCtx *js, natsMsg **msgs, uint64_t count)
{
	double begin = now_sec();
	uint64_t bytes = 0;

	for (uint64_t i = 0; i < count; i++) {
		bytes += (uint64_t)natsMsg_GetDataLength(msgs[i]);
		check(js_PublishMsgAsync(js, &msgs[i], NULL), "publish");
	}
	check(js_PublishAsyncComplete(js, NULL), "complete");
	printf("%" PRIu64 " %" PRIu64 " %.3f\n", count, bytes, now_sec() - begin);
}

int main(int argc, char **argv)
{
	natsConnection *connection;
	jsStreamInfo *info;
	natsMsg **msgs;
	jsOptions opts;
	jsCtx *js;
	bool is_empty = argc == 4 && !strcmp(argv[3], "--empty");

	if (argc != 3 && !is_empty) {
		fprintf(stderr, "usage: nats_bare URL STREAM [--empty]\n");
		return 2;
	}
	check(natsConnection_ConnectTo(&connection, argv[1]), "connect");
	jsOptions_Init(&opts);
	opts.PublishAsync.MaxPending = PENDING_MAX;
	opts.PublishAsync.StallWait = WAIT_MS;
	check(natsConnection_JetStream(&js, connection, &opts), "JetStream");
	check(js_GetStreamInfo(&info, js, argv[2], NULL, NULL), "stream");
	msgs = read_all(js, argv[2], info->State.Msgs);
	check(js_DeleteStream(js, argv[2], NULL, NULL), "delete");
	check(js_AddStream(NULL, js, info->Config, NULL, NULL), "create");
	if (is_empty)
		free_all(msgs, info->State.Msgs);
	else
		publish(js, msgs, info->State.Msgs);
	jsStreamInfo_Destroy(info);
	free(msgs);
	jsCtx_Destroy(js);
	natsConnection_Destroy(connection);
	nats_Close();
	return 0;
}
