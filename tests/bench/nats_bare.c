// SPDX-License-Identifier: BSD-2-Clause
/*
 * nats_bare.c - publishes the messages of a JetStream stream again, as fast as libnats can.
 *
 *   nats_bare URL STREAM [--in-flight N] [--ordered K] [--led-by NAME] [--empty]
 *
 * All messages are read into memory, the stream is deleted and created again with its
 * configuration, and then the same messages (subjects, headers, bodies) are published. One line on
 * standard output: messages, bytes of bodies, seconds from the first message to the last
 * acknowledgement, name of the server that led the stream when it was created ("-": no cluster).
 *
 * --in-flight N: at most N messages are not acknowledged (default: 8192). With 1, the time divided
 * by the number of messages is the round trip of a message.
 *
 * --ordered K: at most K messages of each connection are not acknowledged; weft keeps its order
 * with
 * 1. Without it, js_PublishMsgAsync() sends the messages without regard to
 * connections.
 *
 * --led-by NAME: create the stream again until the server NAME of the cluster leads it.
 *
 * --empty: publish nothing. The server is then in the state in which the bare publisher begins: it
 * has just read all messages, which makes the following publishing faster.
 */
#include <getopt.h>
#include <inttypes.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <nats/nats.h>

enum {
	IN_FLIGHT = 8192,
	WAIT_MS = 60000,
	TRIES_MAX = 100,
	INBOX_BYTES = 64,
	REPLY_BYTES = INBOX_BYTES + 24
};

#define NO_MESSAGE UINT64_MAX

struct args {
	const char *url, *stream;
	const char *led_by; /* NULL: any server */
	uint64_t in_flight; /* maximum number of messages that are not acknowledged */
	uint64_t ordered;   /* the same for each connection; 0: no limit */
	bool is_empty;
};

static void check(natsStatus status, const char *what)
{
	if (status == NATS_OK)
		return;
	fprintf(stderr, "nats_bare: %s: %s\n", what, natsStatus_GetText(status));
	exit(1);
}

