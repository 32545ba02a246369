/* SPDX-License-Identifier: GPL-2.0-only */
/* hot_steer.h - how the XDP and the tc program use the slots of hot_flow.h. */
#ifndef WEFT_BPF_HOT_STEER_H
#define WEFT_BPF_HOT_STEER_H

#include "bpf/flow_hash.h"
#include "bpf/handshake.h"
#include "bpf/hot_flow.h"

/* Maximum number of segments per direction that a slot counts before its counters are moved. */
#define HOT_WAITING_MAX 255

/*
 * Lowest bit: index of the half of each CPU's slots that the programs use. A change of the epoch
 * invalidates all slots, because the tag of a slot is the hash of its flow plus the epoch.
 */
volatile __u64 weft_hot_epoch;

/*
 * A segment of a flow without a slot takes over the slot of another flow with probability
 * 1/HOT_PATIENCE. HOT_PATIENCE is a power of two, because it is used as a bit mask.
 */
#define HOT_PATIENCE 8

#define HOT_MISS 0xffffffffu /* no slot counted the segment; not a value of enum weft_verdict */

/*
 * Count the segment in the slot, and return its verdict. The code has a branch for each direction:
 * a variable index makes the addresses of all counters depend on the direction, which costs more
 * than wrong predictions, also if the directions of successive segments are random.
 */
static __always_inline __u32 hot_count(struct weft_hot_flow *slot, __u32 src,
				       const struct packet *packet)
{
	if (src) {
		slot->packets[1]++;
		slot->bytes[1] += packet->ip_bytes;
		slot->tcp_flags[1] |= packet->tcp_flags;
		return slot->verdict[1];
	}
	slot->packets[0]++;
	slot->bytes[0] += packet->ip_bytes;
	slot->tcp_flags[0] |= packet->tcp_flags;
	return slot->verdict[0];
}

/*
 * Assign the slot to the flow whose entry is @value. Key and tag are written before the verdicts
 * are read: a concurrent weft_set_verdict() either finds the key and clears the tag, or its verdict
 * is read here.
 */
static __always_inline void hot_take(struct weft_hot_flow *slot, __u64 tag, __u64 epoch,
				     const struct weft_flow_key *key,
				     const struct weft_flow_value *value)
{
	slot->key = *key;
	hot_step(&slot->moves, 2);
	slot->tag = tag;
	hot_step(&slot->moves, 2);
	slot->verdict[0] = *(volatile __u16 *)&value->verdict[0];
	slot->verdict[1] = *(volatile __u16 *)&value->verdict[1];
	slot->end = hash_key(key).from;
	slot->worker = value->worker;
	slot->first_ns = value->first_ns;
	slot->epoch = (__u32)epoch;
	slot->last_ns = 0;
}

/*
 * Count the segment in the flow's entry, and return its verdict. If the segment begins a new
 * connection and this changes a verdict, invalidate the slots of all CPUs.
 */
static __always_inline __u32 hot_account(struct weft_flow_value *value, __u32 src,
					 const struct packet *packet, __u64 now_ns, __u32 hash)
{
	__u32 before = (__u32)value->verdict[0] << 16 | value->verdict[1];
	__u32 verdict = flow_account(value, src, packet, now_ns, hash);

	if (before != ((__u32)value->verdict[0] << 16 | value->verdict[1]))
		__sync_fetch_and_add(&weft_hot_epoch, 2);
	return verdict;
}

/* Return 1 if the slot has no flow, a flow of an earlier epoch, or one that has ended. */
static __always_inline int hot_is_free(const struct weft_hot_flow *slot, __u64 epoch)
{
	return !slot->tag || slot->epoch != (__u32)epoch ||
	       (slot->tcp_flags[0] | slot->tcp_flags[1]) & (TCP_FIN | TCP_RST);
}

/*
 * Return 1 if the flow with @tag may use the slot. If there are more flows than slots, flows must
 * not continually take slots from each other: taking a slot costs two look-ups in the flow map, a
 * segment without a slot only one. @chance: number of frames seen on this CPU, which serves as a
 * random number.
 */
static __always_inline int hot_is_for(const struct weft_hot_flow *slot, __u64 tag, __u64 epoch,
				      __u64 chance)
{
	return slot->tag == tag || hot_is_free(slot, epoch) || !(chance & (HOT_PATIENCE - 1));
}

/* Return this CPU's slot for the hash in the half in use; if @beside is 1, the adjacent slot. */
static __always_inline struct weft_hot_flow *hot_lookup(const struct weft_cpu *cpu, __u64 epoch,
							__u64 long_hash, __u32 beside)
{
	__u32 at = hot_at(cpu->number * 2 + (epoch & 1), long_hash, beside);

	return bpf_map_lookup_elem(&weft_hot_flows, &at);
}

/*
 * Return the slot that the flow's hash selects, which another flow may use; NULL if no slots exist.
 */
