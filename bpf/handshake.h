/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * handshake.h - counters and verdicts of connections whose segments all had the SYN flag so far.
 *
 *   SYN, SYN-ACK ─► slot of the handshake      first segment without SYN ─► entry of the flow map
 *
 * A SYN flood so cannot evict established connections from the flow map. The slots are an array, in
 * which a look-up costs far less than in a hash map. A handshake uses one of two adjacent slots,
 * which its hash selects. If both are in use, it replaces the handshake that has been idle longer:
 * the flow of that one then begins without the counters of its SYN segments, and with the verdicts
 * of a new flow. The 64-bit hash, which is keyed, identifies the flow; the key is stored for
 * readers of the map.
 *
 * A slot is read and written under its lock, except for a first look at the tag. A program that
 * holds a lock only counts a segment, or adds an entry to the flow map, and then releases it; it is
 * not interrupted by another XDP or tc program on its CPU. (bpf_spin_lock() can't be used:
 * Linux 6.1 rejects it in verdict.bpf.c, and allows no helper while it is held.) Attempts to lock
 * are limited. If all fail, the segment of a handshake is not counted.
 */
#ifndef WEFT_BPF_HANDSHAKE_H
#define WEFT_BPF_HANDSHAKE_H

#include "bpf/flow_map.h"

/*
 * Maximum number of attempts to lock a slot: some 100 us, longer than an interrupt of the program
 * that holds the lock usually takes.
 */
#define HANDSHAKE_TRIES 10000

/* number of slots, a power of two */
const volatile __u32 weft_handshake_slots = WEFT_HANDSHAKE_MAP_ENTRIES;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEFT_HANDSHAKE_MAP_ENTRIES); /* user space sets weft_handshake_slots */
	__uint(map_flags, BPF_F_MMAPABLE); /* makes values page-aligned, so cache-line-aligned */
	__type(key, __u32);
	__type(value, struct weft_handshake);
} weft_handshakes SEC(".maps");

/* Return the slot that @tag selects; if @beside is 1, the adjacent slot. */
static __always_inline struct weft_handshake *handshake_at(__u64 tag, __u32 beside)
{
	__u32 at = ((__u32)tag & (weft_handshake_slots - 1)) ^ beside;

	return bpf_map_lookup_elem(&weft_handshakes, &at);
}

/* Return the slot of the flow with the 64-bit hash @tag; NULL if it has none. */
static __always_inline struct weft_handshake *handshake_find(__u64 tag)
{
	struct weft_handshake *first = handshake_at(tag, 0);
	struct weft_handshake *second = handshake_at(tag, 1);

	if (first && first->tag == tag)
		return first;
	return second && second->tag == tag ? second : 0;
}

/* Return the slot that a new handshake uses. */
static __always_inline struct weft_handshake *handshake_oldest(__u64 tag)
{
	struct weft_handshake *first = handshake_at(tag, 0);
	struct weft_handshake *second = handshake_at(tag, 1);

	return first && second && second->value.last_ns < first->value.last_ns ? second : first;
}

/* Return 1 if no other program held the lock, and the slot is locked now. */
static __always_inline int handshake_try_lock(struct weft_handshake *slot)
{
	return !__sync_val_compare_and_swap(&slot->lock, 0, 1);
}

/* Context of handshake_try_again(). */
struct handshake_wait {
	struct weft_handshake *slot;
	__u64 is_locked;
};

/* Callback of bpf_loop(): one attempt. Return: 1 ends the loop. */
static long handshake_try_again(__u32 i, void *context)
{
	struct handshake_wait *wait = context;

	wait->is_locked = handshake_try_lock(wait->slot);
	return wait->is_locked;
}

/* Return: 1 if the slot is locked; 0 if another program held the lock during all attempts. */
static __always_inline int handshake_lock(struct weft_handshake *slot)
{
	struct handshake_wait wait = {.slot = slot};

	if (handshake_try_lock(slot))
		return 1;
	bpf_loop(HANDSHAKE_TRIES, handshake_try_again, &wait, 0);
	return wait.is_locked;
}

/* The exchange is a full memory barrier. */
static __always_inline void handshake_unlock(struct weft_handshake *slot)
{
	__sync_lock_test_and_set(&slot->lock, 0);
}

/* Lock and return the slot of the flow; NULL if it has none, or if the slot can't be locked. */
static __always_inline struct weft_handshake *handshake_hold(__u64 tag)
{
	struct weft_handshake *slot = handshake_find(tag);

	if (!slot || !handshake_lock(slot))
		return 0;
	if (slot->tag == tag)
		return slot;
	handshake_unlock(slot);
	return 0;
}

/*
 * Count a segment with the SYN flag in @slot, and return its verdict. @slot: the flow's slot, or
 * the slot that the flow takes; may be NULL.
 */
static __always_inline __u32 handshake_count(struct weft_handshake *slot,
					     const struct packet *packet,
					     const struct weft_flow_key *key, __u32 src,
					     __u64 now_ns, __u64 tag, __u32 worker)
{
	__u32 hash = weft_hash_fold(tag);
	__u32 verdict;

	if (!slot || !handshake_lock(slot))
		return first_verdict(hash);
	if (slot->tag != tag) {
		slot->key = *key;
		slot->value = fresh_value(now_ns, hash, worker);
		slot->tag = tag;
	}
	verdict = flow_account(&slot->value, src, packet, now_ns, hash);
	handshake_unlock(slot);
	return verdict;
}

#endif