/* Returns a copy of @msg, with @reply (NULL: none) as the subject for its answer. */
static natsMsg *copy_of(natsMsg *msg, const char *reply)
{
	const char **keys;
	const char *value;
	natsMsg *copy;
	int count = 0;

	check(natsMsg_Create(&copy, natsMsg_GetSubject(msg), reply, natsMsg_GetData(msg),
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
		msgs[i] = copy_of(msg, NULL);
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
static void publish_free(jsCtx *js, natsMsg **msgs, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		check(js_PublishMsgAsync(js, &msgs[i], NULL), "publish");
	check(js_PublishAsyncComplete(js, NULL), "complete");
}

/* ---- publishing with a limit for each connection ---- */

/* The messages, of which at most args->ordered of each connection are not acknowledged. */
struct order {
	natsMsg **msgs;
	uint64_t count;
	uint64_t *next;	  /* of each message: the next one of its connection, or NO_MESSAGE */
	uint64_t *conn;	  /* of each message: its connection */
	uint64_t *unsent; /* of each connection: the first message that is not ready */
	uint64_t *ready;  /* messages that may be sent, in order of becoming ready */
	uint64_t ready_count;
};

static uint64_t *numbers(uint64_t count)
{
	uint64_t *all = calloc(count, sizeof(*all));

	if (!all)
		exit(1);
	return all;
}

/* Makes the next message of connection @conn ready, if there is one. */
static void make_ready(struct order *order, uint64_t conn)
{
	uint64_t msg = order->unsent[conn];

	if (msg == NO_MESSAGE)
		return;
	order->unsent[conn] = order->next[msg];
	order->ready[order->ready_count++] = msg;
}

struct named {
	const char *flow; /* header Weft-Flow */
	uint64_t conn;
};

static int compare_named(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->flow, ((const struct named *)b)->flow);
}

static void keep(void *named)
{
}

/* Returns the number of the connection of @msg; @conns, which is the next number, if it is new. */
static uint64_t conn_of(natsMsg *msg, uint64_t conns, struct named *named, void **tree)
{
	struct named **found;

	if (natsMsgHeader_Get(msg, "Weft-Flow", &named->flow) != NATS_OK)
		return conns;
	named->conn = conns;
	found = tsearch(named, tree, compare_named);
	if (!found)
		exit(1);
	return (*found)->conn;
}

/* Finds the connection of each message; messages of no connection are connections of their own. */
static void order_open(struct order *order, natsMsg **msgs, uint64_t count, uint64_t ordered)
{
	uint64_t *last = numbers(count), conns = 0, *left = numbers(count);
	struct named *named = calloc(count, sizeof(named[0]));
	void *tree = NULL;

	*order = (struct order){
		msgs, count, numbers(count), numbers(count), numbers(count), numbers(count), 0};
	if (!named)
		exit(1);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t conn = conn_of(msgs[i], conns, &named[i], &tree);

		order->next[i] = NO_MESSAGE;
		if (conn == conns)
			order->unsent[conns++] = i;
		else
			order->next[last[conn]] = i;
		last[conn] = i;
		order->conn[i] = conn;
	}
	for (uint64_t conn = 0; conn < conns; conn++)
		left[conn] = ordered;
	/* In the order of the stream, as weft gets them. */
	for (uint64_t i = 0; i < count; i++)
		if (left[order->conn[i]]) {
			left[order->conn[i]]--;
			make_ready(order, order->conn[i]);
		}
	tdestroy(tree, keep);
	free(named);
	free(last);
	free(left);
}

static void order_close(struct order *order)
{
	free(order->next);
	free(order->conn);
	free(order->unsent);
	free(order->ready);
}

/* Receives one answer, and makes the next message of its connection ready. */
static void take_answer(struct order *order, natsSubscription *answers)
{
	natsMsg *answer;
	uint64_t msg;

	check(natsSubscription_NextMsg(&answer, answers, WAIT_MS), "answer");
	if (strstr(natsMsg_GetData(answer), "\"error\"")) {
		fprintf(stderr, "nats_bare: %s\n", natsMsg_GetData(answer));
		exit(1);
	}
	msg = strtoull(strrchr(natsMsg_GetSubject(answer), '.') + 1, NULL, 10);
	make_ready(order, order->conn[msg]);
	natsMsg_Destroy(answer);
}

/* Publishes all messages, and waits until all are acknowledged. */
static void publish_ordered(natsConnection *connection, natsSubscription *answers,
			    struct order *order, uint64_t in_flight)
{
	uint64_t sent = 0, acked = 0;

	while (acked < order->count) {
		for (; sent < order->ready_count && sent - acked < in_flight; sent++)
			check(natsConnection_PublishMsg(connection,
							order->msgs[order->ready[sent]]),
			      "publish");
		take_answer(order, answers);
		acked++;
	}
}

/* Gives each message a subject for its answer, which ends with the number of the message. */
static natsSubscription *subscribe(natsConnection *connection, natsMsg **msgs, uint64_t count)
{
	natsSubscription *answers;
	natsInbox *inbox;
	char subject[INBOX_BYTES];

	check(natsInbox_Create(&inbox), "inbox");
	for (uint64_t i = 0; i < count; i++) {
		natsMsg *msg = msgs[i];
		char reply[REPLY_BYTES];

		snprintf(reply, sizeof(reply), "%s.%" PRIu64, inbox, i);
		msgs[i] = copy_of(msg, reply);
		natsMsg_Destroy(msg);
	}
	snprintf(subject, sizeof(subject), "%s.*", inbox);
	check(natsConnection_SubscribeSync(&answers, connection, subject), "subscribe");
	check(natsSubscription_SetPendingLimits(answers, -1, -1), "limits");
	natsInbox_Destroy(inbox);
	return answers;
}

/* ---- the run ---- */

/* Publishes @msgs, which are freed. Returns the seconds that it took. */
static double publish(const struct args *args, natsConnection *connection, jsCtx *js,
		      natsMsg **msgs, uint64_t count)
{
	natsSubscription *answers;
	struct order order;
	double begin;

	if (!args->ordered) {
		begin = now_sec();
		publish_free(js, msgs, count);
		return now_sec() - begin;
	}
	answers = subscribe(connection, msgs, count);
	order_open(&order, msgs, count, args->ordered);
	begin = now_sec();
	publish_ordered(connection, answers, &order, args->in_flight);
	begin = now_sec() - begin;
	order_close(&order);
	natsSubscription_Destroy(answers);
	free_all(msgs, count);
	return begin;
}

static uint64_t bytes_of(natsMsg **msgs, uint64_t count)
{
	uint64_t bytes = 0;

	for (uint64_t i = 0; i < count; i++)
		bytes += (uint64_t)natsMsg_GetDataLength(msgs[i]);
	return bytes;
}

static const char *leader_of(const jsStreamInfo *info)
{
	return info->Cluster && info->Cluster->Leader ? info->Cluster->Leader : "-";
}

/* Deletes the stream and creates it again, until the wanted server leads it. */
static jsStreamInfo *create_again(const struct args *args, jsCtx *js, jsStreamConfig *config)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		jsStreamInfo *info;

		check(js_DeleteStream(js, args->stream, NULL, NULL), "delete");
		check(js_AddStream(&info, js, config, NULL, NULL), "create");
		if (!args->led_by || !strcmp(leader_of(info), args->led_by))
			return info;
		jsStreamInfo_Destroy(info);
	}
	fprintf(stderr, "nats_bare: %s was not elected in %d tries\n", args->led_by, TRIES_MAX);
	exit(1);
}

