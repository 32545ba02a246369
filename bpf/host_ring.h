/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_ring.h - copies a packet into a worker's BPF ring buffer, with one copy.
 *
 * The verifier requires a constant size for a reservation, so a record is reserved in the smallest
 * class that holds it. The unused end of the record is not written, so it costs no cache misses.
 * bpf_ringbuf_output() would copy each packet twice, because its source must be linear memory.
 *
 * Records are submitted and discarded with flags 0: the kernel wakes the worker only if the worker
 * has read all earlier records, so a busy worker is not woken (user/capture/ring/host_ring.c).
 */
#ifndef WEFT_BPF_HOST_RING_H
#define WEFT_BPF_HOST_RING_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <weft/link.h>

#include "bpf/shared.h"

#define WEFT_IP_BYTES_MAX 65535 /* largest length in an IP header */

const volatile __u32 weft_link;	     /* enum weft_link */
const volatile __u32 weft_sends_all; /* 1: this host sent all packets (loopback) */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* workers; set before load */
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_RINGBUF);
			__uint(max_entries, 65536);
		});
} weft_rings SEC(".maps");

/* For each ring: number of packets lost because the ring was full. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* workers; set before load */
	__type(key, __u32);
	__type(value, __u64);
} weft_ring_full SEC(".maps");

enum copy_result {
	COPIED = 0,
	COPY_RING_FULL,
	COPY_FAILED, /* the packet is longer than the largest class, or not readable */
};

static __always_inline void count_ring_full(__u32 worker)
{
	__u64 *full = bpf_map_lookup_elem(&weft_ring_full, &worker);

	if (full)
		__sync_fetch_and_add(full, 1);
}

/*
 * Copy the packet into a new record. @last: index of the packet's last byte. @record_bytes: size of
 * the record, a constant; head and packet fit in it.
 */
static __always_inline int copy_class(struct __sk_buff *skb, void *ring,
				      const struct weft_host_record *head, __u32 last,
				      const __u32 record_bytes)
{
	struct weft_host_record *record = bpf_ringbuf_reserve(ring, record_bytes, 0);

	if (!record)
		return COPY_RING_FULL;
	*record = *head;
	/* The compiler must not move the addition of 1 before the comparison that bounds @last. */
	asm volatile("" : "+r"(last));
	if (bpf_skb_load_bytes(skb, 0, record + 1, last + 1)) {
		bpf_ringbuf_discard(record, 0);
		return COPY_FAILED;
	}
	bpf_ringbuf_submit(record, 0);
	return COPIED;
}

/*
 * Return the result of copy_class() if a record of @record_bytes holds the packet. The barrier
 * keeps the compiler from merging the comparisons, whose bounds the verifier needs. Old verifiers
 * do not see from two comparisons that a length is above 0; they see it from `last + 1`.
 */
#define TRY_CLASS(record_bytes)                                                 \
	do {                                                                    \
		asm volatile("" : "+r"(last));                                  \
		if (last < (record_bytes) - sizeof(*head))                      \
			return copy_class(skb, ring, head, last, record_bytes); \
	} while (0)

/*
 * Reserve the smallest class of record that holds the packet, and copy the packet. A packet is at
 * most as long as the GSO limit of its device, which is at most 512 KiB (GSO_MAX_SIZE in the
 * kernel), plus headers. Return: enum copy_result.
 */
static __always_inline int copy_record(struct __sk_buff *skb, void *ring,
				       const struct weft_host_record *head)
{
	__u32 last = head->cap_bytes - 1; /* fits in no class if the packet is empty */

	TRY_CLASS(128);
	TRY_CLASS(256);
	TRY_CLASS(512);
	TRY_CLASS(1024);
	TRY_CLASS(1600);
	TRY_CLASS(2048);
	TRY_CLASS(3072);
	TRY_CLASS(4096);
	TRY_CLASS(6144);
	TRY_CLASS(9216);
	TRY_CLASS(12288);
	TRY_CLASS(16384);
	TRY_CLASS(24576);
	TRY_CLASS(32768);
	TRY_CLASS(49152);
	TRY_CLASS(65792);
	TRY_CLASS(131328);
	TRY_CLASS(262400);
	TRY_CLASS(524544);
	return COPY_FAILED;
}
#undef TRY_CLASS

static __always_inline __u16 record_flags(const struct __sk_buff *skb)
{
	__u16 flags = WEFT_HOST_HASHED;

	/* Received packets have their device as ingress_ifindex; others, 0 or another device. */
	if (weft_sends_all || skb->ingress_ifindex != skb->ifindex)
		flags |= WEFT_HOST_EGRESS;
	return skb->gso_size ? flags | WEFT_HOST_GSO : flags;
}

/*
 * Copy the packet into the ring of @worker. Return: enum copy_result. A global function: the
 * verifier checks it once.
 */
__noinline int weft_copy(struct __sk_buff *skb, __u64 now_ns, __u32 hash, __u32 worker)
{
	void *ring = bpf_map_lookup_elem(&weft_rings, &worker);
	struct weft_host_record head = {
		.time_ns = now_ns,
		.hash = hash,
		.cap_bytes = skb->len,
		.wire_bytes = skb->len,
		.flags = record_flags(skb),
		.link = weft_link,
	};

	if (!ring)
		return COPY_FAILED;
	if (skb->vlan_present)
		head.vlan[0] = skb->vlan_tci & 0xfff;
	return copy_record(skb, ring, &head);
}

#endif
