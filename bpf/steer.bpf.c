// SPDX-License-Identifier: GPL-2.0-only
/*
 * steer.bpf.c - XDP program that steers each wanted TCP segment to the worker of its flow.
 *
 *   parse → hash → filter → flow map → write metadata → redirect to socket (queue, worker)
 *
 * The fast path handles nearly all segments: those with the headers of common.h whose flow has a
 * hot-flow slot. The slot replaces the filter and the flow map. The fast path is inline: it calls
 * helpers of the kernel, but no function of this program. steer_uncommon() handles frames with
 * other headers; judge() handles segments that no slot counts.
 *
 * If the NIC's own hash chooses the worker (weft_by_queue), each queue has one worker and one
 * socket. The index of the socket is then the number of the queue, and the hash of hash.h does not
 * choose the worker.
 *
 * A frame that is not redirected is passed to the host unchanged (XDP_PASS), so the host loses only
 * the steered frames. Each frame is counted as seen and in one outcome.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "bpf/clock.h"
#include "bpf/common.h"
#include "bpf/count.h"
#include "bpf/decide.h"
#include "bpf/packet_memory.h"
#include "bpf/parse.h"
#include "bpf/sample.h"
#include "bpf/walk.h"

const volatile __u32 weft_workers = 1;
/* 1: each queue has one socket, which belongs to the worker with index queue % weft_workers */
const volatile __u32 weft_by_queue;
const volatile __u32 weft_frame_max_bytes = 0xffffffff; /* longer frames are not steered */
const volatile __u32 weft_one_buffer; /* 1: frames in several buffers are not steered */

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	/* user space sets it before load: the number of queues, times workers if not weft_by_queue
	 */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} weft_xsks SEC(".maps");

/*
 * Write the metadata in front of the frame. Return: 1 if it was written; 0 if there is no room for
 * it.
 */
static __always_inline int put_meta(struct xdp_md *ctx, __u64 now_ns, __u32 hash)
{
	struct weft_frame_meta *meta;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return 0;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return 0;
	meta->time_ns = now_ns;
	meta->hash = hash;
	meta->policy = weft_policy;
	return 1;
}

/*
 * Return 1 if the frame is longer than weft_frame_max_bytes, or has several buffers although
 * weft_one_buffer is set. bpf_xdp_get_buff_len() is expensive: without weft_one_buffer, it is
 * called only if the IP header has no length, or the IP packet does not end in the first buffer.
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
	return XDP_PASS;
}

/*
 * Call walk_step(). weft_walk() is a global function, so that the verifier checks it once, not once
 * per iteration of the caller's loop.
 */
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
	int next;

	__builtin_memset(packet, 0, sizeof(*packet));
	next = parse_plain(&cur, packet, parse_ethernet(&cur, packet));
#pragma clang loop unroll(disable)
	for (int i = 0; i < WALK_STEPS_MAX && next >= NEXT_ETHERNET; i++)
		next = weft_walk(ctx, packet, next);
	return next;
}

/*
 * Parse the packet again, into packet_in_memory(), and call judge(). The fast path does not pass
 * its own struct packet to a function, so that the compiler can keep it in registers.
 */
static __noinline __u32 judge_common(struct weft_hot_flow *slot, const struct weft_cpu *cpu,
				     struct xdp_md *ctx, __u64 long_hash, __u64 epoch)
{
	const void *start = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const __u8 *udp = common_udp(start, end);
	__u32 worker = worker_of(ctx->rx_queue_index, weft_hash_fold(long_hash));
	struct packet *packet = packet_in_memory();

	if (!packet || !(common_ipv4(start, end, ETH_HLEN, packet) ||
			 common_ipv6(start, end, ETH_HLEN, packet) ||
			 common_vlan(start, end, packet) || common_vxlan(start, end, udp, packet)))
		return UNWANTED; /* unreachable: the packet has been parsed before */
	return judge(slot, cpu, packet, long_hash, epoch, worker);
}

/* @is_common: 1 if common.h has parsed the packet, which is then in registers. Return: XDP_*. */
static __always_inline int steer_segment(struct xdp_md *ctx, struct weft_cpu *cpu,
					 const struct packet *packet, int is_common)
{
	__u64 epoch = weft_hot_epoch;
	struct hashes hashes = hash_packet(packet);
	__u32 hash = weft_hash_fold(hashes.flow);
	struct weft_hot_flow *slot;
	__u32 verdict;

	clock_update(cpu);
	verdict = decide_hot(cpu, packet, &hashes, epoch, &slot);
	if (__builtin_expect(verdict == HOT_MISS, 0)) {
		if (!may_be_wanted(packet, hash))
			verdict = UNWANTED;
		else if (is_common)
			verdict = judge_common(slot, cpu, ctx, hashes.flow, epoch);
		else
			verdict = judge(slot, cpu, packet, hashes.flow, epoch,
					worker_of(ctx->rx_queue_index, hash));
	}
	if (__builtin_expect(verdict == WEFT_VERDICT_STEER, 1))
		return steer(ctx, cpu, packet, hash);
	count_left_out(cpu, packet, verdict);
	return XDP_PASS;
}

static __always_inline int steer_fragment(struct xdp_md *ctx, struct weft_cpu *cpu,
					  const struct packet *packet)
{
	__u32 hash = weft_hash_fold(hash_packet(packet).flow);

	if (!is_fragment_wanted(packet)) {
		cpu->counts.filtered++;
		return XDP_PASS;
	}
	clock_update(cpu);
	return steer(ctx, cpu, packet, hash);
}

/* Count a frame without TCP; keep the first bytes of one in WEFT_SAMPLE_EVERY of them. */
static __noinline int pass(struct xdp_md *ctx, struct weft_cpu *cpu)
{
	__u64 passed = cpu->counts.passed++;
	struct weft_sample *sample;
	__u32 bytes;

	if (!sample_is_due(passed))
		return XDP_PASS;
	sample = sample_for(passed);
	sample->frame_bytes = bpf_xdp_get_buff_len(ctx);
	bytes = sample_bytes(sample->frame_bytes);
	if (bytes >= SAMPLE_BYTES_MIN && !bpf_xdp_load_bytes(ctx, 0, sample->bytes, bytes))
		sample->cap_bytes = bytes;
	return XDP_PASS;
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
		return pass(ctx, cpu);
	}
}

SEC("xdp.frags")
int weft_steer(struct xdp_md *ctx)
{
	const void *start = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct weft_cpu *cpu = this_cpu();
	struct packet packet;
	const __u8 *udp;

	if (!cpu)
		return XDP_PASS;
	cpu->counts.seen++;
	/*
	 * steer_segment() is instantiated per kind of headers, so that each instance needs fewer
	 * registers.
	 */
	if (common_ipv4(start, end, ETH_HLEN, &packet))
		return steer_segment(ctx, cpu, &packet, 1);
	if (common_ipv6(start, end, ETH_HLEN, &packet))
		return steer_segment(ctx, cpu, &packet, 1);
	udp = common_udp(start, end);
	if (common_is_other(udp))
		return pass(ctx, cpu);
	if (common_vlan(start, end, &packet))
		return steer_segment(ctx, cpu, &packet, 1);
	if (common_vxlan(start, end, udp, &packet))
		return steer_segment(ctx, cpu, &packet, 1);
	return steer_uncommon(ctx, cpu);
}

char weft_license[] SEC("license") = "GPL";
