/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_ring.h - copies a packet into a worker's BPF ring buffers.
 *
 * Each worker has two rings. The first ring is small enough to stay in the processor's caches: its
 * memory is written again every few milliseconds. If it is full, records are put into the overflow
 * ring, which is large enough for the time that a worker may not run. A copy into the cache takes
 * about half the time of one into a ring of 64 MiB. Each record of the first ring says how many
 * records were put into the overflow ring before it, so the reader keeps the order.
 *
 * The verifier requires a constant size for a reservation. Therefore records have about 20 sizes,
 * and the smallest one that holds the packet is reserved. Together with the header that the ring
 * adds, each size is a multiple of a cache line, so that records begin at a cache line: a segment
 * without data uses two lines instead of three. The unused end of a record is not written, so it
 * costs no cache misses. bpf_ringbuf_output() could reserve any size, but would copy each packet
 * twice, because its source must be linear memory.
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
#define CACHE_LINE_BYTES  64

const volatile __u32 weft_link;	     /* enum weft_link */
const volatile __u32 weft_sends_all; /* 1: this host sent all packets (loopback device) */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* set to the number of workers before load */
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_RINGBUF);
			__uint(max_entries, 65536);
		});
} weft_rings SEC(".maps"), weft_overflow_rings SEC(".maps");

/* For each worker: number of records that were put into its overflow ring. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set to the number of workers before load */
	__type(key, __u32);
	__type(value, __u64);
} weft_overflowed SEC(".maps");

/* For each worker: number of packets lost because both rings were full. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set to the number of workers before load */
	__type(key, __u32);
	__type(value, __u64);
} weft_ring_full SEC(".maps");

enum copy_result {
	COPIED = 0,
	COPY_RING_FULL,
	COPY_FAILED, /* the packet exceeds the largest record, or could not be read; or no ring */
};

/* The rings of one worker. */
struct rings {
	void *first;
	void *overflow;
	__u64 *overflowed; /* element of weft_overflowed */
};

static __always_inline void count_ring_full(__u32 worker)
{
	__u64 *full = bpf_map_lookup_elem(&weft_ring_full, &worker);

	if (full)
		__sync_fetch_and_add(full, 1);
}

/*
 * Copy @head and the packet into a new record. @last: index of the packet's last byte.
 * @record_bytes: size of the record, a constant, which holds both.
 */
static __always_inline int copy_class(struct __sk_buff *skb, const struct rings *rings,
				      const struct weft_host_record *head, __u32 last,
				      const __u32 record_bytes)
{
	struct weft_host_record *record = bpf_ringbuf_reserve(rings->first, record_bytes, 0);

	if (!record) {
		record = bpf_ringbuf_reserve(rings->overflow, record_bytes, 0);
		if (!record)
			return COPY_RING_FULL;
		/*
		 * The record is counted after the reservation, so that the reader finds as many
		 * records as are counted.
		 */
		__sync_fetch_and_add(rings->overflowed, 1);
	}
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
 * Return the result of copy_class() if a record that fills @lines cache lines holds the packet. The
 * barrier keeps the compiler from merging the comparisons, whose bounds the verifier needs. The
 * code compares the index of the last byte instead of the length: old verifiers see that `last + 1`
 * is above 0, but do not conclude it from comparisons of a length.
 */
#define TRY_LINES(lines)                                                           \
	do {                                                                       \
		const __u32 bytes = (lines)*CACHE_LINE_BYTES - BPF_RINGBUF_HDR_SZ; \
		asm volatile("" : "+r"(last));                                     \
		if (last < bytes - sizeof(*head))                                  \
			return copy_class(skb, rings, head, last, bytes);          \
	} while (0)

/*
 * Copy @head and the packet into the smallest record that holds both. A packet is at most as long
 * as the GSO limit of its device, which is at most 512 KiB (GSO_MAX_SIZE in the kernel), plus
 * headers. Return: enum copy_result.
 */
static __always_inline int copy_record(struct __sk_buff *skb, const struct rings *rings,
				       const struct weft_host_record *head)
{
	__u32 last = head->cap_bytes - 1; /* fits in no class if the packet is empty */

	TRY_LINES(2);
	TRY_LINES(3);
	TRY_LINES(4);
	TRY_LINES(8);
	TRY_LINES(16);
	TRY_LINES(25);
	TRY_LINES(32);
	TRY_LINES(48);
	TRY_LINES(64);
	TRY_LINES(96);
	TRY_LINES(144);
	TRY_LINES(192);
	TRY_LINES(256);
	TRY_LINES(384);
	TRY_LINES(512);
	TRY_LINES(768);
	TRY_LINES(1028);
	TRY_LINES(2052);
	TRY_LINES(4100);
	TRY_LINES(8196);
	return COPY_FAILED;
}
#undef TRY_LINES

static __always_inline __u16 record_flags(const struct __sk_buff *skb)
{
	__u16 flags = WEFT_HOST_HASHED;

	/*
	 * ingress_ifindex is the packet's present device only if the packet was received there; it
	 * is 0 or another device if this host sends the packet.
	 */
	if (weft_sends_all || skb->ingress_ifindex != skb->ifindex)
		flags |= WEFT_HOST_EGRESS;
	return skb->gso_size ? flags | WEFT_HOST_GSO : flags;
}

/*
 * Copy the packet into a ring of @worker. Return: enum copy_result. The function is global, so
 * that the verifier checks it once, independent of its callers.
 */
__noinline int weft_copy(struct __sk_buff *skb, __u64 now_ns, __u32 hash, __u32 worker)
{
	const struct rings rings = {
		.first = bpf_map_lookup_elem(&weft_rings, &worker),
		.overflow = bpf_map_lookup_elem(&weft_overflow_rings, &worker),
		.overflowed = bpf_map_lookup_elem(&weft_overflowed, &worker),
	};
	struct weft_host_record head = {
		.time_ns = now_ns,
		.hash = hash,
		.cap_bytes = skb->len,
		.wire_bytes = skb->len,
		.flags = record_flags(skb),
		.link = weft_link,
		.policy = weft_policy,
	};

	if (!rings.first || !rings.overflow || !rings.overflowed)
		return COPY_FAILED;
	head.overflowed = *rings.overflowed;
	if (skb->vlan_present)
		head.vlan[0] = skb->vlan_tci & 0xfff;
	return copy_record(skb, &rings, &head);
}

#endif
