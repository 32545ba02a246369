// SPDX-License-Identifier: GPL-2.0-only
/*
 * host.bpf.c - host mode: the tc program, attached at ingress and at egress, copies each packet
 * with a wanted TCP segment into a ring buffer of the worker that owns its flow. The packet itself
 * continues unchanged.
 *
 *   parse → hash → filter → flow map → copy into the ring → wake the worker if it sleeps
 *
 * A fragment of an IP datagram is copied if its addresses are wanted. A packet of several segments
 * (GSO) is copied as one record. Each packet is counted as seen and in one outcome.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "bpf/clock.h"
#include "bpf/common.h"
#include "bpf/count.h"
#include "bpf/decide.h"
#include "bpf/heartbeat.h"
#include "bpf/host_ring.h"
#include "bpf/packet_memory.h"
#include "bpf/parse.h"
#include "bpf/sample.h"
#include "bpf/walk.h"

/*
 * Maximum number of bytes that bpf_skb_pull_data() moves to the linear part of the socket buffer if
 * the headers do not end within that part.
 */
#define HEADERS_BYTES 512

const volatile __u32 weft_workers = 1;
const volatile __u32 weft_link_bytes = ETH_HLEN; /* 0: packets begin with the IP header */

/*
 * Call walk_step(). The function is global, so that the verifier checks it once, not once per
 * iteration.
 */
__noinline int weft_walk(struct __sk_buff *skb, struct packet *packet, int next)
{
	struct cursor cur = {
		.start = (void *)(long)skb->data,
		.end = (void *)(long)skb->data_end,
	};

	if (!packet)
		return PARSE_OTHER;
	return walk_step(&cur, packet, next);
}

/*
 * The network stack keeps the outer VLAN tag in the socket buffer, not in the packet. Return: its
 * VLAN id; 0 if there is no tag, or if VLAN ids are not part of the flow key.
 */
static __always_inline __u16 outer_vlan(const struct __sk_buff *skb)
{
	return skb->vlan_present && !weft_ignore_vlan ? skb->vlan_tci & 0xfff : 0;
}

static __always_inline int parse_link(struct cursor *cur, struct packet *packet)
{
	return weft_link_bytes ? parse_plain(cur, packet, parse_ethernet(cur, packet)) : NEXT_IP;
}

static __always_inline int parse(struct __sk_buff *skb, struct packet *packet)
{
	struct cursor cur = {
		.start = (void *)(long)skb->data,
		.end = (void *)(long)skb->data_end,
	};
	int next;

	__builtin_memset(packet, 0, sizeof(*packet));
	packet->vlan[0] = outer_vlan(skb);
	packet->tags = packet->vlan[0] ? 1 : 0;
	next = parse_link(&cur, packet);
#pragma clang loop unroll(disable)
	for (int i = 0; i < WALK_STEPS_MAX && next >= NEXT_ETHERNET; i++)
		next = weft_walk(skb, packet, next);
	return next;
}

/* Return: 1 if common_ipv4() or common_ipv6() could parse the packet, and *packet was set. */
static __always_inline int parse_common(const struct __sk_buff *skb, struct packet *packet)
{
	const void *start = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (!common_ipv4(start, end, weft_link_bytes, packet) &&
	    !common_ipv6(start, end, weft_link_bytes, packet))
		return 0;
	packet->vlan[0] = outer_vlan(skb);
	return 1;
}

/*
 * Parse any headers. Those of a packet that does not come from the host's own TCP may lie outside
 * the linear part of the socket buffer. Return: PARSE_*; NEXT_* if there are too many headers.
 */
static __always_inline int parse_all(struct __sk_buff *skb, struct packet *packet)
{
	__u32 bytes = skb->len < HEADERS_BYTES ? skb->len : HEADERS_BYTES;
	int parsed;

	if (parse_common(skb, packet))
		return PARSE_TCP;
	parsed = parse(skb, packet);
	if (parsed != PARSE_SHORT || bpf_skb_pull_data(skb, bytes))
		return parsed;
	return parse(skb, packet);
}

static __always_inline void copy(struct __sk_buff *skb, struct weft_cpu *cpu, __u32 hash)
{
	__u32 worker = weft_hash_worker(hash, weft_workers);

	switch (weft_copy(skb, cpu->tick_ns, hash, worker)) {
	case COPIED:
		cpu->counts.copied++;
		break;
	case COPY_RING_FULL:
		cpu->counts.ring_full++;
		count_ring_full(worker);
		break;
	default:
		cpu->counts.failed++;
	}
}

static __always_inline void handle_segment(struct __sk_buff *skb, struct weft_cpu *cpu,
					   struct packet *packet)
{
	__u64 epoch = weft_hot_epoch;
	struct hashes hashes = hash_packet(packet);
	__u32 hash = weft_hash_fold(hashes.flow);
	struct weft_hot_flow *slot;
	__u32 verdict;

	/* The IP header cannot hold the length of a packet of more than 64 KiB (BIG TCP). */
	if (skb->len > WEFT_IP_BYTES_MAX + weft_link_bytes)
		packet->ip_bytes = skb->len - weft_link_bytes;
	clock_update(cpu);
	verdict = decide_hot(cpu, packet, &hashes, epoch, &slot);
	if (verdict == HOT_MISS)
		verdict = may_be_wanted(packet, hash) ? judge(slot, cpu, packet, hashes.flow, epoch,
							      weft_hash_worker(hash, weft_workers))
						      : UNWANTED;
	if (verdict == WEFT_VERDICT_STEER)
		copy(skb, cpu, hash);
	else
		count_left_out(cpu, packet, verdict);
}

static __always_inline void handle_fragment(struct __sk_buff *skb, struct weft_cpu *cpu,
					    const struct packet *packet)
{
	__u32 hash = weft_hash_fold(hash_packet(packet).flow);

	if (!is_fragment_wanted(packet)) {
		cpu->counts.filtered++;
		return;
	}
	clock_update(cpu);
	copy(skb, cpu, hash);
}

/* Count a packet without TCP; keep the first bytes of one in WEFT_SAMPLE_EVERY of them. */
static __noinline void pass(struct __sk_buff *skb, struct weft_cpu *cpu)
{
	__u64 passed = cpu->counts.passed++;
	struct weft_sample *sample;
	__u32 bytes;

	if (!sample_is_due(passed))
		return;
	sample = sample_for(passed);
	sample->frame_bytes = skb->len;
	bytes = sample_bytes(sample->frame_bytes);
	if (bytes >= SAMPLE_BYTES_MIN && !bpf_skb_load_bytes(skb, 0, sample->bytes, bytes))
		sample->cap_bytes = bytes;
}

SEC("tc")
int weft_host(struct __sk_buff *skb)
{
	struct weft_cpu *cpu = this_cpu();
	struct packet *packet = packet_in_memory();

	if (!cpu || !packet)
		return TC_ACT_UNSPEC;
	cpu->counts.seen++;
	if (!is_agent_alive()) {
		cpu->counts.stale++;
		return TC_ACT_UNSPEC;
	}
	switch (parse_all(skb, packet)) {
	case PARSE_TCP:
		handle_segment(skb, cpu, packet);
		break;
	case PARSE_FRAGMENT:
		handle_fragment(skb, cpu, packet);
		break;
	default:
		pass(skb, cpu);
	}
	return TC_ACT_UNSPEC;
}

char weft_license[] SEC("license") = "GPL";
