/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow.h - one tracked connection: both directions and all that its record tells.
 *
 * Kept small, because there may be millions of idle ones: what only some flows
 * need (a hole being waited for, counters of trouble) is in struct wf_flow_rare,
 * made when first needed.
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
#define WF_FLOW_HAS_HANDSHAKE	 (1u << 2) /* another's SYN came: see embryonic.h */
#define WF_FLOW_TOLD_SYN	 (1u << 3) /* ... and was told */
#define WF_FLOW_IPV6		 (1u << 4)
#define WF_FLOW_NEW		 (1u << 5)	      /* nothing followed its SYN */
#define WF_FLOW_SNAPPED(dir)	 (1u << (6 + (dir)))  /* the capture cut its segments */
#define WF_FLOW_LOST_MEMORY(dir) (1u << (8 + (dir)))  /* a segment could not be held */
#define WF_FLOW_SHUNTED(dir)	 (1u << (10 + (dir))) /* the kernel keeps its data back */
#define WF_FLOW_CUT(dir)	 (1u << (12 + (dir))) /* ... by hand: shunted.cut_off is valid */
#define WF_FLOW_RESUMED(dir)	 (1u << (14 + (dir))) /* ... no more, but no data came yet */

struct wf_flow {
	struct wf_flow_key key;
	uint32_t hash;
	uint64_t id;
	uint64_t start_ns;

	uint64_t last_ns; /* highest packet time so far */
	struct wf_timer timer;
	uint32_t use;	       /* this is the Nth connection on its four-tuple */
	uint32_t rare;	       /* slab id of struct wf_flow_rare, 0: none */
	uint16_t flags;	       /* WF_FLOW_* */
	uint8_t client;	       /* endpoint index */
	uint8_t policies;      /* overlap policy of the data to the server | to the client << 4 */
	uint16_t tcp_flags[2]; /* all seen, by direction; so are the arrays below */

	struct wf_tcp tcp;
	struct wf_stream stream[2];
	uint64_t packets[2];
	uint64_t bytes[2];
	uint64_t gap_bytes[2]; /* delivered: stream.next_off - gap_bytes */
};
/* With its share of the index (7.5 bytes) and of its span's headers (7.5) an idle connection stays
 * below 256 bytes. */
_Static_assert(sizeof(struct wf_flow) <= 240, "flows must stay small");
_Static_assert(WEFT_OVERLAP_COUNT <= 16, "an overlap policy fits in 4 bits");

#define WF_NEVER_NS UINT64_MAX

/* One direction of a connection that met trouble. */
struct wf_flow_trouble {
	uint64_t hole_ns;	 /* the hole at next_off is given up then; WF_NEVER_NS: none */
	uint64_t hole_end_off;	 /* ... where it ended when last looked at */
	uint64_t patience_ns;	 /* likewise, because it was acknowledged */
	uint64_t patience_off;	 /* next_off of the hole that patience_ns is about */
	uint32_t patience_bytes; /* ... or when so much more has come */
	uint32_t gap_count;
	uint32_t retransmitted_segments;
	uint32_t overlap_segments;
	uint32_t conflict_segments;
	uint32_t out_of_order_segments;
};

/* One direction that was shunted. */
struct wf_flow_shunted {
	uint32_t sets;	       /* times that the kernel was told */
	uint64_t last_ns;      /* last time; 0: never */
	uint64_t cut_off;      /* nothing from here on is wanted */
	uint64_t kept_packets; /* that the kernel kept back, and their IP lengths */
	uint64_t kept_bytes;
	uint64_t base_packets; /* the kernel's counts when we last looked */
	uint64_t base_bytes;
};

/* First, in two cache lines, what each segment of a stream that waits touches. */
struct wf_flow_rare {
	struct wf_flow_trouble trouble[2]; /* by direction; so are those below */
	uint64_t armed_ns;		   /* the wheel wakes the flow at the latest then */

	uint64_t lost_off[2]; /* WF_FLOW_LOST_MEMORY: what was lost so ends here; 0: not known */
	struct wf_flow_shunted shunted[2];
} __attribute__((aligned(WF_CACHE_LINE)));
_Static_assert(offsetof(struct wf_flow_rare, lost_off) <= 2 * WF_CACHE_LINE, "in two lines");

/* How long a connection may be silent, and a hole may last. */
struct wf_flow_timeouts {
	uint64_t established_ns;
	uint64_t closing_ns;
	uint64_t gap_ns;
	uint64_t patience_ns;
};

/* An empty flow of @key, opened by endpoint @client. */
void wf_flow_init(struct wf_flow *flow, const struct wf_flow_key *key, uint32_t hash,
		  uint8_t client);

void wf_flow_rare_init(struct wf_flow_rare *rare);

static inline enum weft_dir wf_flow_dir(const struct wf_flow *flow, uint8_t src)
{
	return src == flow->client ? WEFT_TO_SERVER : WEFT_TO_CLIENT;
}

static inline enum weft_overlap wf_flow_policy(const struct wf_flow *flow, enum weft_dir dir)
{
	return (enum weft_overlap)(flow->policies >> (dir * 4) & 15);
}

/* Public identity of @flow. */
void wf_flow_describe(const struct wf_flow *flow, struct weft_flow *ret_flow);

/* What is known of it now; @rare may be NULL. */
void wf_flow_record(const struct wf_flow *flow, const struct wf_flow_rare *rare,
		    enum weft_close_reason reason, struct weft_flow_record *ret_record);

enum weft_flow_state wf_flow_state(const struct wf_flow *flow);

/* Has @dir delivered (or given up) everything before its FIN? */
bool wf_flow_dir_is_finished(const struct wf_flow *flow, enum weft_dir dir);

bool wf_flow_is_valid(const struct wf_flow *flow);

#endif