static void run(const struct args *args, natsConnection *connection, jsCtx *js)
{
	jsStreamInfo *info, *created;
	natsMsg **msgs;
	uint64_t count, bytes;
	double sec;

	check(js_GetStreamInfo(&info, js, args->stream, NULL, NULL), "stream");
	count = info->State.Msgs;
	msgs = read_all(js, args->stream, count);
	bytes = bytes_of(msgs, count);
	created = create_again(args, js, info->Config);
	if (args->is_empty) {
		free_all(msgs, count);
	} else {
		sec = publish(args, connection, js, msgs, count);
		printf("%" PRIu64 " %" PRIu64 " %.3f %s\n", count, bytes, sec, leader_of(created));
	}
	jsStreamInfo_Destroy(created);
	jsStreamInfo_Destroy(info);
	free(msgs);
}

static bool parse(int argc, char **argv, struct args *args)
{
	static const struct option options[] = {{"in-flight", required_argument, NULL, 'n'},
						{"ordered", required_argument, NULL, 'k'},
						{"led-by", required_argument, NULL, 'l'},
						{"empty", no_argument, NULL, 'e'},
						{0}};
	int option;

	*args = (struct args){.in_flight = IN_FLIGHT};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			args->in_flight = strtoull(optarg, NULL, 10);
		else if (option == 'k')
			args->ordered = strtoull(optarg, NULL, 10);
		else if (option == 'l')
			args->led_by = optarg;
		else if (option == 'e')
			args->is_empty = true;
		else
			return false;
	}
	if (argc - optind != 2 || !args->in_flight)
		return false;
	args->url = argv[optind];
	args->stream = argv[optind + 1];
	return true;
}

int main(int argc, char **argv)
{
	natsConnection *connection;
	struct args args;
	jsOptions opts;
	jsCtx *js;

	if (!parse(argc, argv, &args)) {
		fprintf(stderr, "usage: nats_bare URL STREAM [--in-flight N] [--ordered K] "
				"[--led-by NAME] [--empty]\n");
		return 2;
	}
	check(natsConnection_ConnectTo(&connection, args.url), "connect");
	jsOptions_Init(&opts);
	opts.PublishAsync.MaxPending = (int64_t)args.in_flight;
	opts.PublishAsync.StallWait = WAIT_MS;
	check(natsConnection_JetStream(&js, connection, &opts), "JetStream");
	run(&args, connection, js);
	jsCtx_Destroy(js);
	natsConnection_Destroy(connection);
	nats_Close();
	return 0;
}
