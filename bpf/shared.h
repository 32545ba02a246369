/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * shared.h - types shared by the kernel programs and user space: keys and values of maps, the
 * metadata in front of each frame, and counters. bpftool prints the names of their members.
 */
#ifndef WEFT_BPF_SHARED_H
#define WEFT_BPF_SHARED_H

#include <linux/types.h>

#include <weft/limits.h>
#include <weft/verdict.h>

/*
 * Key of a connection, in the kernel and in user space. Both directions have the same key:
 * endpoint [0] is the smaller one, by memcmp() of the address, then by port. The struct has no
 * padding, because keys are compared as bytes.
 */
struct weft_flow_key {
	__u8 addr[2][16]; /* network order; IPv4 as ::ffff:a.b.c.d */
	__u16 port[2];	  /* host order */
	__u16 vlan[2];	  /* outer and inner VLAN id before the innermost IP header; 0: none */
	__u32 vni; /* identifier of the innermost tunnel that has one (see tunnel.h); 0: none */
};

/*
 * Counters of one connection. Index [0] is for the segments that endpoint 0 of the key sends. The
 * latest segments may not be in these counters yet, but in those of struct weft_hot_flow.
 */
struct weft_flow_value {
	__u64 packets[2];
	__u64 bytes[2];	    /* sums of IP packet lengths */
	__u64 first_ns;	    /* CLOCK_MONOTONIC of the first segment, at most one tick behind */
	__u64 last_ns;	    /* CLOCK_MONOTONIC of the last segment, at most one tick behind */
	__u16 tcp_flags[2]; /* bitwise OR of the TCP flags of all segments */
	__u16 verdict[2];   /* enum weft_verdict; user space changes it by weft_set_verdict() */
	__u32 worker;	    /* index of the worker that receives the segments */
	__u32 pad;
	__u64 kept_packets[2]; /* segments that the verdict kept from the worker */
	__u64 kept_bytes[2];   /* IP bytes of these segments */
};

/*
 * A slot of the map of handshakes: a connection whose segments all had the SYN flag so far. If
 * member lock is 1, a program changes the slot.
 */
struct weft_handshake {
	__u64 tag; /* 64-bit hash of the flow; 0: the slot is not in use */
	__u32 lock;
	struct weft_flow_key key;
	__u64 pad;
	struct weft_flow_value value; /* begins a cache line */
	__u64 pad_end[4];
};

/*
 * A hot-flow slot: the counters of one flow on one CPU since they were last moved to the flow map.
 * The agent moves the counters of all slots twice a second, and before it reads the flow
 * map. So other processes need not read the slots, and the map of slots is not pinned.
 */
struct weft_hot_flow {
	__u64 tag; /* 64-bit hash of the flow that uses the slot, plus the epoch; 0: no flow */
	__u64 last_ns;
	__u64 bytes[2];
	__u32 packets[2];
	__u16 tcp_flags[2];
	__u16 verdict[2];
	__u32 moves; /* odd while counters are moved; changes with each move and each new key */
	__u32 epoch; /* low 32 bits of weft_hot_epoch when the flow took the slot */
	/* hash of endpoint 0 of the key; a segment whose source has it is of direction 0 */
	__u64 end;

	/*
	 * Second cache line: a segment that the slot counts does not touch it. It is used when a
	 * flow takes the slot, when counters are moved, and by weft_set_verdict().
	 */
	__u64 first_ns;
	struct weft_flow_key key;
	__u32 worker;
	__u64 pad;
};
/*
 * Number of slots in each half of one CPU's slots: a power of two within these bounds. More slots
 * than fit into the CPU's caches still pay off: a hit costs one cache line, a miss several.
 */
#define WEFT_HOT_SLOTS_MIN 2048
#define WEFT_HOT_SLOTS_MAX 131072

/* Context of weft_move(), which moves the counters of one half of one CPU's slots. */
struct weft_move_request {
	__u32 from; /* input: index of the first slot of that half in the map */
	__u32 left; /* output: number of slots not moved, because no entry could be added */
};

#define WEFT_VERDICT_KEEP 0xffffu /* in a request: do not change this direction's verdict */

/* Return value of weft_set_verdict() in verdict.bpf.c. */
enum weft_verdict_result {
	WEFT_VERDICT_UNKNOWN = 0, /* the flow has no entry */
	WEFT_VERDICT_DONE = 1,
	/*
	 * the verdicts are set; the returned counters may be wrong, because counters were moved
	 * from a slot, or a flow took a slot, during the call
	 */
	WEFT_VERDICT_LOOK_AGAIN = 2,
};

/* Context of weft_set_verdict(), which writes its results into the same struct. */
struct weft_verdict_request {
	struct weft_flow_key key;
	__u16 verdict[2];      /* input: verdicts to set; output: verdicts before the call */
	__u64 kept_packets[2]; /* output, like the members below: as in struct weft_flow_value */
	__u64 kept_bytes[2];
	__u64 idle_ns; /* time since the flow's last segment */
};

/* UDP destination ports (host order) of VXLAN and GENEVE, which users can set; 0 ends a list. */
struct weft_tunnel_ports {
	__u16 vxlan[WEFT_TUNNEL_PORTS_MAX];
	__u16 geneve[WEFT_TUNNEL_PORTS_MAX];
};
/* Port 4789 is assigned to VXLAN; 8472, chosen before the assignment, is the default of Linux. */
#define WEFT_VXLAN_PORTS   \
	{                  \
		4789, 8472 \
	}
#define WEFT_GENEVE_PORTS \
	{                 \
		6081      \
	}