static __always_inline struct weft_hot_flow *hot_slot(const struct weft_cpu *cpu, __u64 epoch,
						      __u64 long_hash)
{
	return weft_hot_cpus ? hot_lookup(cpu, epoch, long_hash, 0) : 0;
}

/*
 * Return the slot adjacent to @slot if the flow uses it, or if it is free and @slot is not;
 * otherwise @slot.
 */
static __always_inline struct weft_hot_flow *hot_beside(struct weft_hot_flow *slot,
							const struct weft_cpu *cpu, __u64 epoch,
							__u64 long_hash)
{
	__u64 tag = long_hash + epoch;
	struct weft_hot_flow *other;

	if (!slot || slot->tag == tag)
		return slot;
	other = hot_lookup(cpu, epoch, long_hash, 1);
	if (!other)
		return slot;
	if (other->tag == tag || (hot_is_free(other, epoch) && !hot_is_free(slot, epoch)))
		return other;
	return slot;
}

static __always_inline int is_data(const struct packet *packet)
{
	return !(packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST));
}

/*
 * Return 1 if @slot may count a segment that is not data: a FIN or RST of a direction that is
 * steered. A SYN may begin another connection; a FIN or RST of a bypassed direction is steered
 * nevertheless. @from: hash of the segment's source endpoint.
 */
static __always_inline int hot_may_end(const struct weft_hot_flow *slot, __u64 from,
				       const struct packet *packet)
{
	return !(packet->tcp_flags & TCP_SYN) &&
	       slot->verdict[from != slot->end] == WEFT_VERDICT_STEER;
}

/*
 * Count the segment in @slot and return its verdict; return HOT_MISS without counting if @slot is
 * NULL or belongs to another flow, may not count the segment (hot_may_end()), or has counted
 * HOT_WAITING_MAX segments of the direction. @from: hash of the segment's source endpoint.
 */
static __always_inline __u32 hot_hit(struct weft_hot_flow *slot, __u64 tag, __u64 from,
				     const struct packet *packet, __u64 now_ns)
{
	__u32 src;

	if (__builtin_expect(!slot || slot->tag != tag, 0) ||
	    (__builtin_expect(!is_data(packet), 0) && !hot_may_end(slot, from, packet)))
		return HOT_MISS;
	src = from != slot->end;
	if (__builtin_expect((src ? slot->packets[1] : slot->packets[0]) >= HOT_WAITING_MAX, 0))
		return HOT_MISS;
	slot->last_ns = now_ns;
	return hot_count(slot, src, packet);
}

/*
 * Prepare @slot for the flow of the segment, before an entry of the flow map is in use: adding an
 * entry could evict that one. The counters of another flow are moved; hot_settle() moves those of
 * the segment's flow without a look-up. Return: 1 if the flow may take the slot.
 */
static __always_inline int hot_vacate(struct weft_hot_flow *slot, const struct weft_cpu *cpu,
				      const struct packet *packet, __u64 tag, __u64 epoch)
{
	if (slot->tag == tag)
		return 1;
	if (!is_data(packet) || !hot_is_for(slot, tag, epoch, cpu->counts.seen))
		return 0;
	return hot_move(slot);
}

/*
 * Move the counters of @slot, which the segment's flow uses, to the flow's entry @value; if that is
 * NULL, add an entry. Return: 1 if the slot's counters are 0 now.
 */
static __always_inline int hot_settle(struct weft_hot_flow *slot, struct weft_flow_value *value)
{
	if (!value)
		return hot_move(slot);
	if (slot->packets[0] | slot->packets[1])
		hot_move_to(slot, value);
	return 1;
}

/*
 * Return 1 if the flow is unlikely to have many more segments, because one of them had FIN or RST.
 * Its further segments take a slot only with probability 1/HOT_PATIENCE.
 */
static __always_inline int hot_is_over(const struct weft_flow_value *value, __u64 chance)
{
	return (value->tcp_flags[0] | value->tcp_flags[1]) & (TCP_FIN | TCP_RST) &&
	       chance & (HOT_PATIENCE - 1);
}

/* Context of the functions below: the segment, the CPU, and the hashes and the worker of the flow.
 */
struct miss {
	const struct weft_cpu *cpu;
	const struct packet *packet;
	__u64 long_hash;
	__u64 epoch;
	__u32 worker;
	__u32 src; /* direction of the segment, as flow_key() returns it */
};

/*
 * Count a segment with the SYN flag in the slot of its handshake, unless the flow has none but has
 * an entry in the flow map. The flow gives up @slot, which may be NULL. Return: the flow's entry,
 * which has not counted the segment; NULL: *ret_verdict is the segment's verdict.
 */
