/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shard.h - which partitions a collector reads, and the names of its consumers.
 *
 * Shard I of N reads the partitions p with p % N = I. Each partition has a durable consumer whose
 * name contains I, N, p and the number of partitions, so that a collector with other numbers can be
 * recognised. Thread: any.
 */
#ifndef WF_COLLECT_SHARD_H
#define WF_COLLECT_SHARD_H

#include <stdbool.h>
#include <stdint.h>

enum { WF_SHARD_NAME_BYTES = 64 };

struct wf_shard {
	uint32_t index, count;
	uint32_t partitions;
};

/* Parse "I/N" into index and count. Return: 0; -EINVAL if @text has another form, or I >= N. */
int wf_shard_parse(const char *text, struct wf_shard *ret_shard);

static inline bool wf_shard_has(const struct wf_shard *shard, uint32_t partition)
{
	return partition < shard->partitions && partition % shard->count == shard->index;
}

/* Return the number of partitions of @shard. */
uint32_t wf_shard_width(const struct wf_shard *shard);

/* Write the name of the consumer of @partition. */
void wf_shard_consumer(const struct wf_shard *shard, uint32_t partition,
		       char ret_name[WF_SHARD_NAME_BYTES]);

/*
 * Read the name of a consumer. Return: false if it is not that of a collector.
 */
bool wf_shard_consumer_parse(const char *name, struct wf_shard *ret_shard, uint32_t *ret_partition);

/*
 * Return true if @a and @b have the same number of shards and of partitions, so that they are
 * the same shard or have no partition in common.
 */
bool wf_shard_agrees(const struct wf_shard *a, const struct wf_shard *b);

#endif
