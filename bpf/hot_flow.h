/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hot_flow.h - a small per-CPU cache in front of the flow map, with counters of busy flows.
 *
 * A look-up in the flow map is the most expensive step in the processing of a segment. A segment
 * whose flow has a slot here touches one cache line instead. A flow uses the slot that its hash
 * selects, or the adjacent slot if another flow uses the first. The counters of a slot are moved to
 * the flow map with every 256th segment of a direction, with a SYN of the flow, with a FIN or RST
 * of a bypassed direction, when another flow takes the slot, and twice a second by user space:
 *
 *   user space flips the lowest bit of the epoch ─► CPUs use the other half of their slots
 *          waits until all program runs that began before have ended ─► no CPU uses the old half
 *          runs weft_move() (verdict.bpf.c), which moves the counters of the old half
 *
 * Therefore the counters of a slot have one writer at any time: its CPU, or weft_move(). Segments
 * with SYN, FIN or RST take no slot. A FIN or RST is counted in the slot that its flow has, which
 * other flows may then take. The verdicts in a slot are valid until the epoch changes or
 * weft_set_verdict() (verdict.bpf.c) clears the tag. Segments of a flow with a slot are not
 * filtered again: the filter accepted the flow when it took the slot, and a change of the filter
 * changes the epoch. If the flow map has evicted the flow's entry, the move adds the entry again,
 * with the verdicts of the slot.
 */
#ifndef WEFT_BPF_HOT_FLOW_H
#define WEFT_BPF_HOT_FLOW_H

#include "bpf/flow_map.h"
#include "bpf/hash.h"

const volatile __u32 weft_hot_cpus; /* number of CPUs that have slots; 0: there are no slots */
/* number of slots in each half of a CPU's slots */
const volatile __u32 weft_hot_slots = WEFT_HOT_SLOTS_MIN;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	/* user space sets it before load: 2 * weft_hot_slots for each CPU */
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE); /* makes values page-aligned, so cache-line-aligned */
	__type(key, __u32);
	__type(value, struct weft_hot_flow);
} weft_hot_flows SEC(".maps");

/*
 * Return the index of a slot in weft_hot_flows. @half: 2 * CPU index + index of the half of that
 * CPU's slots. @beside: 0 for the slot that @hash selects, 1 for the adjacent slot.
 */
static __always_inline __u32 hot_at(__u32 half, __u64 hash, __u32 beside)
{
	return half * weft_hot_slots + (((__u32)hash & (weft_hot_slots - 1)) ^ beside);
}

/*
 * Add @by to *@moves. The result of the atomic addition is used, so that the compiler emits the
 * form of the instruction that is a full memory barrier.
 */
static __always_inline void hot_step(__u32 *moves, __u32 by)
{
	__u32 before = __sync_fetch_and_add(moves, by);

	asm volatile("" : : "r"(before));
}

/*
 * Add the entry of the slot's flow again, after the flow map has evicted it. Return the entry; NULL
 * if it could not be added.
 */
static __always_inline struct weft_flow_value *hot_restore(const struct weft_hot_flow *slot)
{
	struct weft_flow_value fresh = {.worker = slot->worker};

	fresh.first_ns = slot->first_ns;
	fresh.verdict[0] = slot->verdict[0];
	fresh.verdict[1] = slot->verdict[1];
	bpf_map_update_elem(&weft_flows, &slot->key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&weft_flows, &slot->key);
}

/* Move the slot's counters of direction @i to the flow's entry @value. */
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
 * Move the slot's counters to @value, the entry of its flow. During the move, counters may be in
 * both places, so slot->moves is odd, which weft_set_verdict() on another CPU detects.
 */
static __always_inline void hot_move_to(struct weft_hot_flow *slot, struct weft_flow_value *value)
{
	hot_step(&slot->moves, 1);
	hot_move_side(slot, value, 0);
	hot_move_side(slot, value, 1);
	if (slot->last_ns > value->last_ns)
		value->last_ns = slot->last_ns;
	hot_step(&slot->moves, 1);
}

/*
 * Move the slot's counters to the flow map. Return: 1 if the slot's counters are 0 now; 0 if the
 * flow has no entry and none could be added: the slot is unchanged.
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
	hot_move_to(slot, value);
	return 1;
}

#endif
