// SPDX-License-Identifier: GPL-2.0-only
/*
 * steer.bpf.c - XDP: picks TCP segments and steers each to the worker that owns its flow.
 *
 *   parse → hash → filter → per-flow map → metadata in front → redirect to slot (queue, worker)
 *
 * The short way, that nearly all segments go, is inline and makes no call before the metadata:
 * common headers, and a hot flow's slot, which stands for filter and flow map. Frames with other
 * headers go through steer_uncommon(), segments of flows without a slot through judge().
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
#include "bpf/common.h"
#include "bpf/count.h"
#include "bpf/filter.h"
#include "bpf/flow_hash.h"
#include "bpf/flow_map.h"
#include "bpf/hot_steer.h"
#include "bpf/parse.h"
#include "bpf/walk.h"

const volatile __u32 weft_workers = 1;
const volatile __u32 weft_by_queue; /* each queue has one socket, of worker queue % weft_workers */
const volatile __u32 weft_frame_max_bytes = 0xffffffff; /* longer: no room in a frame */
const volatile __u32 weft_one_buffer; /* before Linux 6.6, packets in several can't be redirected */
const volatile __u32 weft_otherwise = XDP_PASS;
const volatile __u32 weft_has_own; /* frames from weft_own_mac are this host's */
const volatile __u8 weft_own_mac[6];

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1); /* queues, or queues * workers; set before load */
	__type(key, __u32);
	__type(value, __u32);
} weft_xsks SEC(".maps");

#define UNWANTED 0xfffffffeu /* beside enum weft_verdict: the filter does not let it pass */

/* A place for what is not in registers: the stack of three functions is too small. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
} weft_packet SEC(".maps");

static __always_inline struct packet *packet_in_memory(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&weft_packet, &zero);
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

	if (weft_one_buffer && bpf_xdp_get_buff_len(ctx) != first_bytes)
		return 1;
	if (packet->ip_bytes && packet->ip_end <= first_bytes)
		return first_bytes > weft_frame_max_bytes;
	return bpf_xdp_get_buff_len(ctx) > weft_frame_max_bytes;
}

static __always_inline __u32 worker_of(__u32 queue, __u32 hash)
{
	return weft_by_queue ? queue % weft_workers : weft_hash_worker(hash, weft_workers);
}

static __always_inline __u32 slot_of(__u32 queue, __u32 hash)
{
	return weft_by_queue ? queue : queue * weft_workers + weft_hash_worker(hash, weft_workers);
}

static __always_inline int steer(struct xdp_md *ctx, struct weft_cpu *cpu,
				 const struct packet *packet, __u32 hash)
{
	__u32 slot = slot_of(ctx->rx_queue_index, hash);
	int action;

	if (is_too_long(ctx, packet) || !put_meta(ctx, cpu->tick_ns, hash))
		goto unsteered;
	action = bpf_redirect_map(&weft_xsks, slot, 0);
	if (action != XDP_REDIRECT)
		goto unsteered;
	cpu->counts.steered++;
	return action;

unsteered:
	cpu->counts.unsteered++;
	return weft_otherwise;
}

static __always_inline int filtered(struct weft_cpu *cpu)
{
	cpu->counts.filtered++;
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

static __always_inline int parse(struct xdp_md *ctx, struct packet *packet)
{
	struct cursor cur = {
		.start = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};
	int next = parse_plain(&cur, packet);

#pragma clang loop unroll(disable)
	for (int i = 0; i < WALK_STEPS_MAX && next >= NEXT_ETHERNET; i++)
		next = weft_walk(ctx, packet, next);
	return next;
}

/* What becomes of a segment that no slot could count: enum weft_verdict, or UNWANTED. */
static __always_inline __u32 judge(struct weft_hot_flow *slot, const struct weft_cpu *cpu,
				   struct xdp_md *ctx, const struct packet *packet, __u64 long_hash,
				   __u64 epoch)
{
	__u32 hash = weft_hash_fold(long_hash);
	__u64 filter = filter_now();

	/* All of it, by one word: that of the first look may be the one before. */
	if (!is_wanted(packet, 0, filter) || !is_sampled(hash, filter))
		return UNWANTED;
	return hot_miss(slot, cpu, packet, long_hash, epoch, worker_of(ctx->rx_queue_index, hash));
}

