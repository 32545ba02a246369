// SPDX-License-Identifier: BSD-2-Clause
/*
 * pull.c - requests messages from the consumers of the partitions, and checks that none is missing.
 *
 * One subscription receives the messages of all partitions. The server takes a request for a number
 * of messages and sends them as they come; a request that is used up, or that the server has ended,
 * is followed by the next one.
 */
#include "collect/pull.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bus/message.h"
#include "collect/delivery.h"
#include "collect/consumers.h"
#include "collect/disk/store.h"

enum {
	EXPIRES_SEC = 10,      /* the server ends a request after this time */
	EXPIRES_SLACK_SEC = 5, /* a request is regarded as lost this long after its end */
	FLUSH_MS = 2000,
	/* maximum size of subject and headers */
	MESSAGE_ROOM = 8192,
	REPLY_BYTES = 256,
};

struct partition {
	uint64_t seq;	       /* sequence number of the last message that was returned */
	uint64_t consumer_seq; /* delivery number of the next message */
	uint64_t pending;
	uint32_t requested; /* number of requested messages that have not arrived */
	uint32_t request;   /* number of the request */
	int64_t request_ends_sec;
	bool is_large; /* the next message exceeds opts.max_bytes */
	bool must_ack;
	char reply[REPLY_BYTES]; /* reply subject of the last message that was returned */
};

struct wf_pull {
	struct wf_pull_opts opts;
	natsConnection *connection; /* owned; NULL: not connected */
	natsSubscription *sub;	    /* owned */
	char *inbox;		    /* owned; freed by natsInbox_Destroy() */
	uint64_t large_bytes; /* a request for this many bytes can get a message of any size */
	struct partition partition[WF_BUS_PARTITIONS_MAX];
};

static int64_t now_sec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

int wf_pull_new(const struct wf_pull_opts *opts, struct wf_pull **ret_pull)
{
	struct wf_pull *pull = calloc(1, sizeof(*pull));

	if (!pull)
		return -ENOMEM;
	pull->opts = *opts;
	*ret_pull = pull;
	return 0;
}

/* ---- requests ---- */

static natsStatus request(struct wf_pull *pull, uint32_t index)
{
	struct partition *partition = &pull->partition[index];
	char name[WF_SHARD_NAME_BYTES], subject[256], reply[REPLY_BYTES], body[160];

	wf_shard_consumer(&pull->opts.shard, index, name);
	partition->request++;
	partition->requested = pull->opts.batch;
	partition->request_ends_sec = now_sec() + EXPIRES_SEC + EXPIRES_SLACK_SEC;
	snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.MSG.NEXT.%s.%s", pull->opts.stream,
		 name);
	snprintf(reply, sizeof(reply), "%s.%u.%u", pull->inbox, index, partition->request);
	snprintf(body, sizeof(body),
		 "{\"batch\":%u,\"expires\":%" PRIu64 ",\"max_bytes\":%" PRIu64 "}",
		 pull->opts.batch, EXPIRES_SEC * (uint64_t)1000000000,
		 partition->is_large ? pull->large_bytes : pull->opts.max_bytes);
	return natsConnection_PublishRequestString(pull->connection, subject, reply, body);
}

/* Request messages of each partition whose request is used up, was ended or is lost. */
static natsStatus request_all(struct wf_pull *pull)
{
	natsStatus status = NATS_OK;

	for (uint32_t i = 0; i < pull->opts.shard.partitions && status == NATS_OK; i++)
		if (wf_shard_has(&pull->opts.shard, i) &&
		    (!pull->partition[i].requested ||
		     now_sec() > pull->partition[i].request_ends_sec))
			status = request(pull, i);
	return status;
}

/* ---- connecting ---- */

