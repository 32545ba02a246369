// SPDX-License-Identifier: GPL-2.0-only
/*
 * steer.bpf.c - XDP program that steers each wanted TCP segment to the worker of its flow.
 *
 *   parse → hash → filter → flow map → write metadata → redirect to socket (queue, worker)
 *
 * The fast path handles nearly all segments: those with common headers whose flow has a hot-flow
 * slot. The slot replaces the filter and the flow map. The fast path is inline and makes no call
 * before it writes the metadata. steer_uncommon() handles frames with other headers; judge()
 * handles segments that no slot counts.
 *
 * If the NIC's own hash keeps each connection on one queue, a queue has one worker and one socket.
 * The socket's index is then the queue's number, and the hash is used only to find the flow.
 *
 * A frame that is not redirected leaves the program unchanged with weft_otherwise. In tap mode
 * that is XDP_PASS, so the host loses no packet. The far end of host mode's veth pair receives
 * clones only, so there weft_otherwise is XDP_DROP. Each exit of the program is counted once.
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
const volatile __u32 weft_by_queue; /* 1: one socket per queue, of worker queue % weft_workers */
const volatile __u32 weft_frame_max_bytes = 0xffffffff; /* longer frames are not steered */
const volatile __u32 weft_one_buffer; /* 1: frames in several buffers can't be redirected */
const volatile __u32 weft_otherwise = XDP_PASS;
const volatile __u32 weft_has_own; /* 1: frames from weft_own_mac were sent by this host */
const volatile __u8 weft_own_mac[6];

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1); /* queues, or queues * workers; set before load */
	__type(key, __u32);
	__type(value, __u32);
} weft_xsks SEC(".maps");

#define UNWANTED 0xfffffffeu /* the filter excludes the segment; not in enum weft_verdict */

/* Scratch space: struct packet does not fit on the BPF stack of three nested calls. */
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

/* Return WEFT_META_OWN if this host sent the frame, whose checksums the NIC may complete later. */
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

/*
 * Write the metadata in front of the frame. Return: 1 if it was written; 0 if there is no room for
 * it.
 */
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
 * Return 1 if the frame is too long to be steered. bpf_xdp_get_buff_len() is called only if the IP
 * packet does not end within the first buffer, because the call is expensive.
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

/*
 * Call walk_step(). The function is global, so that the verifier checks it once, not once per
 * iteration.
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
	int next = parse_plain(&cur, packet);

#pragma clang loop unroll(disable)
	for (int i = 0; i < WALK_STEPS_MAX && next >= NEXT_ETHERNET; i++)
		next = weft_walk(ctx, packet, next);
	return next;
}

/* Judge a segment that no hot-flow slot counted. Return enum weft_verdict, or UNWANTED. */
static __always_inline __u32 judge(struct weft_hot_flow *slot, const struct weft_cpu *cpu,
				   struct xdp_md *ctx, const struct packet *packet, __u64 long_hash,
				   __u64 epoch)
{
	__u32 hash = weft_hash_fold(long_hash);
	__u64 filter = filter_now();

	/*
	 * All tests use the same filter word, which may be newer than the one that steer_segment()
	 * used.
	 */
	if (!is_wanted(packet, 0, filter) || !is_sampled(hash, filter))
		return UNWANTED;
	return hot_miss(slot, cpu, packet, long_hash, epoch, worker_of(ctx->rx_queue_index, hash));
}

/*
 * Like judge(), but parse the packet again into memory, so that the fast path may keep *packet in
 * registers.
 */
static __noinline __u32 judge_common(struct weft_hot_flow *slot, const struct weft_cpu *cpu,
				     struct xdp_md *ctx, __u64 long_hash, __u64 epoch)
{
	struct packet *packet = packet_in_memory();

	if (!packet || !(common_ipv4(ctx, packet) || common_ipv6(ctx, packet)))
		return UNWANTED; /* unreachable: the packet has been parsed before */
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

		/* These two tests are cheap and exclude most unwanted segments. */
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
	/* Instantiated per IP version, so that each instance needs fewer registers. */
	if (common_ipv4(ctx, &packet))
		return steer_segment(ctx, cpu, &packet, 1);
	if (common_ipv6(ctx, &packet))
		return steer_segment(ctx, cpu, &packet, 1);
	return steer_uncommon(ctx, cpu);
}

char weft_license[] SEC("license") = "GPL";
