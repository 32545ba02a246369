/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client_conns.h - the connections of which a client has received OPEN and not yet CLOSE.
 *
 * Thread: the one that uses the client. Memory: grows with the number of connections up to a
 * maximum; at the maximum the connection that had no event for longest is removed.
 */
#ifndef WF_CLIENT_CLIENT_CONNS_H
#define WF_CLIENT_CLIENT_CONNS_H

#include <stdint.h>

#include <weft/flow.h>

enum { WF_CLIENT_IFNAME_BYTES = 16 };

struct wf_client_conn {
	struct weft_flow flow;
	char interface[WF_CLIENT_IFNAME_BYTES];
	uint32_t chained; /* next in the same bucket, or in the list of free slots */
	uint32_t older;
	uint32_t newer;
};

struct wf_client_conns {
	struct wf_client_conn *slots; /* owned */
	uint32_t *buckets;	      /* owned; as many as slots */
	uint32_t capacity;	      /* number of slots, a power of 2 */
	uint32_t max;
	uint32_t count;
	uint32_t used; /* slots that were ever used */
	uint32_t free; /* head of the list of free slots; all of them are below @used */
	uint32_t oldest;
	uint32_t newest;
};

/* Initialise an empty table. @max: maximum number of connections, at least 1. */
void wf_client_conns_init(struct wf_client_conns *conns, uint32_t max);
void wf_client_conns_fini(struct wf_client_conns *conns);

/*
 * Add the connection @flow, or replace the one with the same id. Return: the connection, whose
 * interface is ""; NULL if there is no memory. Pointers to other connections become invalid.
 */
struct wf_client_conn *wf_client_conns_add(struct wf_client_conns *conns,
					   const struct weft_flow *flow);

/* Return the connection @id, which becomes the newest one; NULL if it is not known. */
struct wf_client_conn *wf_client_conns_find(struct wf_client_conns *conns, uint64_t id);

/*
 * Remove @conn. Its flow and interface stay unchanged until the next call that adds a connection.
 */
void wf_client_conns_remove(struct wf_client_conns *conns, struct wf_client_conn *conn);

#endif
