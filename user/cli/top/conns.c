// SPDX-License-Identifier: BSD-2-Clause
/*
 * conns.c - the connections that the agent listed.
 *
 * The agent lists the first WF_TOP_CONNS_MAX connections in one of its orders. The orders "rate"
 * and "address" are those of this program: "rate" sorts the connections with the latest segments,
 * "address" those with the most bytes.
 */
#include "cli/top/conns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/view/flows.h"
#include "cli/top/model.h"
#include "cli/top/page.h"

#define COPY(field, object, key) wf_top_text_of(field, sizeof(field), object, key)

/* ---- orders ---- */

static int compare_address(const void *a, const void *b)
{
	const struct wf_top_conn *first = a, *second = b;
	int order = strverscmp(first->client, second->client);

	return order ? order : strverscmp(first->server, second->server);
}

static int compare_rate(const void *a, const void *b)
{
	const struct wf_top_conn *first = a, *second = b;

	if (first->rate != second->rate)
		return first->rate < second->rate ? 1 : -1;
	return compare_address(a, b);
}

const struct wf_top_order wf_top_orders[WF_TOP_ORDERS_COUNT] = {
	{"bytes", 'B', "bytes", NULL},
	{"rate", 'R', "last", compare_rate},
	{"packets", 'P', "packets", NULL},
	{"kept", 'K', "kept", NULL},
	{"last", 'L', "last", NULL},
	{"age", 'A', "age", NULL},
	{"address", 'N', "bytes", compare_address},
};

int wf_top_order_find(const char *name)
{
	for (int i = 0; i < WF_TOP_ORDERS_COUNT; i++)
		if (!strcmp(wf_top_orders[i].name, name))
			return i;
	return -1;
}

/* ---- reading ---- */

static void take_side(struct wf_top_conn_side *side, const json_t *object)
{
	COPY(side->verdict, object, "verdict");
	if (!strcmp(side->verdict, "shunt"))
		strcpy(side->verdict, "bypass");
	side->packets = wf_top_number_of(object, "packets");
	side->bytes = wf_top_number_of(object, "bytes");
	side->kept_bytes = wf_top_number_of(object, "kept_bytes");
	side->stream_bytes = wf_top_number_of(object, "stream_bytes");
	side->gap_bytes = wf_top_number_of(object, "gap_bytes");
	side->held_bytes = wf_top_number_of(object, "held_bytes");
}

/* Write an endpoint of @flow to @field. */
static void set_endpoint(char field[64], const json_t *flow, const char *ip, const char *port)
{
	char text[64];

	wf_flow_endpoint(flow, ip, port, text, sizeof(text));
	wf_top_text(field, 64, text);
}

static uint64_t hash(uint64_t sum, const char *text)
{
	/* FNV-1a, with the NUL, so that "a" "bc" differs from "ab" "c" */
	do
		sum = (sum ^ (uint8_t)*text) * 0x100000001b3u;
	while (*text++);
	return sum;
}

static void take_conn(struct wf_top_conn *conn, const json_t *flow)
{
	COPY(conn->src_ip, flow, "src_ip");
	COPY(conn->dest_ip, flow, "dest_ip");
	conn->src_port = (uint16_t)wf_top_number_of(flow, "src_port");
	conn->dest_port = (uint16_t)wf_top_number_of(flow, "dest_port");
	set_endpoint(conn->client, flow, "src_ip", "src_port");
	set_endpoint(conn->server, flow, "dest_ip", "dest_port");
	wf_flow_tenant(flow, conn->tenant, sizeof(conn->tenant));
	COPY(conn->interface, flow, "interface");
	COPY(conn->state, flow, "state");
	COPY(conn->start, flow, "start");
	COPY(conn->last, flow, "last");
	COPY(conn->community_id, flow, "community_id");
	conn->worker = wf_top_number_of(flow, "worker");
	conn->is_tracked = json_is_true(json_object_get(flow, "tracked"));
	take_side(&conn->sides[WF_TOP_TO_SERVER], json_object_get(flow, "toserver"));
	take_side(&conn->sides[WF_TOP_TO_CLIENT], json_object_get(flow, "toclient"));
	conn->bytes = conn->sides[WF_TOP_TO_SERVER].bytes + conn->sides[WF_TOP_TO_CLIENT].bytes;
	conn->id = hash(hash(0xcbf29ce484222325u, conn->client), conn->server);
	conn->id = hash(hash(conn->id, conn->interface), conn->tenant);
}

int wf_top_conns_find(const struct wf_top_conns *conns, uint64_t id)
{
	for (size_t i = 0; i < conns->count; i++)
		if (conns->list[i].id == id)
			return (int)i;
	return -1;
}

void wf_top_conns_take(struct wf_top_conns *conns, const json_t *flows, size_t order,
		       uint64_t now_ms)
{
	static struct wf_top_conns before;
	const struct wf_top_order *by = &wf_top_orders[order];
	const json_t *list = json_object_get(flows, "flows");
	const json_t *flow;
	size_t i;

	memcpy(&before, conns, sizeof(before));
	conns->count = 0;
	conns->total = wf_top_number_of(flows, "total");
	conns->received_ms = now_ms;
	json_array_foreach(list, i, flow)
	{
		struct wf_top_conn *conn = &conns->list[conns->count];
		int old;

		if (conns->count == WF_TOP_CONNS_MAX)
			break;
		conns->count++;
		take_conn(conn, flow);
		old = wf_top_conns_find(&before, conn->id);
		conn->rate = old < 0 ? 0
				     : wf_top_rate(before.list[old].bytes, conn->bytes,
						   now_ms - before.received_ms);
	}
	if (by->compare)
		qsort(conns->list, conns->count, sizeof(conns->list[0]), by->compare);
}

const char *wf_top_conn_verdict(const struct wf_top_conn *conn)
{
	const char *first = conn->sides[WF_TOP_TO_SERVER].verdict;

	return strcmp(first, conn->sides[WF_TOP_TO_CLIENT].verdict) ? "mixed" : first;
}
