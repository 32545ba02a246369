/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow.h - one tracked connection: both directions and the counts of its record.
 *
 * The struct is small, because there may be millions of idle flows: the part that only some flows
 * need (deadlines of a hole, counters of retransmissions, a bypass) is in an extension, struct
 * wf_flow_ext, which is allocated on first use.
 *
 * Thread: the worker that owns it.
 */
#ifndef WF_FLOW_FLOW_H
#define WF_FLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/opts.h>

#include "base/assert.h"
#include "base/timer_wheel.h"
#include "packet/packet.h"
#include "reassembly/stream.h"
#include "tcp/tcp_state.h"

#define WF_FLOW_MIDSTREAM	     (1u << 0) /* the flow's handshake was not seen */
/* all directions of which packets were seen have finished, or the flow was reset */
#define WF_FLOW_CLOSED		     (1u << 1)
/*
 * a SYN of another connection with this four-tuple was recorded, and its handshake may still exist
 */
#define WF_FLOW_HAS_HANDSHAKE	     (1u << 2)
/* WEFT_ANOMALY_SYN_IN_CONNECTION was reported for this flow */
#define WF_FLOW_REPORTED_SYN	     (1u << 3)
#define WF_FLOW_IPV6		     (1u << 4)
#define WF_FLOW_NEW		     (1u << 5) /* no segment was seen after the SYNs */
/* the capture truncated segments of direction dir */
#define WF_FLOW_SNAPPED(dir)	     (1u << (6 + (dir)))
/*
 * data of direction dir could not be held, for lack of memory or room, so the gap at these bytes is
 * reported with the cause memory
 */
#define WF_FLOW_LOST_MEMORY(dir)     (1u << (8 + (dir)))
/* only one side of the flow was seen, and splits/ has recorded it as a half */
#define WF_FLOW_HALF		     (1u << 15)
/*
 * user space ignores direction dir, because the application has called weft_flow_end(), or because
 * the verdict is WEFT_VERDICT_PASS and no kernel program steers the flow's segments
 */
#define WF_FLOW_IGNORED(dir)	     (1u << (10 + (dir)))
/* wrong checksums of the sender of direction dir are accepted; see senders/ */
#define WF_FLOW_WRONG_CHECKSUMS(dir) (1u << (12 + (dir)))
/*
 * weft_flow_end() closed the flow, which stays in the table so that its later segments open no new
 * flow
 */
#define WF_FLOW_ENDED		     (1u << 14)

/*
 * The members that each segment uses come first: they lie in at most four cache lines, although a
 * flow may begin at any multiple of 16 bytes.
 */
struct wf_flow {
	struct weft_flow_key key;
	uint32_t hash;

	/* time of the flow's last packet, including packets that the kernel counted */
	uint64_t last_ns;
	uint32_t ext;	    /* slab id of struct wf_flow_ext; 0: the flow has no extension */
	uint16_t flags;	    /* WF_FLOW_* */
	uint8_t client : 1; /* index of the client's endpoint in the key */
	/*
	 * 1: `bytes` has no link-layer headers, because segments lie in a tunnel, or the interface
	 * has no such headers
	 */
	uint8_t is_bare : 1;
	uint8_t iface : 6; /* number of the interface on which the flow began, from 1; 0: none */
	/*
	 * overlap policies: bits 0 to 3 for data to the server, bits 4 to 7 for data to the client
	 */
	uint8_t policies;

	/* tcp and the arrays below are indexed by direction */
	struct wf_tcp tcp;
	struct wf_stream stream[2];
	uint64_t packets[2];
	uint64_t bytes[2];
	uint16_t tcp_flags[2]; /* bitwise OR of all TCP flags seen */

	/* number of this connection among those with the same four-tuple, from 1 */
	uint32_t use;
	uint64_t id;
	uint64_t start_ns;
	struct wf_timer timer;
	/*
	 * sum of all gaps reported; stream.next_off - gap_bytes is the number of delivered bytes,
	 * plus, in the states LIMITED and CUT, the bytes beyond the limit until they are reported
	 */
	uint64_t gap_bytes[2];
};
/* Number of bytes at the start of a flow that each segment may use. */
#define WF_FLOW_HOT_BYTES offsetof(struct wf_flow, use)
_Static_assert(WF_FLOW_HOT_BYTES + WF_CACHE_LINE - 16 <= 4 * WF_CACHE_LINE, "in four lines");
_Static_assert(sizeof(struct wf_flow) % 16 == 0, "a flow begins at a multiple of 16 bytes");
/*
 * An idle connection takes less than 256 bytes, including its share of the index (7.5 bytes) and of
 * the headers of its span (7.5 bytes).
 */
_Static_assert(sizeof(struct wf_flow) <= 240, "flows must stay small");
_Static_assert(WEFT_INTERFACES_MAX < 64, "an interface fits in 6 bits");
_Static_assert(WEFT_OVERLAP_COUNT <= 16, "an overlap policy fits in 4 bits");

/* Prefetch the members of @flow that each segment uses. */
static inline void wf_flow_prefetch(const struct wf_flow *flow)
{
	for (size_t off = 0; off + WF_CACHE_LINE < WF_FLOW_HOT_BYTES; off += WF_CACHE_LINE)
		__builtin_prefetch((const uint8_t *)flow + off);
	__builtin_prefetch((const uint8_t *)flow + WF_FLOW_HOT_BYTES - 1);
}

#define WF_NEVER_NS UINT64_MAX

