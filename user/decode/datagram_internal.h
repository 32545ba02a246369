/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datagram_internal.h - the fragments of one datagram, in order of their offsets.
 *
 *   0 ├── run ──┤         ├─ run ─┤       ├ end_bytes
 *     [frag][frag]        [frag]
 *
 * A run is what Linux's inet_frag_queue_insert() calls one: neighbours that were each
 * appended at the very end. Two runs may touch.
 *
 * Thread: the worker that owns the defragmenter.
 */
#ifndef WF_DECODE_DATAGRAM_INTERNAL_H
#define WF_DECODE_DATAGRAM_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"
#include "memory/slab.h"

struct wf_frame;
struct wf_page_pool;

/* Compared with memcmp(): no holes. */
struct wf_datagram_key {
	uint8_t addr[2][16]; /* source, destination */
	uint16_t vlan[2];
	uint32_t vni;
	uint32_t id;
	uint8_t proto; /* IPv6: 0, the id alone names the datagram (RFC 8200, 4.5) */
	uint8_t ip_version;
	uint8_t zero[2];
};
_Static_assert(sizeof(struct wf_datagram_key) == 48, "datagram keys are compared as bytes");

/* One fragment held. In a slab. */
struct wf_fragment_held {
	const uint8_t *bytes;
	const uint8_t *header;
	struct wf_page *page; /* one reference, or NULL: mapped file */
	uint32_t next;	      /* by offset; slab id */
	uint32_t off_bytes;
	uint32_t end_bytes;
	uint16_t header_bytes;
	uint16_t next_off;
	uint8_t proto;
	bool begins_run;
};

/* In a slab. */
struct wf_datagram {
	struct wf_datagram_key key;
	uint64_t begin_ns;
	uint32_t hash;
	uint32_t bucket_next;
	uint32_t older; /* by begin; slab ids */
	uint32_t newer;
	uint32_t first; /* fragments by offset; slab ids */
	uint32_t last;
	uint32_t count;
	uint32_t held_bytes; /* of all fragments */
	uint32_t end_bytes;  /* the farthest seen */
	uint8_t ecn_seen;    /* 1u << ECN field, or-ed */
	bool end_is_known;   /* the last fragment came */
	bool not_tcp;	     /* holds nothing: only remembers that none is wanted */
};

enum wf_fragment_verdict {
	WF_FRAGMENT_NEW = 0, /* fits behind *ret_before (WF_SLAB_NONE: in front of all) */
	WF_FRAGMENT_DUPLICATE,
	WF_FRAGMENT_OVERLAP,
};

/* Where do bytes @off .. @end belong? */
enum wf_fragment_verdict wf_datagram_find(const struct wf_datagram *datagram,
					  const struct wf_slab *fragments, uint32_t off,
					  uint32_t end, uint32_t *ret_before);

/* Link the fragment @id behind @before, as wf_datagram_find() told. */
void wf_datagram_insert(struct wf_datagram *datagram, struct wf_slab *fragments, uint32_t before,
			uint32_t id);

static inline bool wf_datagram_is_whole(const struct wf_datagram *datagram)
{
	return datagram->end_is_known && datagram->held_bytes == datagram->end_bytes;
}

/* Put all fragments back. Return: how many there were. */
uint32_t wf_datagram_clear(struct wf_datagram *datagram, struct wf_slab *fragments);

/* May the fragments' ECN fields be those of one datagram? (Linux: ip_frag_ecn_table[]) */
bool wf_datagram_ecn_is_good(const struct wf_datagram *datagram);

/*
 * Put a whole datagram together. Return: 0; -EMSGSIZE: no IP header could tell its
 * length; -ENOBUFS: no page.
 */
int wf_datagram_rebuild(const struct wf_datagram *datagram, const struct wf_slab *fragments,
			struct wf_page_pool *pages, struct wf_frame *ret_frame);

/* Are the fragments in order, apart, and as many as counted? */
bool wf_datagram_is_valid(const struct wf_datagram *datagram, const struct wf_slab *fragments);

#endif
