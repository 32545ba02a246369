// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirror.bpf.c - host mode: the tc program clones wanted segments of both directions into weft's
 * veth pair, whose far end runs steer.bpf.c. The original packet is not changed.
 *
 * The program uses the filter maps of the steering program. An unwanted packet costs the parsing
 * of its headers, and is not cloned.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "bpf/filter.h"
#include "bpf/heartbeat.h"
#include "bpf/parse.h"
#include "bpf/walk.h"

/* Bytes that are made linear if the headers exceed the linear part of the socket buffer. */
#define HEADERS_BYTES 512

const volatile __u32 weft_clone_ifindex;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_mirror_counts);
} weft_mirror_counts SEC(".maps");

/* A global function: the verifier checks it once, not once per iteration. */
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

static __always_inline int parse(struct __sk_buff *skb, struct packet *packet)
{
	struct cursor cur = {
		.start = (void *)(long)skb->data,
		.end = (void *)(long)skb->data_end,
	};
	int next = parse_plain(&cur, packet);

#pragma clang loop unroll(disable)
	for (int i = 0; i < WALK_STEPS_MAX && next >= NEXT_ETHERNET; i++)
		next = weft_walk(skb, packet, next);
	return next;
}

/* Headers are linear in packets of the network stack, but not always in packets of other origin. */
static __always_inline int parse_all(struct __sk_buff *skb, struct packet *packet)
{
	int parsed = parse(skb, packet);
	__u32 bytes = skb->len < HEADERS_BYTES ? skb->len : HEADERS_BYTES;

	if (parsed != PARSE_SHORT || bpf_skb_pull_data(skb, bytes))
		return parsed;
	return parse(skb, packet);
}

SEC("tc")
int weft_mirror(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct weft_mirror_counts *counts = bpf_map_lookup_elem(&weft_mirror_counts, &zero);
	struct packet packet;
	int parsed;

	if (!counts)
		return TC_ACT_UNSPEC;
	counts->seen++;
	if (!is_agent_alive()) {
		counts->stale++;
		return TC_ACT_UNSPEC;
	}

	parsed = parse_all(skb, &packet);
	if (parsed != PARSE_TCP && parsed != PARSE_FRAGMENT)
		counts->unwanted++;
	else if (!is_wanted(&packet, parsed == PARSE_FRAGMENT, filter_now()))
		counts->unwanted++;
	else if (bpf_clone_redirect(skb, weft_clone_ifindex, 0))
		counts->failed++;
	else
		counts->cloned++;
	return TC_ACT_UNSPEC;
}

char weft_license[] SEC("license") = "GPL";