static natsStatus subscribe(struct wf_pull *pull)
{
	char subject[REPLY_BYTES];
	natsStatus status = natsInbox_Create(&pull->inbox);

	if (status != NATS_OK)
		return status;
	snprintf(subject, sizeof(subject), "%s.*.*", pull->inbox);
	status = natsConnection_SubscribeSync(&pull->sub, pull->connection, subject);
	/* libnats needs no limit: at most the requested messages arrive. */
	return status ? status : natsSubscription_SetPendingLimits(pull->sub, -1, -1);
}

static void begin(struct wf_pull *pull, const struct wf_journal_position *position,
		  const uint64_t *pending)
{
	pull->large_bytes = (uint64_t)natsConnection_GetMaxPayload(pull->connection) + MESSAGE_ROOM;
	for (uint32_t i = 0; i < WF_BUS_PARTITIONS_MAX; i++) {
		uint32_t last = pull->partition[i].request;

		pull->partition[i] = (struct partition){
			.seq = position->seq[i],
			.consumer_seq = 1,
			.pending = pending[i],
			.request = last,
		};
	}
}

static struct wf_consumers_opts consumers_of(const struct wf_pull *pull)
{
	return (struct wf_consumers_opts){
		.shard = pull->opts.shard,
		.stream = pull->opts.stream,
		.is_reshard = pull->opts.is_reshard,
		.max_pending = 2 * (int64_t)pull->opts.batch + WF_COLLECT_BATCH_MESSAGES,
	};
}

int wf_pull_connect(struct wf_pull *pull, const struct wf_journal_head *head,
		    struct wf_journal_position *position, int64_t *ret_created, char *ret_error)
{
	const struct wf_consumers_opts opts = consumers_of(pull);
	int err;

	wf_pull_disconnect(pull);
	err = wf_bus_connect(pull->opts.bus, &pull->connection, ret_error);
	if (err)
		return err;
	return wf_consumers_check(pull->connection, &opts, head, position, ret_created, ret_error);
}

int wf_pull_start(struct wf_pull *pull, const struct wf_journal_head *head,
		  const struct wf_journal_position *position, char *ret_error)
{
	const struct wf_consumers_opts opts = consumers_of(pull);
	uint64_t pending[WF_BUS_PARTITIONS_MAX] = {0};
	natsStatus status;
	int err = wf_consumers_make(pull->connection, &opts, head, position, pending, ret_error);

	if (err)
		return err;
	begin(pull, position, pending);
	status = subscribe(pull);
	if (status == NATS_OK)
		status = request_all(pull);
	if (status == NATS_OK)
		return 0;
	wf_bus_error(status, ret_error);
	return -EAGAIN;
}

void wf_pull_disconnect(struct wf_pull *pull)
{
	if (pull->connection)
		natsConnection_FlushTimeout(pull->connection, FLUSH_MS);
	natsSubscription_Destroy(pull->sub);
	natsInbox_Destroy(pull->inbox);
	natsConnection_Destroy(pull->connection);
	pull->sub = NULL;
	pull->inbox = NULL;
	pull->connection = NULL;
}

void wf_pull_free(struct wf_pull *pull)
{
	if (!pull)
		return;
	wf_pull_disconnect(pull);
	free(pull);
}

/* ---- messages ---- */

/*
 * Process a message of the server about a request: it has expired, or it can't be served. Return:
 * 0; -ECONNRESET if the consumer is gone or can't be reached.
 */
static int take_status(struct wf_pull *pull, natsMsg *msg, char *ret_error)
{
	const char *text = natsMsg_GetSubject(msg) + strlen(pull->inbox);
	const char *status = NULL, *description = NULL;
	struct partition *partition;
	unsigned int index, number;
	bool is_too_large;

	natsMsgHeader_Get(msg, "Status", &status);
	natsMsgHeader_Get(msg, "Description", &description);
	if (status && !strcmp(status, "100"))
		return 0;
	if (sscanf(text, ".%u.%u", &index, &number) != 2 || index >= WF_BUS_PARTITIONS_MAX)
		return 0;
	partition = &pull->partition[index];
	is_too_large = description && strstr(description, "Exceeds MaxBytes");
	if (partition->request == number) {
		partition->is_large = is_too_large && partition->requested == pull->opts.batch;
		partition->requested = 0;
	}
	if (!status || (strcmp(status, "409") && strcmp(status, "503")) || is_too_large)
		return 0;
	snprintf(ret_error, WF_BUS_ERROR_BYTES, "the consumer of partition %u: %s", index,
		 description ? description : status);
	return -ECONNRESET;
}