/*
 * The deadlines of the state of one direction (tcp/half_state.h), and counters that only few
 * directions need. conn/wait.c sets the deadlines. They are cancelled when the state changes
 * (conn/half.h), and when the application ends the flow (conn/close.c).
 */
struct wf_flow_ext_half {
	/*
	 * gap time-out: at this time the hole is given up, or, in state UNACKED, the held data is
	 * delivered; WF_NEVER_NS: no such deadline
	 */
	uint64_t timeout_ns;
	/*
	 * in state AT_HOLE: end of the hole when it was last checked; UINT64_MAX if the receiver
	 * would reject the data after it
	 */
	uint64_t hole_end_off;
	/*
	 * the wait for segments that the tap recorded late (in state STARTING: for an earlier start
	 * of the stream) ends at this time; WF_NEVER_NS: no such deadline
	 */
	uint64_t patience_ns;
	/*
	 * in state AT_HOLE: patience_ns applies to the hole that starts at this offset (its lower
	 * 32 bits), and to all holes that start within patience_ahead_bytes from there
	 */
	uint32_t patience_off;
	uint32_t patience_ahead_bytes;
	/* the wait until patience_ns ends early when this many further bytes have arrived */
	uint32_t patience_bytes;
	uint32_t gap_count;
	uint32_t retransmitted_segments;
	uint32_t overlap_segments;
	uint32_t conflict_segments;
	uint32_t out_of_order_segments;
};

/* The present bypass of one direction, or its last one. */
struct wf_flow_bypass {
	/* time of the last result of a request, or of the last repeated request; 0: none */
	uint64_t last_ns;
	/*
	 * in state CUT: data at and beyond this offset is not wanted; in state RESUMED: the next
	 * data is expected near this offset
	 */
	uint64_t cut_off;
	/*
	 * number of segments that the kernel bypassed. kept_bytes: their IP bytes; after
	 * wf_kernel_settle(), their lengths on the wire
	 */
	uint64_t kept_packets;
	uint64_t kept_bytes;
	/* base_packets, base_bytes: the kernel's counts when they were last read */
	uint64_t base_packets;
	uint64_t base_bytes;
};

/*
 * The extension of a flow. Its first two cache lines hold all members that each segment of a
 * waiting stream uses.
 */
struct wf_flow_ext {
	struct wf_flow_ext_half half[2]; /* this and the arrays below are indexed by direction */
	/* the flow's timer expires at this time or earlier; no deadline in @half is before it */
	uint64_t armed_ns;
	uint32_t late[2]; /* slab id of struct wf_late; 0: none */

	void *user; /* the application's pointer, set by weft_flow_user_set() */
	/* end offset of the bytes lost because memory was missing; 0: none, or not known */
	uint64_t lost_off[2];
	uint8_t verdict[2];   /* enum weft_verdict that was set last; STEER if none was set */
	bool was_bypassed[2]; /* a verdict other than STEER was set at least once */
	struct wf_flow_bypass bypass[2];
} __attribute__((aligned(WF_CACHE_LINE)));
_Static_assert(offsetof(struct wf_flow_ext, user) <= 2 * WF_CACHE_LINE, "in two lines");

/*
 * The maximum time without packets of a connection, by its state, and the maximum waits at a hole.
 */
struct wf_flow_timeouts {
	uint64_t established_ns;
	uint64_t closing_ns;
	uint64_t gap_ns;	   /* maximum wait at a hole; WF_NEVER_NS: no limit */
	uint64_t one_sided_gap_ns; /* maximum wait at a hole if no acknowledgements are seen */
	uint64_t patience_ns;
};

/* Initialise an empty flow with key @key, opened by endpoint @client. */
void wf_flow_init(struct wf_flow *flow, const struct weft_flow_key *key, uint32_t hash,
		  uint8_t client);

void wf_flow_ext_init(struct wf_flow_ext *ext);

static inline enum weft_dir wf_flow_dir(const struct wf_flow *flow, uint8_t src)
{
	return src == flow->client ? WEFT_TO_SERVER : WEFT_TO_CLIENT;
}

/*
 * Return true if a direction of @flow is in a state that has deadlines. The extension of other
 * flows has none.
 */
static inline bool wf_flow_waits(const struct wf_flow *flow)
{
	return wf_half_state_waits(flow->tcp.dir[0].state) ||
	       wf_half_state_waits(flow->tcp.dir[1].state);
}

static inline enum weft_overlap wf_flow_policy(const struct wf_flow *flow, enum weft_dir dir)
{
	return (enum weft_overlap)(flow->policies >> (dir * 4) & 15);
}

/* Fill in the public identity of @flow. */
void wf_flow_describe(const struct wf_flow *flow, struct weft_flow *ret_flow);

/* Fill in the record of @flow with its counts up to now; @ext may be NULL. */
void wf_flow_record(const struct wf_flow *flow, const struct wf_flow_ext *ext,
		    enum weft_close_reason reason, struct weft_flow_record *ret_record);

enum weft_flow_state wf_flow_state(const struct wf_flow *flow);

/* Return the state of the server's TCP, derived from the captured segments of both sides. */
enum weft_tcp_state wf_flow_tcp_state(const struct wf_flow *flow);

/*
 * Return true if the FIN of @dir is known and all data before it was delivered or reported as gaps.
 */
bool wf_flow_dir_is_finished(const struct wf_flow *flow, enum weft_dir dir);

bool wf_flow_is_valid(const struct wf_flow *flow);

#endif
