// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirror.bpf.c - host mode: tc clones wanted segments of both directions into
 * weft's veth, whose far end runs steer.bpf.c. The original goes its way.
 *
 * Filters with the same maps as the steering program, so that unwanted traffic
 * costs a look at its headers and no clone.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "bpf/filter.h"
#include "bpf/parse.h"

/* Ethernet, two tags, IPv6, an extension header or two, TCP. */
#define HEADERS_BYTES 128

const volatile __u32 weft_clone_ifindex;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_mirror_counts);
} weft_mirror_counts SEC(".maps");

static __always_inline enum parse_result parse_skb(struct __sk_buff *skb, struct packet *packet)
{
	struct cursor cur = {
		.start = (void *)(long)skb->data,
		.end = (void *)(long)skb->data_end,
	};

	return parse_frame(&cur, packet);
}

SEC("tc")
int weft_mirror(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct weft_mirror_counts *counts = bpf_map_lookup_elem(&weft_mirror_counts, &zero);
	enum parse_result parsed;
	struct packet packet;

	if (!counts)
		return TC_ACT_UNSPEC;
	counts->seen++;

	/* Headers may lie in the buffer's pages: bring them to the front, where they can be read.
	 */
	if ((void *)(long)skb->data + HEADERS_BYTES > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, skb->len < HEADERS_BYTES ? skb->len : HEADERS_BYTES);

	parsed = parse_skb(skb, &packet);
	if (parsed == PARSE_OTHER || !is_wanted(&packet, parsed == PARSE_FRAGMENT))
		counts->unwanted++;
	else if (bpf_clone_redirect(skb, weft_clone_ifindex, 0))
		counts->failed++;
	else
		counts->cloned++;
	return TC_ACT_UNSPEC;
}

char weft_license[] SEC("license") = "GPL";
