/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn_states.h - the state of each connection for one subscription: two bits for each.
 *
 * A connection is identified by the address of its state in the arena, which does not change while
 * the connection exists. One pair of bits covers WF_CONN_UNIT_BYTES of the arena, which is not more
 * than the size of that state. So the size of the map is 1/512 of the arena, and does not depend on
 * the number of connections.
 *
 * A word of the map covers 4 KiB of one span, and a span holds connections of one worker. So each
 * word has one writer, and needs no atomic access.
 */
#ifndef WF_DELIVER_CONN_STATES_H
#define WF_DELIVER_CONN_STATES_H

#include <stdint.h>

#define WF_CONN_UNIT_SHIFT 7
#define WF_CONN_UNIT_BYTES (1u << WF_CONN_UNIT_SHIFT)

enum wf_conn_state {
	/* no state was set: the subscription wants all connections, or began after this one */
	WF_CONN_UNKNOWN = 0,
	WF_CONN_WANTED,	   /* the filter matches; OPEN was delivered or queued, or is not wanted */
	WF_CONN_UNWANTED,  /* the filter does not match */
	WF_CONN_OPEN_LOST, /* the filter matches, and the queue has rejected OPEN so far */
};

struct wf_conn_states {
	uint64_t *words; /* owned: a zeroed run of the arena; NULL: all connections are wanted */
	const uint8_t *base; /* start of the arena */
};

/* Return the bytes of the map for an arena of @arena_bytes. */
static inline uint64_t wf_conn_states_bytes(uint64_t arena_bytes)
{
	return (arena_bytes >> (WF_CONN_UNIT_SHIFT + 2)) + sizeof(uint64_t);
}

static inline enum wf_conn_state wf_conn_states_get(const struct wf_conn_states *states,
						    const void *conn)
{
	uint64_t unit = (uint64_t)((const uint8_t *)conn - states->base) >> WF_CONN_UNIT_SHIFT;

	return (enum wf_conn_state)(states->words[unit / 32] >> (unit % 32 * 2) & 3);
}

static inline void wf_conn_states_set(struct wf_conn_states *states, const void *conn,
				      enum wf_conn_state state)
{
	uint64_t unit = (uint64_t)((const uint8_t *)conn - states->base) >> WF_CONN_UNIT_SHIFT;
	uint64_t *word = &states->words[unit / 32];
	unsigned int shift = unit % 32 * 2;

	*word = (*word & ~(3ull << shift)) | (uint64_t)state << shift;
}

#endif