/* Parsed again, into memory: what is in registers then need not be kept for us. */
static __noinline __u32 judge_common(struct weft_hot_flow *slot, const struct weft_cpu *cpu,
				     struct xdp_md *ctx, __u64 long_hash, __u64 epoch)
{
	struct packet *packet = packet_in_memory();

	if (!packet || !(common_ipv4(ctx, packet) || common_ipv6(ctx, packet)))
		return UNWANTED; /* never: it has been parsed before */
	return judge(slot, cpu, ctx, packet, long_hash, epoch);
}

static __always_inline int steer_segment(struct xdp_md *ctx, struct weft_cpu *cpu,
					 const struct packet *packet, int is_common)
{
	__u64 epoch = weft_hot_epoch;
	struct hashes hashes = hash_packet(packet);
	__u32 hash = weft_hash_fold(hashes.flow);
	struct weft_hot_flow *slot;
	__u32 verdict;

	clock_update(cpu);
	slot = hot_slot(cpu, epoch, hashes.flow);
	verdict = hot_hit(slot, hashes.flow + epoch, hashes.from, packet, cpu->tick_ns);
	if (__builtin_expect(verdict == HOT_MISS, 0)) {
		slot = hot_beside(slot, cpu, epoch, hashes.flow);
		verdict = hot_hit(slot, hashes.flow + epoch, hashes.from, packet, cpu->tick_ns);
	}
	if (__builtin_expect(verdict == HOT_MISS, 0)) {
		__u64 filter = filter_now();

		/* What needs no more than a look: most of what is not wanted ends here. */
		if (!is_port_wanted(packet, filter) || !is_sampled(hash, filter))
			return filtered(cpu);
		verdict = is_common ? judge_common(slot, cpu, ctx, hashes.flow, epoch)
				    : judge(slot, cpu, ctx, packet, hashes.flow, epoch);
	}
	if (__builtin_expect(verdict == WEFT_VERDICT_STEER, 1))
		return steer(ctx, cpu, packet, hash);
	switch (verdict) {
	case WEFT_VERDICT_SHED:
		cpu->counts.shed++;
		return weft_otherwise;
	case UNWANTED:
		return filtered(cpu);
	default:
		cpu->counts.shunted++;
		cpu->counts.shunted_bytes += packet->ip_bytes;
		return weft_otherwise;
	}
}

static __always_inline int steer_fragment(struct xdp_md *ctx, struct weft_cpu *cpu,
					  const struct packet *packet)
{
	__u32 hash = weft_hash_fold(hash_packet(packet).flow);
	__u64 filter = filter_now();

	if (!is_wanted(packet, 1, filter) || !is_sampled(hash, filter))
		return filtered(cpu);
	clock_update(cpu);
	return steer(ctx, cpu, packet, hash);
}

static __noinline int steer_uncommon(struct xdp_md *ctx, struct weft_cpu *cpu)
{
	struct packet *packet = packet_in_memory();

	switch (packet ? parse(ctx, packet) : PARSE_OTHER) {
	case PARSE_TCP:
		return steer_segment(ctx, cpu, packet, 0);
	case PARSE_FRAGMENT:
		return steer_fragment(ctx, cpu, packet);
	default:
		cpu->counts.passed++;
		return weft_otherwise;
	}
}

SEC("xdp.frags")
int weft_steer(struct xdp_md *ctx)
{
	struct weft_cpu *cpu = this_cpu();
	struct packet packet;

	if (!cpu)
		return weft_otherwise;
	cpu->counts.seen++;
	/* Twice inline: neither carries what the other's addresses need. */
	if (common_ipv4(ctx, &packet))
		return steer_segment(ctx, cpu, &packet, 1);
	if (common_ipv6(ctx, &packet))
		return steer_segment(ctx, cpu, &packet, 1);
	return steer_uncommon(ctx, cpu);
}

char weft_license[] SEC("license") = "GPL";
