/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flows.h - lists the current connections of a running handle; bypasses, ignores or ends a
 * connection.
 *
 * A worker answers between two batches of packets, and never waits for a caller. One call runs at a
 * time: a call waits at most lock_timeout_ms for another call, and at most WEFT_ASK_TIMEOUT_MS for
 * a worker.
 *
 * All calls may be made from inline callbacks. A callback that calls weft_flow_set() or
 * weft_flow_end() for a connection of its own worker does not wait: the call takes effect when the
 * segment that caused the event has been processed. Events that this segment still causes are
 * delivered.
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

/* Older names of enum weft_verdict and its values, kept for compatibility. */
#define weft_flow_verdict	weft_verdict
#define WEFT_FLOW_STEER		WEFT_VERDICT_STEER
#define WEFT_FLOW_SHUNT		WEFT_VERDICT_SHUNT
#define WEFT_FLOW_PASS		WEFT_VERDICT_PASS
#define WEFT_FLOW_SHED		WEFT_VERDICT_SHED
#define WEFT_FLOW_VERDICT_COUNT WEFT_VERDICT_COUNT

/**
 * struct weft_flow_side - the current counts of one direction of a connection
 *
 * Segments from interfaces are counted by the kernel, those of capture files and of weft_submit()
 * by the worker.
 */
struct weft_flow_side {
	uint64_t packets; /* number of segments */
	uint64_t bytes; /* kernel: IP bytes of these segments; worker: as in struct weft_flow_counts
			 */
	/* segments (and their IP bytes) that did not reach the worker because of the verdict */
	uint64_t kept_packets;
	uint64_t kept_bytes;
	uint16_t tcp_flags; /* bitwise or of all TCP flags seen */
	enum weft_verdict verdict;

	/* The members below are counted by the worker; 0 if it does not track the connection. */
	uint64_t stream_bytes; /* bytes delivered in order */
	uint64_t gap_bytes;    /* length of all gaps reported */
	uint64_t held_bytes;   /* bytes held in user space, plus 8 for each held segment */
};

/**
 * struct weft_flow_view - the current state of one connection
 * @flow:     identity of the connection; its id and use are 0 if no worker tracks the connection
 * @ifname:   name of the interface on which the kernel counted the connection; "" if its packets
 *            come from a capture file or weft_submit(); lent for the call
 * @worker:   index of the worker that receives the connection's segments
 * @is_tracked: true if that worker tracks the connection
 * @midstream: true if the handshake was not seen
 * @state:    WEFT_FLOW_NEW if the worker does not track it
 * @first_ns, @last_ns: time of the first and the last segment that was counted, in ns since 1970
 * @sides:    the two directions, indexed by enum weft_dir
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
	WEFT_FLOW_SORT_BYTES = 0, /* by the bytes of both directions, largest first */
	WEFT_FLOW_SORT_PACKETS,
	WEFT_FLOW_SORT_KEPT, /* by kept_bytes of both directions, largest first */
	WEFT_FLOW_SORT_LAST, /* by the time of the last segment, latest first */
	WEFT_FLOW_SORT_AGE,  /* by the time of the first segment, oldest first */
};
#define WEFT_FLOW_SORT_COUNT (WEFT_FLOW_SORT_AGE + 1)

/** struct weft_flow_query - the connections that weft_flows_each() reports, and their order */
struct weft_flow_query {
	size_t sz;
	/*
	 * expression in tcpdump's syntax on addresses, ports and the outer VLAN; an expression on
	 * other fields is rejected; NULL: all connections
	 */
	const char *filter;
	enum weft_flow_sort sort;
	uint32_t count_max; /* maximum number of connections, up to WEFT_FLOW_VIEWS_MAX; 0:
			       WEFT_FLOW_VIEWS */
	/*
	 * leave out connections that have ended: both sides sent a FIN, or one side a RST, and the
	 * last segment is more than a second old (in a capture file: a second of packet time)
	 */
	bool without_closed;
};
#define weft_flow_query__last_field without_closed

/* Receive one connection. @view: lent for the call. Thread: the caller of weft_flows_each(). */
typedef void (*weft_flow_view_fn)(const struct weft_flow_view *view, void *ctx);

/**
 * weft_flows_each() - call @fn for each current connection that matches @query
 * @query:     borrowed for the call; NULL: the WEFT_FLOW_VIEWS connections with the most bytes
 * @fn, @ctx:  called in the order of @query
 * @ret_total: number of connections that matched, including those not reported; may be NULL
 *
 * The connections of interfaces are those of the kernel's flow maps, which keep the last counts of
 * ended connections until other connections need the entries; a connection that two interfaces
 * capture is reported once for each. The connections of capture files and of weft_submit() are
 * those that the workers track: connections whose CLOSE event was delivered, and those of which
 * only a SYN was seen, are not among them, and connections that begin or end during the call may be
 * left out.
 *
 * If a worker has ended or does not answer in time, this function reports the connections of
 * interfaces without the worker's counts (@is_tracked is false), and fails if there are other
 * sources. A worker that waits for room in a subscription's queue does not answer. Return: 0 on
 * success; -EINVAL if the filter (logged) or a number is invalid; -ENODEV if the handle was not
 * started; with other sources than interfaces: -ESHUTDOWN if all workers have ended, -ETIMEDOUT if
 * a worker did not answer; -EBUSY if another control call took too long; -ENOMEM; another negative
 * errno of the kernel. Thread: any; @fn may make other control calls. Memory: about the size of two
 * views for each of the @query->count_max connections, at most 1 MB, during the call.
 */
int weft_flows_each(struct weft *weft, const struct weft_flow_query *query, weft_flow_view_fn fn,
		    void *ctx, uint64_t *ret_total);

