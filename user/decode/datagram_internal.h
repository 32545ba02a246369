/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datagram_internal.h - the fragments of one datagram, in order of their offsets.
 *
 *   0 ├── run ──┤         ├─ run ─┤       ├ end_bytes
 *     [frag][frag]        [frag]
 *
 * A run is a sequence of adjacent fragments that arrived in this order, each while its predecessor
 * was the held fragment with the highest offset. Linux's inet_frag_queue_insert() defines runs in
 * the same way. Two runs may be adjacent.
 *
 * Thread: the worker or the reader that owns the defragmenter.
 */
#ifndef WF_DECODE_DATAGRAM_INTERNAL_H
#define WF_DECODE_DATAGRAM_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"
#include "memory/slab.h"

struct wf_frame;
struct wf_page_pool;

/* Identifies a datagram. The struct has no padding, because keys are compared with memcmp(). */
struct wf_datagram_key {
	uint8_t addr[2][16]; /* source address, destination address */
	uint16_t vlan[2];
	uint32_t vni;
	uint32_t id;
	uint8_t proto; /* IP protocol; 0 for IPv6, whose key does not include it (RFC 8200, 4.5) */
	uint8_t ip_version;
	uint8_t zero[2];
};
_Static_assert(sizeof(struct wf_datagram_key) == 48, "datagram keys are compared as bytes");

/* One held fragment, stored in a slab. */
struct wf_fragment_held {
	const uint8_t *bytes;
	const uint8_t *header;
	struct wf_page
		*page; /* holds the bytes; one reference owned. NULL: they are not in a page */
	uint32_t next; /* slab id of the fragment with the next higher offset */
	uint32_t off_bytes;
	uint32_t end_bytes;
	uint16_t header_bytes;
	uint16_t next_off;
	uint8_t proto;
	bool begins_run;
};

/* One datagram that is being rebuilt, stored in a slab. */
struct wf_datagram {
	struct wf_datagram_key key;
	uint64_t begin_ns;
	uint32_t hash;
	uint32_t bucket_next;
	uint32_t older; /* slab ids of the next older and the next newer datagram */
	uint32_t newer;
	uint32_t first; /* slab ids of the fragments with the lowest and the highest offset */
	uint32_t last;
	uint32_t count;	     /* number of held fragments */
	uint32_t held_bytes; /* payload bytes of all fragments */
	uint32_t end_bytes;  /* highest payload offset at which a fragment ends */
	uint8_t ecn_seen;    /* bitwise OR of 1u << ECN field of all fragments */
	bool end_is_known;   /* the last fragment was received; end_bytes is final */
	/* the datagram does not carry TCP; its fragments are counted, but not held */
	bool not_tcp;
};

enum wf_fragment_verdict {
	/* no overlap; insert it after *ret_before (WF_SLAB_NONE: as the first fragment) */
	WF_FRAGMENT_NEW = 0,
	WF_FRAGMENT_DUPLICATE,
	WF_FRAGMENT_OVERLAP,
};

/* Compare the range from payload offset @off to @end with the ranges of the held fragments. */
enum wf_fragment_verdict wf_datagram_find(const struct wf_datagram *datagram,
					  const struct wf_slab *fragments, uint32_t off,
					  uint32_t end, uint32_t *ret_before);

/* Insert the fragment @id after @before, which wf_datagram_find() returned. */
void wf_datagram_insert(struct wf_datagram *datagram, struct wf_slab *fragments, uint32_t before,
			uint32_t id);

static inline bool wf_datagram_is_whole(const struct wf_datagram *datagram)
{
	return datagram->end_is_known && datagram->held_bytes == datagram->end_bytes;
}

/* Free all fragments. Return: the number of freed fragments. */
uint32_t wf_datagram_clear(struct wf_datagram *datagram, struct wf_slab *fragments);

/*
 * Return true if the ECN fields of the fragments are a valid combination (Linux:
 * ip_frag_ecn_table[]).
 */
bool wf_datagram_ecn_is_good(const struct wf_datagram *datagram);

/*
 * Rebuild a complete datagram. Return: 0; -EMSGSIZE if its length does not fit in the IP header;
 * -ENOBUFS if no page is free.
 */
int wf_datagram_rebuild(const struct wf_datagram *datagram, const struct wf_slab *fragments,
			struct wf_page_pool *pages, struct wf_frame *ret_frame);

/* Return true if fragments are sorted and do not overlap, and all totals are correct. */
bool wf_datagram_is_valid(const struct wf_datagram *datagram, const struct wf_slab *fragments);

/* Write the key of the datagram to which the fragment in @packet belongs. */
void wf_datagram_key_of(const struct wf_packet *packet, struct wf_datagram_key *ret_key);

#endif
