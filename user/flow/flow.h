/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow.h - one tracked connection: both directions and the counts of its record.
 *
 * The struct is small, because there may be millions of idle flows: the part that only some flows
 * need (deadlines of a hole, counters of retransmissions, a bypass) is their extension, struct
 * wf_flow_ext, which is allocated when it is first needed.
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

#define WF_FLOW_MIDSTREAM	 (1u << 0) /* its handshake was not seen */
#define WF_FLOW_CLOSED		 (1u << 1) /* finished both ways, or reset */
#define WF_FLOW_HAS_HANDSHAKE	 (1u << 2) /* a SYN of another connection came on its four-tuple */
#define WF_FLOW_REPORTED_SYN	 (1u << 3) /* that SYN was reported */
#define WF_FLOW_IPV6		 (1u << 4)
#define WF_FLOW_NEW		 (1u << 5)	     /* no segment followed its SYN */
#define WF_FLOW_SNAPPED(dir)	 (1u << (6 + (dir))) /* the capture cut its segments */
#define WF_FLOW_LOST_MEMORY(dir) (1u << (8 + (dir))) /* a segment could not be held */

struct wf_flow {
	struct weft_flow_key key;
	uint32_t hash;
	uint64_t id;
	uint64_t start_ns;

	uint64_t last_ns; /* highest packet time so far */
	struct wf_timer timer;
	uint32_t use;	       /* number of this connection on its four-tuple, from 1 */
	uint32_t ext;	       /* slab id of struct wf_flow_ext, 0: none */
	uint16_t flags;	       /* WF_FLOW_* */
	uint8_t client;	       /* endpoint index */
	uint8_t policies;      /* overlap policies: data to the server | data to the client << 4 */
	uint16_t tcp_flags[2]; /* all flags seen; by direction, as are the arrays below */

	struct wf_tcp tcp;
	struct wf_stream stream[2];
	uint64_t packets[2];
	uint64_t bytes[2];
	uint64_t gap_bytes[2]; /* delivered bytes: stream.next_off - gap_bytes */
};
/*
 * An idle connection takes less than 256 bytes, including its share of the index (7.5 bytes) and of
 * the headers of its span (7.5 bytes).
 */
_Static_assert(sizeof(struct wf_flow) <= 240, "flows must stay small");
_Static_assert(WEFT_OVERLAP_COUNT <= 16, "an overlap policy fits in 4 bits");

#define WF_NEVER_NS UINT64_MAX

/*
 * The deadlines of a direction's state (tcp/half_state.h), and counters that few directions need.
 * Only conn/wait.c sets deadlines.
 */
struct wf_flow_ext_half {
	uint64_t timeout_ns;	 /* time at which the wait fails; WF_NEVER_NS: none */
	uint64_t hole_end_off;	 /* AT_HOLE: end of the hole at the last check */
	uint64_t patience_ns;	 /* end of the wait for late segments; WF_NEVER_NS: none */
	uint64_t patience_off;	 /* AT_HOLE: start of the hole that patience_ns applies to */
	uint32_t patience_bytes; /* later bytes after which that wait ends too */
	uint32_t gap_count;
	uint32_t retransmitted_segments;
	uint32_t overlap_segments;
	uint32_t conflict_segments;
	uint32_t out_of_order_segments;
};

/* The present or past bypass of a direction. */
struct wf_flow_bypass {
	uint32_t sets;	  /* number of times that the kernel set the verdict */
	uint64_t last_ns; /* time of the last request; 0: never */
	uint64_t cut_off; /* CUT: data from here on is not wanted; RESUMED: near its next data */
	uint64_t kept_packets; /* segments that the kernel kept; kept_bytes: their IP bytes */
	uint64_t kept_bytes;
	uint64_t base_packets; /* the kernel's counts at the last reading */
	uint64_t base_bytes;
};

/* The two cache lines that each segment of a waiting stream touches come first. */
struct wf_flow_ext {
	struct wf_flow_ext_half half[2]; /* by direction, as are the arrays below */
	uint64_t armed_ns;		 /* latest time at which the timer expires */

	uint64_t lost_off[2]; /* end of the bytes lost for lack of memory; 0: not known */
	struct wf_flow_bypass bypass[2];
} __attribute__((aligned(WF_CACHE_LINE)));
_Static_assert(offsetof(struct wf_flow_ext, lost_off) <= 2 * WF_CACHE_LINE, "in two lines");

/* Longest silence of a connection, and longest wait at a hole. */
struct wf_flow_timeouts {
	uint64_t established_ns;
	uint64_t closing_ns;
	uint64_t gap_ns;
	uint64_t patience_ns;
};

/* Initialise an empty flow of @key, opened by endpoint @client. */
void wf_flow_init(struct wf_flow *flow, const struct weft_flow_key *key, uint32_t hash,
		  uint8_t client);

void wf_flow_ext_init(struct wf_flow_ext *ext);

static inline enum weft_dir wf_flow_dir(const struct wf_flow *flow, uint8_t src)
{
	return src == flow->client ? WEFT_TO_SERVER : WEFT_TO_CLIENT;
}

static inline enum weft_overlap wf_flow_policy(const struct wf_flow *flow, enum weft_dir dir)
{
	return (enum weft_overlap)(flow->policies >> (dir * 4) & 15);
}

/* Fill in the public identity of @flow. */
void wf_flow_describe(const struct wf_flow *flow, struct weft_flow *ret_flow);

/* Fill in the record of @flow up to now; @ext may be NULL. */
void wf_flow_record(const struct wf_flow *flow, const struct wf_flow_ext *ext,
		    enum weft_close_reason reason, struct weft_flow_record *ret_record);

enum weft_flow_state wf_flow_state(const struct wf_flow *flow);

/* Return true if all data of @dir before its FIN was delivered or given up. */
bool wf_flow_dir_is_finished(const struct wf_flow *flow, enum weft_dir dir);

bool wf_flow_is_valid(const struct wf_flow *flow);

#endif