#define WEFT_TUNNEL_PORTS_DEFAULT                                      \
	{                                                              \
		.vxlan = WEFT_VXLAN_PORTS, .geneve = WEFT_GENEVE_PORTS \
	}

/* Metadata in front of each steered frame, written after bpf_xdp_adjust_meta(). */
struct weft_frame_meta {
	__u64 time_ns; /* CLOCK_MONOTONIC, at most one tick behind */
	__u32 hash;    /* weft_hash_flow() of the flow; a fragment has the hash of its datagram */
	__u32 policy;  /* weft_policy of the program */
};

/*
 * Head of a record in a worker's ring buffers of host mode. The bytes of the packet follow as they
 * were at the tc hook, so a packet of several segments (GSO) is one record.
 */
struct weft_host_record {
	__u64 time_ns;	  /* CLOCK_MONOTONIC, at most one tick behind */
	__u32 hash;	  /* as in struct weft_frame_meta; valid with WEFT_HOST_HASHED */
	__u32 cap_bytes;  /* number of bytes that follow */
	__u32 wire_bytes; /* length of the packet, >= cap_bytes */
	__u16 flags;	  /* WEFT_HOST_* */
	__u16 link;	  /* enum weft_link: type of the first header */
	/* [0]: outer VLAN id, if the kernel removed that tag from the packet; 0: none. [1]: 0 */
	__u16 vlan[2];
	__u32 policy; /* weft_policy of the program */
	/*
	 * In a record of the first ring: number of records that were put into the worker's overflow
	 * ring before this one.
	 */
	__u64 overflowed;
};
/* this host sent the packet; its checksums may be incomplete */
#define WEFT_HOST_EGRESS (1u << 0)
#define WEFT_HOST_HASHED (1u << 1) /* hash is set */
/* the packet holds several segments: its IP length may be 0, its checksums are not valid */
#define WEFT_HOST_GSO	 (1u << 2)

/* Counters of a kernel program. Each frame is counted as seen and in one outcome. */
struct weft_kernel_counts {
#define X_KERNEL(role, field, name, family, labels, help) __u64 field;
#include "bpf/counters.def"
};

/* Per-CPU state of a kernel program. The last three members are refreshed at most once per tick. */
struct weft_cpu {
	struct weft_kernel_counts counts;
	__u64 tick;    /* jiffies at the last refresh */
	__u64 tick_ns; /* CLOCK_MONOTONIC at the last refresh */
	__u64 number;  /* index of this CPU */
};

/* Age at which the heartbeat is stale. The agent writes the heartbeat every WF_COUNT_MOVER_MS. */
#define WEFT_HEARTBEAT_STALE_NS 2000000000ull

/*
 * The filter maps hold two sets. User space writes a new filter into the set that is not in use,
 * and then selects that set with one store of the member word.
 */
struct weft_filter {
	__u64 word; /* low 32 bits: @limit of weft_hash_is_sampled(); high bits: WEFT_FILTER_* */
};
/* the set lists ports; a segment without a listed port is unwanted */
#define WEFT_FILTER_PORTS (1ull << 32)
/* the set has allowed prefixes; a segment without an allowed address is unwanted */
#define WEFT_FILTER_ALLOW (1ull << 33)
/* the set has denied prefixes; a segment with a denied address is unwanted */
#define WEFT_FILTER_DENY  (1ull << 34)
#define WEFT_FILTER_SET	  (1ull << 35) /* index of the set in use: 0 or 1 */

/* Key of the prefix tries. */
struct weft_prefix_key {
	__u32 bits; /* 32, the length of @set, plus the prefix length of @addr */
	__u32 set;  /* set that the prefix belongs to: 0 or 1 */
	__u8 addr[16];
};

#define WEFT_PORT_WORDS 1024 /* number of 64-bit words per set; each port has one bit */

/*
 * The first bytes of a frame in which the kernel program found no TCP. User space looks in these
 * frames for headers that the kernel program does not parse, such as tunnels on unusual ports. A
 * sample may be overwritten while it is read.
 */
struct weft_sample {
	__u32 frame_bytes;
	__u32 cap_bytes; /* number of bytes in @bytes; 0: no sample yet */
	__u8 bytes[248];
};
#define WEFT_SAMPLES	  32 /* number of samples; new samples overwrite older ones */
#define WEFT_SAMPLE_EVERY 16 /* each CPU keeps one of this number of frames without TCP */

_Static_assert(sizeof(struct weft_flow_key) == 44, "keys are compared as bytes: no padding");
_Static_assert(sizeof(struct weft_flow_value) == 96,
	       "64 bytes, and 32 bytes for bypassed segments");
_Static_assert(sizeof(struct weft_handshake) == 192, "three cache lines");
_Static_assert(__builtin_offsetof(struct weft_handshake, value) == 64,
	       "value begins the second cache line");
_Static_assert(sizeof(struct weft_hot_flow) == 128, "two cache lines");
_Static_assert(__builtin_offsetof(struct weft_hot_flow, first_ns) == 64,
	       "first_ns begins the second cache line");
_Static_assert(sizeof(struct weft_verdict_request) == 88, "the kernel checks the context's size");
_Static_assert(sizeof(struct weft_frame_meta) == 16, "XDP metadata: a multiple of 4, at most 32");
_Static_assert(sizeof(struct weft_host_record) == 40, "records are aligned to 8 bytes");
_Static_assert(sizeof(struct weft_prefix_key) == 24, "the trie compares all bytes: no padding");

#endif
