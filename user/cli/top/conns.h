/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conns.h - the connections that the agent listed, with rates, in the chosen order.
 */
#ifndef WF_CLI_TOP_CONNS_H
#define WF_CLI_TOP_CONNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maximum number of connections that are requested. */
enum { WF_TOP_CONNS_MAX = 300 };

enum wf_top_side { WF_TOP_TO_SERVER = 0, WF_TOP_TO_CLIENT, WF_TOP_SIDES };

struct wf_top_conn_side {
	char verdict[8]; /* "steer", "bypass", "pass" or "shed" */
	int64_t packets, bytes, kept_bytes;
	int64_t stream_bytes, gap_bytes, held_bytes; /* 0 if no worker tracks the connection */
};

struct wf_top_conn {
	uint64_t id; /* hash of the endpoints, the interface, the VLANs and the VNI */
	char src_ip[48], dest_ip[48];
	int src_port, dest_port;
	char client[64], server[64]; /* address and port */
	char tenant[40];	     /* VLANs and VNI, each with a comma after it */
	char interface[20];
	char state[16];
	char start[40], last[40];
	char community_id[64];
	int64_t worker;
	bool is_tracked;
	int64_t bytes; /* of both directions */
	double rate;   /* of @bytes, per second */
	struct wf_top_conn_side sides[WF_TOP_SIDES];
};

/**
 * struct wf_top_order - an order of connections
 * @name: name in --sort and on the screen
 * @key: key that selects the order
 * @agent: order by which the agent chooses the connections that it lists
 * @compare: as for qsort(); NULL: the list stays in the order of the agent
 */
struct wf_top_order {
	const char *name;
	char key;
	const char *agent;
	int (*compare)(const void *a, const void *b);
};

enum { WF_TOP_ORDERS_COUNT = 7 };
extern const struct wf_top_order wf_top_orders[WF_TOP_ORDERS_COUNT];

/* Return the index of the order called @name; -1 if there is none. */
int wf_top_order_find(const char *name);

struct wf_top_conns {
	struct wf_top_conn list[WF_TOP_CONNS_MAX];
	size_t count;
	int64_t total; /* connections that match the filter */
	uint64_t received_ms;
};

/*
 * Copy the connections of @flows, the response to the request "flows", to @conns, and sort them by
 * wf_top_orders[@order]. @now_ms: time on a monotonic clock when the response was received.
 */
void wf_top_conns_take(struct wf_top_conns *conns, const json_t *flows, size_t order,
		       uint64_t now_ms);

/* Return the index of the connection with @id; -1 if it is not listed. */
int wf_top_conns_find(const struct wf_top_conns *conns, uint64_t id);

/* Return the verdict on both directions; "mixed" if the directions have different verdicts. */
const char *wf_top_conn_verdict(const struct wf_top_conn *conn);

#endif
