/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flows.h - the connections of a running live handle now, and the kernel's verdict on them.
 *
 * A worker answers between two batches and never waits. Calls take turns: one waits for another for
 * at most lock_timeout_ms, and for a worker for at most WEFT_ASK_TIMEOUT_MS.
 */
#ifndef WEFT_FLOWS_H
#define WEFT_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/flow.h>
#include <weft/verdict.h>

WEFT_BEGIN_DECLS

struct weft;

/* Former names of enum weft_verdict, from before it had its own header. */
#define weft_flow_verdict	weft_verdict
#define WEFT_FLOW_STEER		WEFT_VERDICT_STEER
#define WEFT_FLOW_SHUNT		WEFT_VERDICT_SHUNT
#define WEFT_FLOW_PASS		WEFT_VERDICT_PASS
#define WEFT_FLOW_SHED		WEFT_VERDICT_SHED
#define WEFT_FLOW_VERDICT_COUNT WEFT_VERDICT_COUNT

/** struct weft_flow_side - one direction of a connection now */
struct weft_flow_side {
	/* segments counted by the kernel */
	uint64_t packets;
	uint64_t bytes; /* IP bytes */
	/* part of packets (and bytes) that the verdict kept from the worker */
	uint64_t kept_packets;
	uint64_t kept_bytes;
	uint16_t tcp_flags; /* bitwise or of all TCP flags seen */
	enum weft_verdict verdict;

	/* counted by the worker; 0 if it does not track the connection */
	uint64_t stream_bytes; /* bytes delivered */
	uint64_t gap_bytes;
	uint64_t held_bytes; /* bytes held after a hole, plus 8 for each contiguous range */
};

/**
 * struct weft_flow_view - one connection now
 * @flow:     its id and use are 0 if no worker tracks it
 * @ifname:   the interface on which the kernel counted it; lent for the call
 * @worker:   index of the worker that gets its segments
 * @is_tracked: the worker tracks it
 * @midstream: its handshake was not seen
 * @state:    WEFT_FLOW_NEW if the worker does not track it
 * @first_ns, @last_ns: first and last segment that the kernel counted, ns since 1970
 * @sides:    by enum weft_dir
 */
struct weft_flow_view {
	struct weft_flow flow;
	const char *ifname;
	uint32_t worker;
	bool is_tracked;
	bool midstream;
	enum weft_flow_state state;
	uint64_t first_ns;
	uint64_t last_ns;
	struct weft_flow_side sides[WEFT_DIR_COUNT];
};

enum weft_flow_sort {
	WEFT_FLOW_SORT_BYTES = 0, /* bytes of both directions, the largest value first */
	WEFT_FLOW_SORT_PACKETS,
	WEFT_FLOW_SORT_KEPT, /* bytes kept in the kernel, the largest value first */
	WEFT_FLOW_SORT_LAST, /* the latest segment first */
	WEFT_FLOW_SORT_AGE,  /* the oldest entry first */
};
#define WEFT_FLOW_SORT_COUNT (WEFT_FLOW_SORT_AGE + 1)

/** struct weft_flow_query - which connections weft_flows_each() shows, and in which order */
struct weft_flow_query {
	size_t sz;
	const char *filter; /* tcpdump expression of addresses, ports and VLAN; NULL: all */
	enum weft_flow_sort sort;
	uint32_t count_max; /* 0: WEFT_FLOW_VIEWS; at most WEFT_FLOW_VIEWS_MAX */
};
#define weft_flow_query__last_field count_max

/* @view: lent for the call. Thread: that of weft_flows_each(). */
typedef void (*weft_flow_view_fn)(const struct weft_flow_view *view, void *ctx);

/**
 * weft_flows_each() - call @fn for each connection of the kernel's flow maps that matches @query
 * @query:     borrowed for the call; NULL: the WEFT_FLOW_VIEWS connections with most bytes
 * @fn, @ctx:  called in the order of @query
 * @ret_total: number of connections that matched, shown or not; may be NULL
 *
 * If a worker does not answer in time, the views of its connections lack its part (@is_tracked is
 * false). Return: 0; -EINVAL: the filter (logged) or a number is invalid; -ENODEV: the handle has
 * no interface or does not run; -EBUSY: another call took too long; -ENOMEM.
 * Thread: any. Memory: two views' worth for each connection that is shown, at most 1 MB, for the
 * time of the call.
 */
int weft_flows_each(struct weft *weft, const struct weft_flow_query *query, weft_flow_view_fn fn,
		    void *ctx, uint64_t *ret_total);

#define WEFT_FLOW_FROM_SRC (1u << 0)
#define WEFT_FLOW_FROM_DST (1u << 1)

/**
 * weft_flow_set() - set the kernel's verdict on a connection
 * @flow:    borrowed for the call; only addresses and ports are compared, either side may be source
 * @from:    WEFT_FLOW_FROM_SRC, _DST or both: the side whose segments get the verdict
 * @verdict: WEFT_VERDICT_STEER, _SHUNT or _PASS
 * @ret_count: number of connections that were set, on all VLANs and interfaces; may be NULL
 *
 * The worker delivers the bytes that it holds in order. The bytes that the verdict keeps from it
 * are one gap of cause WEFT_GAP_SHUNTED. Return: 0; -ENOENT: no flow map has such a connection;
 * -EALREADY: STEER of a direction that is beyond its depth limit; -EINVAL: @from or @verdict;
 * -ENODEV: the handle has no interface or does not run; -EBUSY: another call took too long;
 * -ETIMEDOUT: the worker did not answer. Thread: any. Memory: none.
 */
int weft_flow_set(struct weft *weft, const struct weft_flow *flow, unsigned int from,
		  enum weft_verdict verdict, uint32_t *ret_count);

/** weft_flow_verdict_name() - the name from WEFT_VERDICTS. Static, never NULL. Thread: any. */
const char *weft_flow_verdict_name(enum weft_verdict verdict);

WEFT_END_DECLS

#endif
