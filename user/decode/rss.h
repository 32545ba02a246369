/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rss.h - the worker whose queue a NIC's receive-side scaling picks for a connection.
 *
 * Where each queue belongs to one worker, a connection belongs to the worker to whose queue the
 * NIC sends its segments. Packets that arrive another way (submitted, rebuilt from fragments, out
 * of a tunnel, on an unexpected queue) must find the same worker. So the owner is computed here
 * from the key alone, as the NIC computes it: a Toeplitz hash over addresses and ports, and a
 * table of queues. If the NIC computes something else, segments are handed over between workers,
 * which costs time and nothing else.
 *
 * Bound: struct wf_rss. Thread: any once it is made.
 */
#ifndef WF_DECODE_RSS_H
#define WF_DECODE_RSS_H

#include <stdbool.h>
#include <stdint.h>

struct weft_flow_key;

enum {
	WF_RSS_INPUT_BYTES = 36, /* of IPv6: two addresses, two ports */
	WF_RSS_KEY_BYTES = WF_RSS_INPUT_BYTES + 4,
	WF_RSS_ENTRIES_MAX = 4096,
};

/* How source and destination are combined before hashing; see RXH_XFRM_* of the kernel. */
enum wf_rss_input {
	WF_RSS_AS_IS = 0, /* one hash for both directions only if the key repeats itself */
	WF_RSS_XOR,	  /* a ^ b, a ^ b */
	WF_RSS_OR_XOR,	  /* a | b, a ^ b */
};

struct wf_rss_opts {
	const uint8_t *key; /* WF_RSS_KEY_BYTES of it count */
	enum wf_rss_input input;
	bool ports[2];		 /* ports are hashed too: for IPv4, for IPv6 */
	const uint32_t *entries; /* a queue each, by hash modulo their count */
	uint32_t entries_count;	 /* 1 to WF_RSS_ENTRIES_MAX */
	uint32_t workers;	 /* 1 to WEFT_WORKERS_MAX; queue q is of worker q % workers */
};

struct wf_rss {
	uint32_t parts[2 * WF_RSS_INPUT_BYTES][16]; /* of the hash, by place and value of 4 bits */
	uint32_t or_mask, xor_mask,
		second_mask; /* that make the input out of source, destination */
	bool ports[2];
	uint32_t entries_count;
	uint8_t tops[WF_RSS_ENTRIES_MAX]; /* a worker's first hash, its upper 8 bits */
};

void wf_rss_init(struct wf_rss *rss, const struct wf_rss_opts *opts);

/* The Toeplitz hash of @key; endpoint 0 is the source. */
uint32_t wf_rss_hash(const struct wf_rss *rss, const struct weft_flow_key *key);

/*
 * @hash with its upper bits changed, so that weft_hash_worker() of it is the worker whom the NIC
 * gives @key to. Changing it again changes nothing.
 */
uint32_t wf_rss_place(const struct wf_rss *rss, const struct weft_flow_key *key, uint32_t hash);

#endif
