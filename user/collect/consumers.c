// SPDX-License-Identifier: BSD-2-Clause
/*
 * consumers.c - finds the consumers of collectors in the stream, and makes those of a shard.
 *
 * A collector that works nearly always has requests waiting at the server. So a consumer with a
 * waiting request belongs to a collector that lives, and is not taken over. Requests of a process
 * that died end with its connection, or after some seconds if its host is gone.
 */
#include "collect/consumers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/connect.h"

#define DESCRIPTION "weft collect, directory %.32s, host %.64s"

enum {
	ACK_WAIT_SEC = 60,
	DESCRIPTION_BYTES = 160,
	REQUEST_MS = 5000,
	CREATED_SEC = 60,
};

struct work {
	jsCtx *js; /* owned */
	const struct wf_consumers_opts *opts;
	const struct wf_journal_head *head;
	struct wf_journal_position *position; /* only wf_consumers_check() changes it */
	char *error;
};

static int refuse(struct work *work, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(struct work *work, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(work->error, WF_BUS_ERROR_BYTES, format, args);
	va_end(args);
	return err;
}

static int failed(struct work *work, const char *what, natsStatus status, jsErrCode code)
{
	char text[WF_BUS_ERROR_BYTES];

	wf_bus_error(status, text);
	refuse(work, -EAGAIN, "%s: %.300s", what, text);
	if (code == JSNotEnabledErr || code == JSNotEnabledForAccountErr)
		return refuse(work, -EINVAL,
			      "JetStream is not enabled on the server or for this account");
	return -EAGAIN;
}

/* ---- the stream ---- */

/*
 * Find out whether the sequence numbers of the journal are those of the stream @info, and correct
 * them if not. Servers that several sensors asked at once to create the stream may disagree about
 * the time, so times that differ by at most CREATED_SEC are those of the same stream. A server that
 * crashed may have lost its last messages and then uses their numbers again, so no position may be
 * after the last message.
 */
static void set_stream(struct work *work, const jsStreamInfo *info, int64_t *ret_created)
{
	uint64_t *seq = work->position->seq;
	int64_t before = work->head->created;

	*ret_created = before;
	if (llabs(info->Created - before) > CREATED_SEC * (int64_t)1000000000) {
		*ret_created = info->Created;
		memset(seq, 0, sizeof(work->position->seq));
	}
	for (uint32_t i = 0; i < WF_BUS_PARTITIONS_MAX; i++)
		if (seq[i] > info->State.LastSeq)
			seq[i] = info->State.LastSeq;
}

static int check_stream(struct work *work, int64_t *ret_created)
{
	jsStreamInfo *info = NULL;
	jsErrCode code = 0;
	natsStatus status = js_GetStreamInfo(&info, work->js, work->opts->stream, NULL, &code);

	if (status == NATS_NOT_FOUND && code == JSStreamNotFoundErr)
		return refuse(work, -EAGAIN,
			      "there is no stream %s yet; it is created by the first sensor",
			      work->opts->stream);
	if (status != NATS_OK)
		return failed(work, "the stream can't be read", status, code);
	set_stream(work, info, ret_created);
	jsStreamInfo_Destroy(info);
	return 0;
}

/* ---- other collectors ---- */

/* Continue where the consumer @info ended, unless the journal is further. */
static void continue_at(struct work *work, uint32_t partition, const jsConsumerInfo *info)
{
	uint64_t end = info->AckFloor.Stream;

	/* A server shows no floor before the first acknowledgement. */
	if (info->Config->OptStartSeq && end < info->Config->OptStartSeq - 1)
		end = info->Config->OptStartSeq - 1;
	if (work->position->seq[partition] < end)
		work->position->seq[partition] = end;
}

/*
 * Continue where the consumer @name ended, which is of another number of shards or partitions.
 * Return: 0; -EBUSY if its collector still works; -EAGAIN; -EINVAL.
 */
static int take_over(struct work *work, const char *name, uint32_t partition)
{
	jsConsumerInfo *info = NULL;
	jsErrCode code = 0;
	natsStatus status =
		js_GetConsumerInfo(&info, work->js, work->opts->stream, name, NULL, &code);
	int err = 0;

	if (status == NATS_NOT_FOUND)
		return 0;
	if (status != NATS_OK)
		return failed(work, name, status, code);
	if (info->NumWaiting)
		err = refuse(work, -EBUSY,
			     "the collector of %s still works; stop all collectors of the former "
			     "shards before --reshard",
			     name);
	else if (wf_shard_has(&work->opts->shard, partition))
		continue_at(work, partition, info);
	jsConsumerInfo_Destroy(info);
	return err;
}

/*
 * Check the consumer @name, which may be of another program. If it is of another number of shards
 * or partitions, continue where it ended (with --reshard), or return -EEXIST.
 */
static int check_name(struct work *work, const char *name)
{
	const struct wf_shard *own = &work->opts->shard;
	struct wf_shard other;
	uint32_t partition;

	if (!wf_shard_consumer_parse(name, &other, &partition) || wf_shard_agrees(own, &other))
		return 0;
	if (work->opts->is_reshard)
		return take_over(work, name, partition);
	return refuse(work, -EEXIST,
		      "the stream %s is collected in %u shards of %u partitions (by %s), so shard "
		      "%u/%u of %u partitions would overlap; use --shard I/%u --partitions %u, or "
		      "stop all collectors and start the new ones with --reshard",
		      work->opts->stream, other.count, other.partitions, name, own->index,
		      own->count, own->partitions, other.count, other.partitions);
}

/*
 * Remove the consumer @name if it reads a partition of this shard and is of another number of
 * shards or partitions.
 */
static int remove_name(struct work *work, const char *name)
{
	struct wf_shard other;
	jsErrCode code = 0;
	uint32_t partition;
	natsStatus status;

	if (!wf_shard_consumer_parse(name, &other, &partition) ||
	    wf_shard_agrees(&work->opts->shard, &other) ||
	    !wf_shard_has(&work->opts->shard, partition))
		return 0;
	status = js_DeleteConsumer(work->js, work->opts->stream, name, NULL, &code);
	if (status != NATS_OK && status != NATS_NOT_FOUND)
		return failed(work, name, status, code);
	return 0;
}

/* Call @fn for the name of each consumer of the stream. */
static int for_names(struct work *work, int (*fn)(struct work *work, const char *name))
{
	jsConsumerNamesList *list = NULL;
	jsErrCode code = 0;
	natsStatus status = js_ConsumerNames(&list, work->js, work->opts->stream, NULL, &code);
	int err = 0;

	if (status == NATS_NOT_FOUND)
		return 0;
	if (status != NATS_OK)
		return failed(work, "consumers can't be listed", status, code);
	for (int i = 0; i < list->Count && !err; i++)
		err = fn(work, list->List[i]);
	jsConsumerNamesList_Destroy(list);
	return err;
}

/* ---- consumers of this shard ---- */

/*
 * Check the present consumer of @partition. If the collector of another directory made it, return
 * -EBUSY if that collector still works, else continue where the consumer ended.
 */
static int check_own(struct work *work, uint32_t partition)
{
	char directory[WF_JOURNAL_ID_BYTES] = "", host[65] = "?", name[WF_SHARD_NAME_BYTES];
	jsConsumerInfo *info = NULL;
	jsErrCode code = 0;
	natsStatus status;
	int err = 0;

	wf_shard_consumer(&work->opts->shard, partition, name);
	status = js_GetConsumerInfo(&info, work->js, work->opts->stream, name, NULL, &code);
	if (status == NATS_NOT_FOUND)
		return 0;
	if (status != NATS_OK)
		return failed(work, name, status, code);
	if (info->Config->Description)
		sscanf(info->Config->Description, "weft collect, directory %32[^,], host %64s",
		       directory, host);
	if (strcmp(directory, work->head->id)) {
		if (info->NumWaiting)
			err = refuse(
				work, -EBUSY,
				"a collector on host %s already reads shard %u/%u; stop it, or "
				"use another shard",
				host, work->opts->shard.index, work->opts->shard.count);
		else
			continue_at(work, partition, info);
	}
	jsConsumerInfo_Destroy(info);
	return err;
}

static void describe(const struct work *work, char ret_text[DESCRIPTION_BYTES])
{
	char host[65] = "?";

	gethostname(host, sizeof(host) - 1);
	snprintf(ret_text, DESCRIPTION_BYTES, DESCRIPTION, work->head->id, host);
}

static int make_one(struct work *work, uint32_t partition, uint64_t *ret_pending)
{
	char name[WF_SHARD_NAME_BYTES], filter[64], description[DESCRIPTION_BYTES];
	jsConsumerConfig config;
	jsConsumerInfo *info = NULL;
	jsErrCode code = 0;
	natsStatus status;

	wf_shard_consumer(&work->opts->shard, partition, name);
	status = js_DeleteConsumer(work->js, work->opts->stream, name, NULL, &code);
	if (status != NATS_OK && status != NATS_NOT_FOUND)
		return failed(work, name, status, code);
	snprintf(filter, sizeof(filter), "weft.*.data.%u", partition);
	describe(work, description);
	jsConsumerConfig_Init(&config);
	config.Durable = name;
	config.Description = description;
	config.DeliverPolicy = js_DeliverByStartSequence;
	config.OptStartSeq = work->position->seq[partition] + 1;
	config.AckPolicy = js_AckAll;
	config.AckWait = ACK_WAIT_SEC * (int64_t)1000000000;
	config.FilterSubject = filter;
	config.MaxAckPending = work->opts->max_pending;
	status = js_AddConsumer(&info, work->js, work->opts->stream, &config, NULL, &code);
	if (status != NATS_OK)
		return failed(work, name, status, code);
	*ret_pending = info->NumPending;
	jsConsumerInfo_Destroy(info);
	return 0;
}

static int open_js(struct work *work, natsConnection *connection)
{
	jsOptions options;
	natsStatus status;

	jsOptions_Init(&options);
	options.Wait = REQUEST_MS;
	status = natsConnection_JetStream(&work->js, connection, &options);
	return status == NATS_OK ? 0 : failed(work, "JetStream", status, 0);
}

int wf_consumers_check(natsConnection *connection, const struct wf_consumers_opts *opts,
		       const struct wf_journal_head *head, struct wf_journal_position *position,
		       int64_t *ret_created, char *ret_error)
{
	struct work work = {.opts = opts, .head = head, .position = position, .error = ret_error};
	int err = open_js(&work, connection);

	if (err)
		return err;
	err = check_stream(&work, ret_created);
	if (!err)
		err = for_names(&work, check_name);
	for (uint32_t i = 0; i < opts->shard.partitions && !err; i++)
		if (wf_shard_has(&opts->shard, i))
			err = check_own(&work, i);
	jsCtx_Destroy(work.js);
	return err;
}

int wf_consumers_make(natsConnection *connection, const struct wf_consumers_opts *opts,
		      const struct wf_journal_head *head,
		      const struct wf_journal_position *position,
		      uint64_t ret_pending[WF_BUS_PARTITIONS_MAX], char *ret_error)
{
	struct wf_journal_position copy = *position;
	struct work work = {.opts = opts, .head = head, .position = &copy, .error = ret_error};
	int err = open_js(&work, connection);

	if (err)
		return err;
	if (opts->is_reshard)
		err = for_names(&work, remove_name);
	for (uint32_t i = 0; i < opts->shard.partitions && !err; i++)
		if (wf_shard_has(&opts->shard, i))
			err = make_one(&work, i, &ret_pending[i]);
	jsCtx_Destroy(work.js);
	return err;
}
