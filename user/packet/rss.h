/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rss.h - computes the worker whose queue a NIC selects for a connection.
 *
 * If each queue belongs to one worker, a connection belongs to the worker to whose queue the NIC
 * delivers its segments. Packets that arrive by another path (submitted, rebuilt from fragments,
 * decapsulated, on an unexpected queue) must be assigned to the same worker. Therefore the worker
 * is computed from the key alone, as the NIC computes the queue: a Toeplitz hash over addresses and
 * ports, then an indirection table. If the NIC computes a different queue, segments are passed
 * between workers, which costs time but is correct.
 *
 * Memory: struct wf_rss. Thread: any, after wf_rss_init().
 */
#ifndef WF_PACKET_RSS_H
#define WF_PACKET_RSS_H

#include <stdbool.h>
#include <stdint.h>

struct weft_flow_key;

enum {
	WF_RSS_INPUT_BYTES = 36, /* two IPv6 addresses and two ports */
	WF_RSS_KEY_BYTES = WF_RSS_INPUT_BYTES + 4,
	WF_RSS_ENTRIES_MAX = 4096,
};

/* Combination of source and destination before hashing; see RXH_XFRM_* in the kernel. */
enum wf_rss_input {
	/*
	 * source and destination are not combined; symmetric only if the key repeats every 16 bits
	 */
	WF_RSS_AS_IS = 0,
	WF_RSS_XOR,    /* source a and destination b are hashed as a ^ b and a ^ b */
	WF_RSS_OR_XOR, /* source a and destination b are hashed as a | b and a ^ b */
};

struct wf_rss_opts {
	const uint8_t *key; /* hash key; the first WF_RSS_KEY_BYTES are used */
	enum wf_rss_input input;
	bool ports[2];		 /* true if ports are hashed; [0]: for IPv4, [1]: for IPv6 */
	const uint32_t *entries; /* indirection table: queue = entries[hash % entries_count] */
	uint32_t entries_count;	 /* number of entries, 1 to WF_RSS_ENTRIES_MAX */
	/* number of workers, 1 to WEFT_WORKERS_MAX; queue q belongs to worker q % workers */
	uint32_t workers;
};

struct wf_rss {
	/* table of the hash of 4 input bits, by their position and value */
	uint32_t parts[2 * WF_RSS_INPUT_BYTES][16];
	/* masks that combine source and destination into hash input */
	uint32_t or_mask, xor_mask, second_mask;
	bool ports[2];
	uint32_t entries_count;
	/* by entry of the table: upper 8 bits of a hash with which weft_hash_worker() returns
	 * the worker of the entry's queue */
	uint8_t tops[WF_RSS_ENTRIES_MAX];
};

void wf_rss_init(struct wf_rss *rss, const struct wf_rss_opts *opts);

/* Return the Toeplitz hash of @key, with endpoint 0 as the source. */
uint32_t wf_rss_hash(const struct wf_rss *rss, const struct weft_flow_key *key);

/*
 * Return @hash with its upper bits replaced, so that weft_hash_worker() of the result is the worker
 * whose queue the NIC selects for @key. The function is idempotent.
 */
uint32_t wf_rss_place(const struct wf_rss *rss, const struct weft_flow_key *key, uint32_t hash);

#endif
