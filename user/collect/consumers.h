/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * consumers.h - the durable consumers of a shard: checks that no other collector is in conflict,
 * and makes them.
 *
 * The description of a consumer contains the id of the directory whose collector made it:
 * "weft collect, directory <id>, host <name>". Thread: the collector's.
 */
#ifndef WF_COLLECT_CONSUMERS_H
#define WF_COLLECT_CONSUMERS_H

#include <nats/nats.h>
#include <stdbool.h>
#include <stdint.h>

#include "collect/disk/journal.h"
#include "collect/shard.h"

/*
 * @is_reshard: consumers of another number of shards or partitions that read partitions of this
 * shard are removed, and collecting continues where they ended
 * @max_pending: maximum number of messages that are sent and not acknowledged
 */
struct wf_consumers_opts {
	struct wf_shard shard;
	const char *stream;
	bool is_reshard;
	int64_t max_pending;
};

/*
 * Check that no other collector is in conflict, and from where each partition continues. The
 * arguments and the return value are as in wf_pull_connect(). Nothing is changed at the server.
 */
int wf_consumers_check(natsConnection *connection, const struct wf_consumers_opts *opts,
		       const struct wf_journal_head *head, struct wf_journal_position *position,
		       int64_t *ret_created, char *ret_error);

/*
 * Make the consumers of all partitions of the shard, each after the last message of its partition
 * in @position, which must be on disk. Consumers that are replaced are removed first. @ret_pending:
 * the number of messages that wait at the server, by partition. Return: 0; negative errno as
 * wf_pull_connect().
 */
int wf_consumers_make(natsConnection *connection, const struct wf_consumers_opts *opts,
		      const struct wf_journal_head *head,
		      const struct wf_journal_position *position,
		      uint64_t ret_pending[WF_BUS_PARTITIONS_MAX], char *ret_error);

#endif
