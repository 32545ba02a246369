// SPDX-License-Identifier: GPL-2.0-only
/*
 * bare.bpf.c - a minimal XDP program for an AF_XDP socket: it redirects every frame.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} bare_xsks SEC(".maps");

__u64 bare_seen;

SEC("xdp")
int weft_bare(struct xdp_md *ctx)
{
	bare_seen++;
	return bpf_redirect_map(&bare_xsks, ctx->rx_queue_index, XDP_PASS);
}

char bare_license[] SEC("license") = "GPL";
