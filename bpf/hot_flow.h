/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hot_flow.h - a small per-CPU cache in front of the flow map, with counters of busy flows.
 *
 * A look-up in the flow map is the most expensive step of a segment. A segment of a flow that has a
 * slot here touches one cache line instead. The slot's counters are moved to the flow map every
 * 256th segment of a direction, when another flow takes the slot, and by user space (see the
 * diagram). A flow uses the slot that its hash selects, or the adjacent slot if another flow uses
 * the first.
 *
 *   user space flips the lowest bit of the epoch ─► XDP uses the other half of each CPU's slots
 *          waits until all programs that began before have ended ─► no CPU uses the first half
 *          moves the counters of the first half of the slots (verdict.bpf.c)
 *
 * Therefore a slot has one writer at any time: its CPU or user space. Segments with SYN, FIN or RST
 * take no slot. The verdicts in a slot are valid until the epoch changes or verdict.bpf.c clears
 * the tag. A flow with a slot has passed the filter: a change of the filter changes the epoch. If
 * the flow map has evicted the flow's entry, the entry is made again with its verdicts.
 */
#ifndef WEFT_BPF_HOT_FLOW_H
#define WEFT_BPF_HOT_FLOW_H

#include "bpf/flow_map.h"
#include "bpf/hash.h"

const volatile __u32 weft_hot_cpus; /* number of CPUs that have slots; 0: no slots are used */
/* number of slots in each half of a CPU's slots */
const volatile __u32 weft_hot_slots = WEFT_HOT_SLOTS_MIN;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	/* user space sets the number before load: 2 * weft_hot_slots per CPU */
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE); /* makes values page-aligned, so cache-line-aligned */
	__type(key, __u32);
	__type(value, struct weft_hot_flow);
} weft_hot_flows SEC(".maps");

/*
 * Return the index of a slot. @half: 2 * CPU index + index of the half of that CPU's slots.
 * @beside: 1 for the adjacent slot.
 */
static __always_inline __u32 hot_at(__u32 half, __u64 hash, __u32 beside)
{
	return half * weft_hot_slots + (((__u32)hash & (weft_hot_slots - 1)) ^ beside);
}

/*
 * Add @by to the slot's count of moves. The instruction returns a value, so it is a full barrier.
 */
static __always_inline void hot_step(__u32 *moves, __u32 by)
{
	__u32 before = __sync_fetch_and_add(moves, by);

	asm volatile("" : : "r"(before));
}

/* Add an entry again that the flow map has evicted. Return the entry; NULL if the map is full. */
static __always_inline struct weft_flow_value *hot_restore(const struct weft_hot_flow *slot)
{
	struct weft_flow_value fresh = {.worker = slot->worker};

	fresh.first_ns = slot->first_ns;
	fresh.verdict[0] = slot->verdict[0];
	fresh.verdict[1] = slot->verdict[1];
	return flow_add(&weft_flows, &slot->key, &fresh);
}

static __always_inline void hot_move_side(struct weft_hot_flow *slot, struct weft_flow_value *value,
					  int i)
{
	if (!slot->packets[i])
		return;
	__sync_fetch_and_add(&value->packets[i], slot->packets[i]);
	__sync_fetch_and_add(&value->bytes[i], slot->bytes[i]);
	value->tcp_flags[i] |= slot->tcp_flags[i];
	if (slot->verdict[i] != WEFT_VERDICT_STEER) {
		__sync_fetch_and_add(&value->kept_packets[i], slot->packets[i]);
		__sync_fetch_and_add(&value->kept_bytes[i], slot->bytes[i]);
	}
	slot->packets[i] = 0;
	slot->bytes[i] = 0;
	slot->tcp_flags[i] = 0;
}

/*
 * Move the slot's counters to the flow map. slot->moves is odd during the move, when the counters
 * may be in both places or in neither, so that other CPUs can detect it. Return: 1 if the counters
 * were moved; 0 if the flow map is full and the slot is unchanged.
 */
static __always_inline int hot_move(struct weft_hot_flow *slot)
{
	struct weft_flow_value *value;

	if (!(slot->packets[0] | slot->packets[1]))
		return 1;
	value = bpf_map_lookup_elem(&weft_flows, &slot->key);
	if (!value)
		value = hot_restore(slot);
	if (!value)
		return 0;
	hot_step(&slot->moves, 1);
	hot_move_side(slot, value, 0);
	hot_move_side(slot, value, 1);
	if (slot->last_ns > value->last_ns)
		value->last_ns = slot->last_ns;
	hot_step(&slot->moves, 1);
	return 1;
}

#endif
