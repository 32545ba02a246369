/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flows.h - the connections of a running live handle, as the kernel and the workers see them
 * now, and what the kernel is to do with one of them.
 *
 * Workers never wait: each answers between two batches. Calls take turns, for at most
 * lock_timeout_ms, and give up on a worker after WEFT_ASK_TIMEOUT_MS.
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

/* The names of enum weft_verdict before it had a header of its own. */
#define weft_flow_verdict	weft_verdict
#define WEFT_FLOW_STEER		WEFT_VERDICT_STEER
#define WEFT_FLOW_SHUNT		WEFT_VERDICT_SHUNT
#define WEFT_FLOW_PASS		WEFT_VERDICT_PASS
#define WEFT_FLOW_SHED		WEFT_VERDICT_SHED
#define WEFT_FLOW_VERDICT_COUNT WEFT_VERDICT_COUNT

/** struct weft_flow_side - one direction of a connection now */
struct weft_flow_side {
	/* the kernel's */
	uint64_t packets;
	uint64_t bytes;	       /* IP lengths */
	uint64_t kept_packets; /* of these, what the verdict kept from the worker */
	uint64_t kept_bytes;
	uint16_t tcp_flags; /* all seen, or-ed */
	enum weft_verdict verdict;

	/* the worker's; 0 if it does not know the connection */
	uint64_t stream_bytes; /* delivered */
	uint64_t gap_bytes;
	uint64_t held_bytes; /* waiting for what is missing before them; 8 more for each stretch */
};

/**
 * struct weft_flow_view - one connection now
 * @flow:     its id and use are 0 if no worker knows it
 * @ifname:   where the kernel counted it; lent for the call
 * @worker:   index of the one that its segments go to
 * @is_tracked: the worker knows it
 * @first_ns, @last_ns: of the kernel's entry, ns since 1970
 * @sides:    by enum weft_dir
 * @state:    as the worker sees it; WEFT_FLOW_NEW if it does not know it
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
	WEFT_FLOW_SORT_BYTES = 0, /* both directions; most first, as all */
	WEFT_FLOW_SORT_PACKETS,
	WEFT_FLOW_SORT_KEPT, /* bytes kept in the kernel */
	WEFT_FLOW_SORT_LAST, /* latest segment first */
	WEFT_FLOW_SORT_AGE,  /* longest known first */
};
#define WEFT_FLOW_SORT_COUNT (WEFT_FLOW_SORT_AGE + 1)

/** struct weft_flow_query - which connections */
struct weft_flow_query {
	size_t sz;
	const char *filter; /* tcpdump's syntax, of addresses and ports; NULL: all */
	enum weft_flow_sort sort;
	uint32_t count_max; /* 0: WEFT_FLOW_VIEWS; at most WEFT_FLOW_VIEWS_MAX */
};
#define weft_flow_query__last_field count_max

/* @view: lent for the call. Thread: the one that called weft_flows_each(). */
typedef void (*weft_flow_view_fn)(const struct weft_flow_view *view, void *ctx);

/**
 * weft_flows_each() - call @fn for each connection of the kernel's flow maps that @query names
 * @query:     NULL: the WEFT_FLOW_VIEWS with most bytes
 * @ret_total: how many matched, shown or not; may be NULL
 *
 * Return: 0; -EINVAL: the filter (logged) or a number; -ENODEV: no interface, or it does not
 * run; -EBUSY: another call takes too long; -ENOMEM. What a worker that is too busy knows is
 * left out. Thread: any. Memory: some MB for the time of the call.
 */
int weft_flows_each(struct weft *weft, const struct weft_flow_query *query, weft_flow_view_fn fn,
		    void *ctx, uint64_t *ret_total);

#define WEFT_FLOW_FROM_SRC (1u << 0)
#define WEFT_FLOW_FROM_DST (1u << 1)

/**
 * weft_flow_set() - have the kernel treat a connection's segments otherwise
 * @flow:    its addresses and ports count, with either side as source
 * @from:    WEFT_FLOW_FROM_SRC, _DST or both: which side's segments
 * @verdict: WEFT_VERDICT_STEER, _SHUNT or _PASS
 * @ret_count: how many there were (of several VLANs, interfaces); may be NULL
 *
 * The worker delivers what it holds in order and goes on counting; what was kept back is one
 * gap, of cause WEFT_GAP_SHUNTED. Return: 0; -ENOENT: no flow map knows it; -EALREADY:
 * STEER of a direction that is beyond its depth limit; -EINVAL; -ENODEV, -EBUSY;
 * -ETIMEDOUT: its worker is too busy. Thread: any.
 */
int weft_flow_set(struct weft *weft, const struct weft_flow *flow, unsigned int from,
		  enum weft_verdict verdict, uint32_t *ret_count);

/** weft_flow_verdict_name() - "steer", "shunt", "pass", "shed"; never NULL. Static. Thread: any. */
const char *weft_flow_verdict_name(enum weft_verdict verdict);

WEFT_END_DECLS

#endif
