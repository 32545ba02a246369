/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * depths.h - the depths with which the connections of one worker began.
 *
 * A connection keeps its depth when the policy changes, because the bytes beyond it may already
 * have been dropped. It has the index of its depth in a table of WEFT_DEPTHS_MAX entries. An entry
 * is free when no connection has it and it is not that of new connections.
 *
 * Bound: fixed. Thread: the worker.
 */
#ifndef WF_RULES_DEPTHS_H
#define WF_RULES_DEPTHS_H

#include <errno.h>
#include <stdint.h>

#include <weft/limits.h>

/**
 * struct wf_depths - a table of depths; zeroed: no limit for new connections
 * @bytes: depths; 0: no limit
 * @flows: number of connections with each depth
 * @now:   index of the depth of new connections
 */
struct wf_depths {
	uint64_t bytes[WEFT_DEPTHS_MAX];
	uint32_t flows[WEFT_DEPTHS_MAX];
	uint8_t now;
};

/*
 * Use the depth @bytes for new connections. Return: 0; -ENOSPC if connections with as many other
 * depths exist as the table has entries beside the present depth; then the depth of new connections
 * does not change. The entry of the present depth is kept, so the next call can restore that depth.
 */
static inline int wf_depths_set(struct wf_depths *depths, uint64_t bytes)
{
	int found = -1;

	for (int i = 0; i < WEFT_DEPTHS_MAX; i++) {
		if (depths->bytes[i] == bytes) {
			found = i;
			break;
		}
		if (!depths->flows[i] && i != depths->now)
			found = i;
	}
	if (found < 0)
		return -ENOSPC;
	depths->bytes[found] = bytes;
	depths->now = (uint8_t)found;
	return 0;
}

/* Return the index of the depth of a new connection. wf_depths_put() releases it. */
static inline uint8_t wf_depths_take(struct wf_depths *depths)
{
	depths->flows[depths->now]++;
	return depths->now;
}

static inline void wf_depths_put(struct wf_depths *depths, uint8_t index)
{
	depths->flows[index]--;
}

#endif