#define WEFT_FLOW_FROM_SRC (1u << 0)
#define WEFT_FLOW_FROM_DST (1u << 1)

/**
 * weft_flow_set() - set the verdict on a connection
 * @flow:    borrowed for the call; either side may be given as source. Only addresses and ports are
 *           compared; for connections of capture files and submitted packets, also VLAN and VNI. In
 *           an inline callback, only the connection that also has this VLAN and VNI is set, if its
 *           worker tracks one
 * @from:    WEFT_FLOW_FROM_SRC, WEFT_FLOW_FROM_DST or both: the side whose segments the verdict
 *           concerns
 * @verdict: WEFT_VERDICT_STEER, _SHUNT or _PASS
 * @ret_count: number of connections whose verdict was set, on all VLANs, at most 64; a connection
 *           that several interfaces capture counts once. May be NULL
 *
 * The kernel carries the verdict out. For capture files and submitted packets, also of a handle
 * that has interfaces, weft carries it out in user space: data of a direction with SHUNT is not
 * delivered; segments of a direction with PASS are only counted, also those of later connections
 * between the same endpoints, until the verdict is set again or the idle timeout has passed without
 * segments.
 *
 * With SHUNT and PASS, the worker first delivers the bytes that it holds up to the first missing
 * byte; those after it are dropped. All bytes that are not delivered because of the verdict,
 * including these, are reported as one gap with the cause WEFT_GAP_SHUNTED when the connection or
 * the bypass ends; in the latter case, the bytes up to the next captured one may follow as a second
 * gap. Return: 0 on success; -ENOENT if there is no such connection; -EALREADY if @verdict is STEER
 * and a direction is beyond its depth limit; -EINVAL if @from or @verdict is invalid; -ENODEV if
 * the handle was not started; -ESHUTDOWN if all workers have ended; -EBUSY if another control call
 * took too long; -ETIMEDOUT if the worker did not answer; -ENOBUFS if a callback has set more than
 * 64 verdicts; other negative errno. After an error, the verdict of some of the connections may
 * have been set. Thread: any. Memory: none.
 */
int weft_flow_set(struct weft *weft, const struct weft_flow *flow, unsigned int from,
		  enum weft_verdict verdict, uint32_t *ret_count);

/**
 * weft_flow_end() - stop tracking a connection whose further data is not wanted
 * @flow: borrowed for the call; addresses, ports, VLAN and VNI are compared
 *
 * The worker delivers the bytes that it holds and reports the end of the connection with the reason
 * WEFT_CLOSE_PROGRAM. The TCP connection itself is not affected. Its later segments are ignored, in
 * the kernel if possible; a SYN with another sequence number begins the next connection of these
 * endpoints. Return: 0 on success; -ENOENT if no worker tracks such a connection; -ENODEV,
 * -ESHUTDOWN, -EBUSY, -ETIMEDOUT, -ENOBUFS: see weft_flow_set().
 * Thread: any. Memory: none; the connection's entry stays in use until it was idle for its timeout.
 */
int weft_flow_end(struct weft *weft, const struct weft_flow *flow);

/**
 * weft_half_open_read() - read how many half-open connections some addresses have begun
 * @addrs:      @count addresses, network order, IPv4 as ::ffff:a.b.c.d; borrowed
 * @count:      at most WEFT_HALF_OPEN_ADDRS_MAX
 * @ret_counts: @count numbers, in the order of @addrs; written only on success
 *
 * A connection is half-open after its SYN, until its handshake ends, it is reset or its timeout
 * expires; the address is that of the SYN's sender. Return: 0 on success; -EINVAL if @count is too
 * large; -ENODEV if the handle was not started; -ESHUTDOWN if all workers have ended; -EBUSY if
 * another control call took too long; -ETIMEDOUT if a worker did not answer. Thread: any.
 * Memory: none.
 */
int weft_half_open_read(struct weft *weft, const uint8_t (*addrs)[16], size_t count,
			uint32_t *ret_counts);

/**
 * weft_flow_user_set() - store a pointer of the application with a connection
 * @flow: the connection of the event
 * @user: value of the member user in all later events of the connection in inline subscriptions;
 *        NULL: none
 *
 * A connection has one pointer, which all inline subscriptions share. Return: 0 on success; -ENOENT
 * if the calling thread's worker does not track the connection; -ENOMEM. Thread: an inline
 * callback, for the connection of its event. Memory: 256 bytes for the first pointer of a
 * connection, unless the connection already has this extension for another reason.
 */
int weft_flow_user_set(struct weft *weft, const struct weft_flow *flow, void *user);

/**
 * weft_flow_release_fn - release the pointer of a connection that has ended
 * @user: the pointer that was set last; never NULL
 * @ctx:  as given to weft_flow_on_release()
 *
 * Called once for each connection that has a pointer, after the last inline callback of its CLOSE
 * event. Thread: the worker that owns the connection. Must not block.
 */
typedef void (*weft_flow_release_fn)(void *user, void *ctx);

/**
 * weft_flow_on_release() - set the function that releases the pointers of ended connections
 * @fn: NULL: no function, which is the default
 *
 * Return: 0 on success; -EBUSY if the handle was started; -ETIMEDOUT if other control calls took
 * too long. Thread: any, before weft_start(). Memory: none.
 */
int weft_flow_on_release(struct weft *weft, weft_flow_release_fn fn, void *ctx);

/** weft_flow_verdict_name() - return the name of @verdict in WEFT_VERDICTS. Static, never NULL.
 * Thread: any. */
const char *weft_flow_verdict_name(enum weft_verdict verdict);

WEFT_END_DECLS

#endif