/*
 * Return true if @msg is a message of the server about a request: the subject of such a message is
 * in the inbox, and messages of the stream have other subjects.
 */
static bool is_status(const struct wf_pull *pull, natsMsg *msg)
{
	return !strncmp(natsMsg_GetSubject(msg), pull->inbox, strlen(pull->inbox));
}

/*
 * Check the delivery of @msg. Return: 1 if it is the next message of its partition; 0 if it is to
 * be ignored, because it is an earlier one or not of a consumer of this shard; -ECONNRESET if one
 * is missing.
 */
static int take_delivery(struct wf_pull *pull, natsMsg *msg, struct wf_pull_msg *ret_msg,
			 char *ret_error)
{
	const char *reply = natsMsg_GetReply(msg);
	struct partition *partition;
	struct wf_delivery ack;
	struct wf_shard shard;
	uint32_t index;

	if (!reply || strlen(reply) >= REPLY_BYTES || wf_delivery_parse(reply, &ack) ||
	    !wf_shard_consumer_parse(ack.consumer, &shard, &index) ||
	    !wf_shard_has(&pull->opts.shard, index))
		return 0; /* another client has published to the inbox */
	partition = &pull->partition[index];
	if (partition->requested)
		partition->requested--;
	partition->pending = ack.pending;
	if (ack.consumer_seq == partition->consumer_seq)
		partition->consumer_seq++;
	else if (ack.stream_seq > partition->seq) {
		snprintf(ret_error, WF_BUS_ERROR_BYTES,
			 "partition %u: a message was lost on the way (delivery %" PRIu64
			 " instead of %" PRIu64 ")",
			 index, ack.consumer_seq, partition->consumer_seq);
		return -ECONNRESET;
	}
	strcpy(partition->reply, reply);
	partition->must_ack = true;
	if (ack.stream_seq <= partition->seq)
		return 0;
	partition->seq = ack.stream_seq;
	*ret_msg = (struct wf_pull_msg){.msg = msg, .partition = index, .seq = ack.stream_seq};
	return 1;
}

int wf_pull_next(struct wf_pull *pull, int64_t timeout_ms, struct wf_pull_msg *ret_msg,
		 char *ret_error)
{
	natsMsg *msg = NULL;
	natsStatus status = request_all(pull);
	int result = 0;

	if (status == NATS_OK)
		status = natsSubscription_NextMsg(&msg, pull->sub, timeout_ms);
	if (status == NATS_TIMEOUT)
		return -EAGAIN;
	if (status != NATS_OK) {
		wf_bus_error(status, ret_error);
		return -ECONNRESET;
	}
	result = is_status(pull, msg) ? take_status(pull, msg, ret_error)
				      : take_delivery(pull, msg, ret_msg, ret_error);
	if (result > 0)
		return 0;
	natsMsg_Destroy(msg);
	return result ? result : -EAGAIN;
}

void wf_pull_ack(struct wf_pull *pull)
{
	for (uint32_t i = 0; i < pull->opts.shard.partitions; i++) {
		struct partition *partition = &pull->partition[i];

		if (!partition->must_ack || !pull->connection)
			continue;
		/* A lost acknowledgement is harmless: the next one includes it. */
		natsConnection_PublishString(pull->connection, partition->reply, "+ACK");
		partition->must_ack = false;
	}
}

uint64_t wf_pull_pending(const struct wf_pull *pull)
{
	uint64_t pending = 0;

	for (uint32_t i = 0; i < pull->opts.shard.partitions; i++)
		pending += pull->partition[i].pending;
	return pending;
}
