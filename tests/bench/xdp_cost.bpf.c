// SPDX-License-Identifier: GPL-2.0-only
/*
 * xdp_cost.bpf.c - programs with which the steering program is compared, and its parts as separate
 * programs.
 *
 * BPF_PROG_RUN repeats cost_run. cost_run removes the metadata of the previous run, because frames
 * from a driver have no metadata, and jumps to the measured program. If cost_flow_count is above 1,
 * the runs use that number of flows in turn: cost_run changes the source of the frame (IPv4 without
 * options). cost_empty does nothing and measures the cost of a run itself, which all other figures
 * contain.
 *
 * cost_minimal is the smallest program that sends both directions of a connection to one worker: it
 * checks bounds, reads Ethernet, IPv4 or IPv6 and TCP ports, computes a symmetric hash of the
 * 4-tuple, and redirects to the socket of the worker that the hash chooses. It supports no tags,
 * tunnels, fragments or extension headers, and has no filter, flow map, counters, time stamp or
 * metadata.
 *
 * Each other program is one part of the steering program.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/hash.h"
#include "bpf/shared.h"

const volatile struct weft_hash_secret cost_secret;
const volatile __u32 cost_workers = 1;
const volatile struct weft_flow_key cost_key;
const volatile __u32 cost_flow_count = 1;

__u32 cost_turn;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cost_program SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cost_xsks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct weft_flow_key);
	__type(value, struct weft_flow_value);
} cost_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} cost_sum SEC(".maps");

static __always_inline void change_flow(struct xdp_md *ctx)
{
	struct iphdr *ip = (void *)(long)ctx->data + sizeof(struct ethhdr);
	struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end)
		return;
	cost_turn = cost_turn + 1 < cost_flow_count ? cost_turn + 1 : 0;
	ip->saddr = bpf_htonl(0x0b000000u + (cost_turn >> 12));
	tcp->source = bpf_htons(1024 + (cost_turn & 0xfff));
}

SEC("xdp.frags")
int cost_run(struct xdp_md *ctx)
{
	bpf_xdp_adjust_meta(ctx, (int)(ctx->data - ctx->data_meta));
	if (cost_flow_count > 1)
		change_flow(ctx);
	bpf_tail_call(ctx, &cost_program, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int cost_empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

static __always_inline int redirect(struct xdp_md *ctx, __u64 a, __u64 b)
{
	struct weft_hash_secret secret = {
		.key = {cost_secret.key[0], cost_secret.key[1], cost_secret.key[2],
			cost_secret.key[3]},
	};
	__u32 hash = weft_hash_flow(&secret, a, b, 0);

	return bpf_redirect_map(&cost_xsks,
				ctx->rx_queue_index * cost_workers +
					weft_hash_worker(hash, cost_workers),
				XDP_PASS);
}

static __always_inline __u64 mix(const void *addr, __u32 words, __be16 port)
{
	const __u32 *word = addr;
	__u64 value = (__u64)port << 32 | word[0];

	value = weft_hash_mix_low(value, cost_secret.key[0]);
	if (words == 4) {
		value = weft_hash_mix_low(value + word[1], cost_secret.key[1]);
		value = weft_hash_mix_low(value + ((__u64)word[2] << 32 | word[3]),
					  cost_secret.key[2]);
	}
	return value;
}

SEC("xdp.frags")
int cost_minimal(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct tcphdr *tcp;

	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		tcp = (void *)ip + ip->ihl * 4;
		if (ip->protocol != IPPROTO_TCP || (void *)(tcp + 1) > end)
			return XDP_PASS;
		return redirect(ctx, mix(&ip->saddr, 1, tcp->source),
				mix(&ip->daddr, 1, tcp->dest));
	}
	tcp = (void *)(ip6 + 1);
	if (eth->h_proto != bpf_htons(ETH_P_IPV6) || (void *)(tcp + 1) > end ||
	    ip6->nexthdr != IPPROTO_TCP)
		return XDP_PASS;
	return redirect(ctx, mix(&ip6->saddr, 4, tcp->source), mix(&ip6->daddr, 4, tcp->dest));
}

SEC("xdp.frags")
int cost_clock(struct xdp_md *ctx)
{
	return bpf_ktime_get_ns() ? XDP_PASS : XDP_ABORTED;
}

SEC("xdp.frags")
int cost_meta(struct xdp_md *ctx)
{
	struct weft_frame_meta *meta;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return XDP_ABORTED;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return XDP_ABORTED;
	meta->hash = 1;
	return XDP_PASS;
}

SEC("xdp.frags")
int cost_redirect(struct xdp_md *ctx)
{
	return bpf_redirect_map(&cost_xsks, 0, XDP_PASS);
}

SEC("xdp.frags")
int cost_flow(struct xdp_md *ctx)
{
	struct weft_flow_key key = *(const struct weft_flow_key *)&cost_key;

	return bpf_map_lookup_elem(&cost_flows, &key) ? XDP_PASS : XDP_ABORTED;
}

SEC("xdp.frags")
int cost_count(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *sum = bpf_map_lookup_elem(&cost_sum, &zero);

	if (!sum)
		return XDP_ABORTED;
	(*sum)++;
	return XDP_PASS;
}

char cost_license[] SEC("license") = "GPL";
