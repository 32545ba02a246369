/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * shared.h - what the kernel programs and user space both see: keys and values of
 * maps, the record in front of each frame, counters. bpftool prints these names.
 */
#ifndef WEFT_BPF_SHARED_H
#define WEFT_BPF_SHARED_H

#include <linux/types.h>

#include <weft/verdict.h>

/*
 * Key of a connection, for the kernel and for user space. Both directions have the same one:
 * endpoint [0] is the smaller by memcmp() of address, then port. Without holes: compared as bytes.
 */
struct weft_flow_key {
	__u8 addr[2][16]; /* network order, IPv4 as ::ffff:a.b.c.d */
	__u16 port[2];	  /* host order */
	__u16 vlan[2];	  /* outer, inner id; 0 untagged */
	__u32 vni;	  /* of the innermost tunnel that has one: VXLAN, GENEVE, GRE key; else 0 */
};

/*
 * One connection, as the XDP program counts it. Index [0]: sent by key endpoint 0. CPUs may have
 * counted more: see struct weft_hot_flow.
 */
struct weft_flow_value {
	__u64 packets[2];
	__u64 bytes[2]; /* IP lengths */
	__u64 first_ns; /* CLOCK_MONOTONIC */
	__u64 last_ns;
	__u16 tcp_flags[2]; /* all seen, or-ed */
	__u16 verdict[2];   /* enum weft_verdict; set with verdict.bpf.c */
	__u32 worker;	    /* that its segments are steered to */
	__u32 pad;
	__u64 kept_packets[2]; /* of these, those that a verdict kept from user space */
	__u64 kept_bytes[2];
};

/*
 * What one CPU counted of one flow since it was last moved to the flow map. Not pinned: user
 * space moves all of it several times a second, and whenever it reads the flow map itself.
 */
struct weft_hot_flow {
	__u64 tag; /* hash and epoch; another: a look-up is needed */
	__u64 last_ns;
	__u64 bytes[2];
	__u32 packets[2];
	__u16 tcp_flags[2];
	__u16 verdict[2];
	__u32 moves; /* odd: while something is moved; changes with key and counts' place */
	__u32 pad;
	__u64 end; /* hash of endpoint 0: tells direction by one comparison */

	/* a second cache line, for a slot's beginning and for moves only */
	__u64 first_ns;
	struct weft_flow_key key;
	__u32 worker;
	__u64 epoch; /* when it was taken */
};
#define WEFT_HOT_FLOWS 2048 /* slots in each half, of each CPU; a power of two */

/* Context of the program that moves one CPU's half. */
struct weft_move_request {
	__u32 from; /* index of the first slot */
	__u32 left; /* slots that there was no room for in the flow map */
};

#define WEFT_VERDICT_KEEP 0xffffu /* in a request: as it is */

/* What verdict.bpf.c returns. */
enum weft_verdict_result {
	WEFT_VERDICT_UNKNOWN = 0, /* the flow has no entry */
	WEFT_VERDICT_DONE = 1,
	WEFT_VERDICT_LOOK_AGAIN = 2, /* done, but counts were moved while they were read */
};

/* Context of verdict.bpf.c, which writes what it found into it. */
struct weft_verdict_request {
	struct weft_flow_key key;
	__u16 verdict[2]; /* enum weft_verdict to set; then: what was set before */
	__u64 kept_packets[2];
	__u64 kept_bytes[2];
	__u64 idle_ns; /* since its last segment */
};

/* In front of each steered frame, placed with bpf_xdp_adjust_meta(). */
struct weft_frame_meta {
	__u64 time_ns; /* CLOCK_MONOTONIC, at most one tick behind */
	__u32 hash;    /* weft_hash_flow(); of a fragment: of its datagram */
	__u32 flags;   /* WEFT_META_* */
};
#define WEFT_META_OWN (1u << 0) /* sent by this host: its checksum may be partial */

/* Counters of the XDP program. Each frame is counted as seen and in one outcome. */
struct weft_xdp_counts {
#define X_XDP(role, field, name, family, labels, help) __u64 field;
#include "bpf/counters.def"
};

/* What the XDP program keeps for each CPU; the last three as of the last tick. */
struct weft_cpu {
	struct weft_xdp_counts counts;
	__u64 tick;    /* jiffies */
	__u64 tick_ns; /* CLOCK_MONOTONIC */
	__u64 number;  /* of this CPU */
};

/* Counters of the tc program, likewise. */
struct weft_mirror_counts {
#define X_TC(role, field, name, family, labels, help) __u64 field;
#include "bpf/counters.def"
};

/* The age from which a heartbeat is stale; user space writes one every WF_COUNT_MOVER_MS. */
#define WEFT_HEARTBEAT_STALE_NS 2000000000ull

/*
 * The filter is kept twice, so that a new one can be laid out beside the one in use; one
 * store of this word changes over.
 */
struct weft_filter {
	__u64 word; /* flows whose sample hash is above the low 32 bits are left; WEFT_FILTER_* */
};
#define WEFT_FILTER_PORTS (1ull << 32) /* only listed ones */
#define WEFT_FILTER_ALLOW (1ull << 33)
#define WEFT_FILTER_DENY  (1ull << 34)
#define WEFT_FILTER_SET	  (1ull << 35) /* which of the two */

/* Key of the prefix tries. @bits: the 32 of @set, then those of the IPv4-mapped address. */
struct weft_prefix_key {
	__u32 bits;
	__u32 set; /* 0 or 1 */
	__u8 addr[16];
};

#define WEFT_PORT_WORDS 1024 /* a bit for each port, in each of the two sets */

_Static_assert(sizeof(struct weft_flow_key) == 44, "compared as bytes");
_Static_assert(sizeof(struct weft_flow_value) == 96, "a cache line, and what only verdicts need");
_Static_assert(sizeof(struct weft_hot_flow) == 128, "two cache lines");
_Static_assert(__builtin_offsetof(struct weft_hot_flow, first_ns) == 64,
	       "key and time in the second");
_Static_assert(sizeof(struct weft_verdict_request) == 88, "as the kernel program sees it");
_Static_assert(sizeof(struct weft_frame_meta) == 16, "a multiple of 4, at most 32");
_Static_assert(sizeof(struct weft_prefix_key) == 24, "as the trie compares it");

#endif
