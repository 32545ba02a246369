// SPDX-License-Identifier: GPL-2.0-only
/*
 * steer.bpf.c - XDP: picks TCP segments and steers each to the worker that owns its flow.
 *
 *   parse → filter → hash → per-flow map → metadata in front → redirect to slot (queue, worker)
 *
 * Where the NIC's own hash keeps a connection on one queue, a queue has one worker and one socket:
 * then the slot is the queue, and the hash only finds the flow.
 *
 * Whatever is not redirected is left as it was (weft_otherwise: XDP_PASS), so the
 * host never loses a packet to us. On the far end of host mode's own veth there
 * are only clones: there weft_otherwise is XDP_DROP. Each exit is counted once.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "bpf/clock.h"
#include "bpf/count.h"
#include "bpf/filter.h"
#include "bpf/flow_map.h"
#include "bpf/hash.h"
#include "bpf/hot_steer.h"
#include "bpf/parse.h"
#include "bpf/walk.h"

const volatile struct weft_hash_secret weft_secret;
const volatile __u32 weft_workers = 1;
const volatile __u32 weft_by_queue; /* each queue has one socket, of worker queue % weft_workers */
const volatile __u32 weft_frame_max_bytes = 0xffffffff; /* longer: no room in a frame */
const volatile __u32 weft_otherwise = XDP_PASS;
const volatile __u32 weft_has_own; /* frames from weft_own_mac are this host's */
const volatile __u8 weft_own_mac[6];

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1); /* queues, or queues * workers; set before load */
	__type(key, __u32);
	__type(value, __u32);
} weft_xsks SEC(".maps");

static __always_inline __u64 packet_hash(const struct packet *packet)
{
	struct weft_hash_secret secret = {
		.key = {weft_secret.key[0], weft_secret.key[1], weft_secret.key[2],
			weft_secret.key[3]},
	};
	__u64 tenant = weft_hash_tenant(packet->vlan[0], packet->vlan[1], packet->vni);
	const __u64 *a = packet->addr[0];
	const __u64 *b = packet->addr[1];

	return weft_hash_flow_long(&secret,
				   weft_hash_endpoint(&secret, a[0], a[1], packet->port[0]),
				   weft_hash_endpoint(&secret, b[0], b[1], packet->port[1]),
				   tenant ^ packet->fragment_id);
}

/* Is the frame sent by this host, whose checksums the adapter may have to complete? */
static __always_inline __u32 own_flag(const struct xdp_md *ctx)
{
	const __u8 *eth = (void *)(long)ctx->data;

	if (!weft_has_own || (void *)(eth + 14) > (void *)(long)ctx->data_end)
		return 0;
#pragma unroll
	for (int i = 0; i < 6; i++)
		if (eth[6 + i] != weft_own_mac[i])
			return 0;
	return WEFT_META_OWN;
}

static __always_inline int put_meta(struct xdp_md *ctx, __u64 now_ns, __u32 hash)
{
	__u32 flags = own_flag(ctx);
	struct weft_frame_meta *meta;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return 0;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return 0;
	meta->time_ns = now_ns;
	meta->hash = hash;
	meta->flags = flags;
	return 1;
}

/*
 * Asking how long a packet in several buffers is costs a call. One whose IP packet ends in the
 * first buffer lies in that alone.
 */
static __always_inline int is_too_long(struct xdp_md *ctx, const struct packet *packet)
{
	__u32 first_bytes = ctx->data_end - ctx->data;

	if (packet->ip_bytes && packet->ip_end <= first_bytes)
		return first_bytes > weft_frame_max_bytes;
	return bpf_xdp_get_buff_len(ctx) > weft_frame_max_bytes;
}

static __always_inline __u32 worker_of(__u32 queue, __u32 hash)
{
	return weft_by_queue ? queue % weft_workers : weft_hash_worker(hash, weft_workers);
}

static __always_inline __u32 slot_of(__u32 queue, __u32 worker)
{
	return weft_by_queue ? queue : queue * weft_workers + worker;
}

static __always_inline int steer(struct xdp_md *ctx, struct weft_xdp_counts *counts,
				 const struct packet *packet, __u64 now_ns, __u32 hash,
				 __u32 worker)
{
	__u32 slot = slot_of(ctx->rx_queue_index, worker);
	int action;

	if (is_too_long(ctx, packet) || !put_meta(ctx, now_ns, hash))
		goto unsteered;
	action = bpf_redirect_map(&weft_xsks, slot, 0);
	if (action != XDP_REDIRECT)
		goto unsteered;
	counts->steered++;
	return action;

unsteered:
	counts->unsteered++;
	return weft_otherwise;
}

/* Global, so that the verifier looks at it once and not once a turn. */
__noinline int weft_walk(struct xdp_md *ctx, struct packet *packet, int next)
{
	struct cursor cur = {
		.start = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};

	if (!packet)
		return PARSE_OTHER;
	return walk_step(&cur, packet, next);
}

/* On a copy, whose address a call is given: the packet of most frames stays in registers. */
static __always_inline int walk(struct xdp_md *ctx, struct packet *packet, int next)
{
	struct packet deep = *packet;

#pragma clang loop unroll(disable)
	for (int i = 0; i < WALK_STEPS_MAX && next >= NEXT_ETHERNET; i++)
		next = weft_walk(ctx, &deep, next);
	*packet = deep;
	return next;
}

static __always_inline int parse(struct xdp_md *ctx, struct packet *packet)
{
	struct cursor cur = {
		.start = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};
	int next = parse_plain(&cur, packet);

	return next < NEXT_ETHERNET ? next : walk(ctx, packet, next);
}

SEC("xdp.frags")
int weft_steer(struct xdp_md *ctx)
{
	struct weft_cpu *cpu = this_cpu();
	struct packet packet;
	__u32 verdict;
	__u64 now_ns;
	__u64 filter;
	__u64 long_hash;
	__u32 worker;
	__u32 hash;
	int parsed;

	if (!cpu)
		return weft_otherwise;
	cpu->counts.seen++;

	parsed = parse(ctx, &packet);
	if (parsed != PARSE_TCP && parsed != PARSE_FRAGMENT) {
		cpu->counts.passed++;
		return weft_otherwise;
	}
	long_hash = packet_hash(&packet);
	hash = weft_hash_fold(long_hash);
	filter = filter_now();
	if (!is_wanted(&packet, parsed == PARSE_FRAGMENT, filter) || !is_sampled(hash, filter)) {
		cpu->counts.filtered++;
		return weft_otherwise;
	}
	worker = worker_of(ctx->rx_queue_index, hash);
	now_ns = clock_coarse(cpu);
	if (parsed == PARSE_FRAGMENT)
		return steer(ctx, &cpu->counts, &packet, now_ns, hash, worker);
	verdict = hot_verdict(&packet, cpu, now_ns, long_hash, worker);
	switch (verdict) {
	case WEFT_VERDICT_STEER:
		return steer(ctx, &cpu->counts, &packet, now_ns, hash, worker);
	case WEFT_VERDICT_SHED:
		cpu->counts.shed++;
		return weft_otherwise;
	default:
		cpu->counts.shunted++;
		cpu->counts.shunted_bytes += packet.ip_bytes;
		return weft_otherwise;
	}
}

char weft_license[] SEC("license") = "GPL";
