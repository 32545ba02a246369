// SPDX-License-Identifier: BSD-2-Clause
/*
 * nats_pull.c - a lower bound for weft collect: reads all data subjects with one pull consumer,
 * writes all messages to one file, syncs the file after each 32 MiB, and acknowledges each batch of
 * messages. It knows nothing of connections, events or restarts.
 *
 *   nats_pull URL FILE COUNT     ends after COUNT messages
 *
 * Output: messages, bytes, seconds.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <nats/nats.h>

enum { FETCH_MESSAGES = 1024, FETCH_MS = 5000, PENDING_MAX = 16384, BATCH_BYTES = 32 << 20 };

static void require(const char *what, natsStatus status)
{
	if (status == NATS_OK)
		return;
	fprintf(stderr, "nats_pull: %s: %s\n", what, natsStatus_GetText(status));
	exit(1);
}

static double now_sec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static natsSubscription *subscribe(jsCtx *js)
{
	natsSubscription *sub;
	jsSubOptions options;

	jsSubOptions_Init(&options);
	options.Stream = "WEFT";
	options.Config.AckPolicy = js_AckAll;
	options.Config.MaxAckPending = PENDING_MAX;
	require("subscribe",
		js_PullSubscribe(&sub, js, "weft.*.data.*", "nats-pull", NULL, &options, NULL));
	return sub;
}

/* Write and acknowledge the messages of @list. Return: their bytes. */
static uint64_t take(natsMsgList *list, int fd, uint64_t *unsynced)
{
	uint64_t bytes = 0;

	for (int i = 0; i < list->Count; i++) {
		int len = natsMsg_GetDataLength(list->Msgs[i]);

		if (write(fd, natsMsg_GetData(list->Msgs[i]), (size_t)len) != len) {
			perror("nats_pull: write");
			exit(1);
		}
		bytes += (uint64_t)len;
	}
	*unsynced += bytes;
	if (*unsynced >= BATCH_BYTES) {
		fdatasync(fd);
		*unsynced = 0;
	}
	if (list->Count)
		natsMsg_Ack(list->Msgs[list->Count - 1], NULL);
	return bytes;
}

int main(int argc, char **argv)
{
	uint64_t wanted, messages = 0, bytes = 0;
	natsConnection *connection;
	natsSubscription *sub;
	uint64_t unsynced = 0;
	double begin;
	jsCtx *js;
	int fd;

	if (argc != 4) {
		fprintf(stderr, "usage: nats_pull URL FILE COUNT\n");
		return 2;
	}
	wanted = strtoull(argv[3], NULL, 10);
	fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	require("connect", natsConnection_ConnectTo(&connection, argv[1]));
	require("JetStream", natsConnection_JetStream(&js, connection, NULL));
	sub = subscribe(js);
	begin = now_sec();
	while (messages < wanted) {
		natsMsgList list = {.Msgs = NULL};

		require("fetch",
			natsSubscription_Fetch(&list, sub, FETCH_MESSAGES, FETCH_MS, NULL));
		bytes += take(&list, fd, &unsynced);
		messages += (uint64_t)list.Count;
		natsMsgList_Destroy(&list);
	}
	fdatasync(fd);
	printf("%llu %llu %.3f\n", (unsigned long long)messages, (unsigned long long)bytes,
	       now_sec() - begin);
	return 0;
}
