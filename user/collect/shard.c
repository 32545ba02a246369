// SPDX-License-Identifier: BSD-2-Clause
/*
 * shard.c - parses shards, and names of consumers.
 */
#include "collect/shard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bus/names.h"

#define CONSUMER "weft-collect-%u-of-%u-p%u-of-%u"

int wf_shard_parse(const char *text, struct wf_shard *ret_shard)
{
	const char *slash = strchr(text, '/');
	uint64_t index, count;
	char first[8];

	if (!slash || slash - text >= (int)sizeof(first))
		return -EINVAL;
	snprintf(first, sizeof(first), "%.*s", (int)(slash - text), text);
	if (wf_bus_u64_parse(first, WF_BUS_PARTITIONS_MAX - 1, &index) ||
	    wf_bus_u64_parse(slash + 1, WF_BUS_PARTITIONS_MAX, &count) || index >= count)
		return -EINVAL;
	ret_shard->index = (uint32_t)index;
	ret_shard->count = (uint32_t)count;
	return 0;
}

uint32_t wf_shard_width(const struct wf_shard *shard)
{
	return (shard->partitions - shard->index + shard->count - 1) / shard->count;
}

void wf_shard_consumer(const struct wf_shard *shard, uint32_t partition,
		       char ret_name[WF_SHARD_NAME_BYTES])
{
	snprintf(ret_name, WF_SHARD_NAME_BYTES, CONSUMER, shard->index, shard->count, partition,
		 shard->partitions);
}

bool wf_shard_consumer_parse(const char *name, struct wf_shard *ret_shard, uint32_t *ret_partition)
{
	char again[WF_SHARD_NAME_BYTES];

	if (sscanf(name, CONSUMER, &ret_shard->index, &ret_shard->count, ret_partition,
		   &ret_shard->partitions) != 4)
		return false;
	wf_shard_consumer(ret_shard, *ret_partition, again);
	return !strcmp(name, again);
}

bool wf_shard_agrees(const struct wf_shard *a, const struct wf_shard *b)
{
	return a->count == b->count && a->partitions == b->partitions;
}
