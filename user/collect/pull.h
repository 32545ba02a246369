/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pull.h - reads the messages of a shard from JetStream, in order within each partition.
 *
 * Each partition has a durable pull consumer. Where it starts is decided by the collector's journal
 * and not by the consumer: at each connect the consumer is made again, after the last message that
 * is on disk. So nothing waits for the time after which a server sends unacknowledged messages
 * again, and no message overtakes one that is sent again. The consumer exists for its name, which
 * other collectors see, and for its acknowledged position, which a collector with an empty
 * directory continues from.
 *
 * A server numbers its deliveries. A number that is missing means that a message was lost on the
 * way, which also leads to a new connect.
 *
 * Bound: at most @batch messages of each partition are requested and not yet returned, and at most
 * @max_bytes (or one message of the maximum size, if a message exceeds @max_bytes). Thread: the
 * collector's; libnats receives on a thread of its own.
 */
#ifndef WF_COLLECT_PULL_H
#define WF_COLLECT_PULL_H

#include <nats/nats.h>
#include <stdint.h>

#include "bus/connect.h"
#include "collect/disk/journal.h"
#include "collect/shard.h"

struct wf_pull;

/*
 * struct wf_pull_opts - the messages to read, and the server
 * @bus: borrowed
 * @shard: the shard whose partitions are read
 * @stream: borrowed
 * @batch, @max_bytes: maximum number and total size of the messages of one request. If the next
 * message is larger than @max_bytes, one request may get as many bytes as the largest message that
 * the server accepts
 * @is_reshard: consumers of another number of shards or partitions are replaced (consumers.h)
 */
struct wf_pull_opts {
	struct wf_bus *bus;
	struct wf_shard shard;
	const char *stream;
	uint32_t batch;
	uint64_t max_bytes;
	bool is_reshard;
};

struct wf_pull_msg {
	natsMsg *msg; /* taken by the caller, who destroys it */
	uint32_t partition;
	uint64_t seq;
};

/* Allocate a reader, which is not connected. Return: 0; -ENOMEM. */
int wf_pull_new(const struct wf_pull_opts *opts, struct wf_pull **ret_pull);

/*
 * Connect, and find out where to continue. @head: its member id names the directory in the
 * descriptions of consumers. @position: by partition, the sequence number of the last message in
 * the journal. It is increased if a consumer of another directory or number of shards has
 * acknowledged more, decreased to the last message of the stream if the journal has more, and set
 * to 0 if another stream has the name now. *ret_created: @head->created, or the time at which that
 * other stream was created.
 *
 * Return: 0; -EAGAIN: a later call may succeed; -EBUSY: another collector reads the same shard;
 * -EEXIST: the stream is collected in another number of shards; -EINVAL: an option or certificate
 * is wrong, or JetStream is not enabled; -EACCES: the server rejects the user. @ret_error
 * (WF_BUS_ERROR_BYTES) has the reason.
 */
int wf_pull_connect(struct wf_pull *pull, const struct wf_journal_head *head,
		    struct wf_journal_position *position, int64_t *ret_created, char *ret_error);

/*
 * Make the consumers, and request messages. The state with @position must be on disk, because the
 * server forgets where consumers ended. Return: 0; negative errno as wf_pull_connect().
 */
int wf_pull_start(struct wf_pull *pull, const struct wf_journal_head *head,
		  const struct wf_journal_position *position, char *ret_error);

/*
 * Return the next message. Return: 0; -EAGAIN if none arrived within @timeout_ms, or if a message
 * arrived that was returned before, or one about a request; -ECONNRESET if wf_pull_connect() must
 * be called, with the reason in @ret_error.
 */
int wf_pull_next(struct wf_pull *pull, int64_t timeout_ms, struct wf_pull_msg *ret_msg,
		 char *ret_error);

/* Acknowledge all messages that were returned since the connect. */
void wf_pull_ack(struct wf_pull *pull);

/* Return the number of messages that the server has not sent yet, as far as known. */
uint64_t wf_pull_pending(const struct wf_pull *pull);

/* Send the data that libnats still buffers, and close the connection. */
void wf_pull_disconnect(struct wf_pull *pull);
void wf_pull_free(struct wf_pull *pull);

#endif