static __always_inline struct weft_flow_value *hot_syn(struct weft_hot_flow *slot,
						       const struct miss *miss,
						       const struct weft_flow_key *key,
						       __u32 *ret_verdict)
{
	struct weft_handshake *handshake = handshake_find(miss->long_hash);
	struct weft_flow_value *value;

	if (slot && slot->tag == miss->long_hash + miss->epoch) {
		hot_move(slot);
		slot->tag = 0;
	}
	if (!handshake) {
		value = bpf_map_lookup_elem(&weft_flows, key);
		if (value)
			return value;
		handshake = handshake_oldest(miss->long_hash);
	}
	*ret_verdict = handshake_count(handshake, miss->packet, key, miss->src, miss->cpu->tick_ns,
				       miss->long_hash, miss->worker);
	return 0;
}

/*
 * Add an entry that counts the segment to the flow map, for a segment without SYN whose flow has
 * none. The counters and verdicts of its handshake are moved there. Return: 0: *ret_verdict is the
 * segment's verdict; negative errno if another CPU has just added the entry, or it could not be
 * added.
 *
 * The flow takes @slot, which may be NULL, before the entry is added: weft_set_verdict() then finds
 * either no entry, or the entry and the slot. The slot of the handshake stays locked until the
 * entry is added, so that the verdicts in one of the two can be set at any time.
 */
static __always_inline long hot_begin(struct weft_hot_flow *slot, const struct miss *miss,
				      const struct weft_flow_key *key, __u32 *ret_verdict)
{
	__u32 hash = weft_hash_fold(miss->long_hash);
	struct weft_handshake *handshake = handshake_hold(miss->long_hash);
	struct weft_flow_value fresh = fresh_value(miss->cpu->tick_ns, hash, miss->worker);
	long err;

	if (handshake)
		fresh = handshake->value;
	*ret_verdict = flow_account(&fresh, miss->src, miss->packet, miss->cpu->tick_ns, hash);
	if (slot)
		hot_take(slot, miss->long_hash + miss->epoch, miss->epoch, key, &fresh);
	err = bpf_map_update_elem(&weft_flows, key, &fresh, BPF_NOEXIST);
	if (err && slot)
		slot->tag = 0;
	if (handshake) {
		handshake->tag = 0;
		handshake_unlock(handshake);
	}
	return err;
}

/*
 * Look up the entry of a segment without SYN, or add it. Return: the flow's entry, which has not
 * counted the segment; NULL: *ret_verdict is the segment's verdict. The flow takes @slot, which may
 * be NULL, if it may.
 */
static __always_inline struct weft_flow_value *hot_other(struct weft_hot_flow *slot,
							 const struct miss *miss,
							 const struct weft_flow_key *key,
							 __u32 *ret_verdict)
{
	__u64 tag = miss->long_hash + miss->epoch;
	int is_free = slot && hot_vacate(slot, miss->cpu, miss->packet, tag, miss->epoch);
	struct weft_flow_value *value = bpf_map_lookup_elem(&weft_flows, key);

	if (slot && slot->tag == tag) {
		is_free = hot_settle(slot, value);
		slot->tag = 0;
	}
	if (!is_free || !is_data(miss->packet))
		slot = 0;
	if (!value) {
		if (!hot_begin(slot, miss, key, ret_verdict))
			return 0;
		value = bpf_map_lookup_elem(&weft_flows, key);
	} else if (slot && !hot_is_over(value, miss->cpu->counts.seen)) {
		hot_take(slot, tag, miss->epoch, key, value);
	}
	if (!value)
		*ret_verdict = first_verdict(weft_hash_fold(miss->long_hash));
	return value;
}

/*
 * Count a segment in the entry of its flow, because no slot has counted it. Return its verdict. If
 * the flow has no entry and none can be added, the segment is not counted, and its verdict is that
 * of a new flow. If it has no SYN, FIN or RST, its flow may take @slot. @slot: may be NULL.
 */
static __always_inline __u32 hot_miss(struct weft_hot_flow *slot, const struct weft_cpu *cpu,
				      const struct packet *packet, __u64 long_hash, __u64 epoch,
				      __u32 worker)
{
	/* The key is aligned, so that it is written and read in 64-bit words; see map_ipv4(). */
	struct weft_flow_key key __attribute__((aligned(8)));
	const struct miss miss = {
		.cpu = cpu,
		.packet = packet,
		.long_hash = long_hash,
		.epoch = epoch,
		.worker = worker,
		.src = flow_key(packet, &key),
	};
	struct weft_flow_value *value;
	__u32 verdict = WEFT_VERDICT_STEER;

	if (packet->tcp_flags & TCP_SYN)
		value = hot_syn(slot, &miss, &key, &verdict);
	else
		value = hot_other(slot, &miss, &key, &verdict);
	if (!value)
		return verdict;
	return hot_account(value, miss.src, packet, cpu->tick_ns, weft_hash_fold(long_hash));
}

#endif
