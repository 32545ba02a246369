// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.bpf.c - programs that user space runs with BPF_PROG_RUN: one sets the verdicts of a
 * flow, the other moves the counters of hot-flow slots (hot_flow.h) to the flow map.
 *
 * A map update from user space would write the whole value, and so undo what the XDP or tc program
 * counted since user space read the value. These programs write single members, and can set the
 * verdict of one direction only.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "bpf/flow_hash.h"
#include "bpf/handshake.h"
#include "bpf/hot_flow.h"
#include "bpf/shared.h"

/* Sums over the hot-flow slots of one flow. */
struct waiting {
	__u64 packets[2]; /* segments that were not steered and are not in the flow map yet */
	__u64 bytes[2];	  /* IP bytes of these segments */
	__u64 last_ns;	  /* time of the last segment in any of the slots */
	__u64 moves;	  /* sum of the member moves of all slots that the flow may use */
	__u64 is_moving;  /* 1: the counters of one of these slots are being moved */
};

static __always_inline int is_same(const struct weft_flow_key *a, const struct weft_flow_key *b)
{
	const __u32 *x = (const void *)a;
	const __u32 *y = (const void *)b;
	__u32 differs = 0;

#pragma unroll
	for (unsigned int i = 0; i < sizeof(*a) / sizeof(*x); i++)
		differs |= x[i] ^ y[i];
	return !differs;
}

static __always_inline void add_waiting(const volatile struct weft_hot_flow *slot,
					struct waiting *sum)
{
#pragma unroll
	for (int i = 0; i < 2; i++) {
		if (slot->verdict[i] == WEFT_VERDICT_STEER)
			continue;
		sum->packets[i] += slot->packets[i];
		sum->bytes[i] += slot->bytes[i];
	}
	if (slot->last_ns > sum->last_ns)
		sum->last_ns = slot->last_ns;
}

/* Context of look_at_slot(): the flow whose slots it adds up, and the sum so far. */
struct search {
	struct weft_flow_key key;
	__u64 hash;
	__u64 forget; /* 1: clear the tag of each slot that is found */
	struct waiting sum;
};

/*
 * Callback of bpf_loop() for one slot. @i: index among the slots that the flow may use, two in each
 * half of each CPU's slots.
 */
static long look_at_slot(__u32 i, void *context)
{
	struct search *search = context;
	__u32 at = hot_at(i / 2, search->hash, i & 1);
	volatile struct weft_hot_flow *slot = bpf_map_lookup_elem(&weft_hot_flows, &at);
	__u32 moves;

	if (!slot)
		return 1;
	if (is_same((const struct weft_flow_key *)&slot->key, &search->key)) {
		if (search->forget)
			slot->tag = 0;
		add_waiting(slot, &search->sum);
	}
	moves = slot->moves;
	search->sum.moves += moves;
	search->sum.is_moving |= moves & 1;
	return 0;
}

/*
 * Add up the flow's slots of all CPUs. If @forget is set, also clear their tags, so that the next
 * segment reads the verdicts from the flow map. bpf_loop() is used because the verifier would
 * check the body of a plain loop once per iteration; it checks a callback only once or a few times.
 * It is not called without slots: Linux 6.18 rejects a program in which the number of iterations is
 * known to be 0 and another callback is used ("No program to jit").
 */
static __always_inline void look_at_slots(struct search *search, int forget)
{
	__builtin_memset(&search->sum, 0, sizeof(search->sum));
	search->forget = forget;
	if (!weft_hot_cpus)
		return;
	bpf_loop(4 * weft_hot_cpus, look_at_slot, search, 0);
}

/* Set *@verdict unless @wanted is WEFT_VERDICT_KEEP. Return the verdict before the change. */
static __always_inline __u16 set(__u16 *verdict, __u16 wanted)
{
	__u16 was = *verdict;

	if (wanted != WEFT_VERDICT_KEEP)
		*verdict = wanted;
	return was;
}

/*
 * Set the verdicts in @value, an entry or the slot of a handshake; write the verdicts before the
 * change to *request.
 */
static __always_inline void set_both(struct weft_flow_value *value,
				     struct weft_verdict_request *request)
{
	request->verdict[0] = set(&value->verdict[0], request->verdict[0]);
	request->verdict[1] = set(&value->verdict[1], request->verdict[1]);
}

/* Write the counters of @value to *request. Return: the time of the flow's last segment. */
static __always_inline __u64 read_kept(const volatile struct weft_flow_value *value,
				       struct weft_verdict_request *request)
{
	request->kept_packets[0] = value->kept_packets[0];
	request->kept_packets[1] = value->kept_packets[1];
	request->kept_bytes[0] = value->kept_bytes[0];
	request->kept_bytes[1] = value->kept_bytes[1];
	return value->last_ns;
}

/*
 * Set the verdicts of a connection whose segments all had the SYN flag so far. Its counters are
 * exact, because it has no hot-flow slot. Return: 0 if it has no slot of a handshake.
 */
static __always_inline int set_of_handshake(struct weft_verdict_request *request, __u64 hash)
{
	struct weft_handshake *handshake = handshake_hold(hash);

	if (!handshake)
		return 0;
	set_both(&handshake->value, request);
	request->idle_ns = bpf_ktime_get_ns() - read_kept(&handshake->value, request);
	handshake_unlock(handshake);
	return 1;
}

/*
 * Set the verdicts of a flow, and write the counters of its segments that were not steered to
 * *request: the sum of those in the flow map and in the slots. The sum is exact unless counters
 * were moved from a slot to the flow map, or a flow took a slot, during the call: the result is
 * then WEFT_VERDICT_LOOK_AGAIN. Return: enum weft_verdict_result.
 */
SEC("syscall")
int weft_set_verdict(struct weft_verdict_request *request)
{
	/* a copy: the verifier rejects a pointer into the context as key of a look-up */
	struct weft_flow_key key = request->key;
	struct weft_flow_value *value = bpf_map_lookup_elem(&weft_flows, &key);
	struct search search = {.key = key, .hash = hash_key(&key).flow};
	const struct waiting *now = &search.sum;
	__u64 moves_before;
	__u32 fence = 0;
	__u64 last_ns;

	/* If the handshake has ended meanwhile, its flow has an entry now. */
	if (!value && set_of_handshake(request, search.hash))
		return WEFT_VERDICT_DONE;
	if (!value)
		value = bpf_map_lookup_elem(&weft_flows, &key);
	if (!value)
		return WEFT_VERDICT_UNKNOWN;
	set_both(value, request);
	/* full barrier between the verdicts and the reads of slots: see hot_take() */
	hot_step(&fence, 1);
	look_at_slots(&search, 1);
	moves_before = search.sum.moves;
	last_ns = read_kept(value, request);
	look_at_slots(&search, 0);
	request->kept_packets[0] += now->packets[0];
	request->kept_packets[1] += now->packets[1];
	request->kept_bytes[0] += now->bytes[0];
	request->kept_bytes[1] += now->bytes[1];
	if (now->last_ns > last_ns)
		last_ns = now->last_ns;
	request->idle_ns = bpf_ktime_get_ns() - last_ns;
	return now->is_moving || now->moves != moves_before ? WEFT_VERDICT_LOOK_AGAIN
							    : WEFT_VERDICT_DONE;
}

/* Context of move_slot(); members as in struct weft_move_request. */
struct move {
	__u32 from;
	__u32 left;
};

/* Callback of bpf_loop() for one slot. @i: index of the slot within its half of the CPU's slots. */
static long move_slot(__u32 i, void *context)
{
	struct move *move = context;
	__u32 at = move->from + i;
	struct weft_hot_flow *slot = bpf_map_lookup_elem(&weft_hot_flows, &at);

	if (slot && !hot_move(slot))
		move->left++;
	return 0;
}

/*
 * Move the counters of one half of one CPU's slots to the flow map. To be run while no XDP or tc
 * program uses that half. The verifier of Linux 6.1 would check the body of a plain loop once per
 * iteration, thousands of times, and reject the program; therefore bpf_loop() is used.
 */
SEC("syscall")
int weft_move(struct weft_move_request *request)
{
	struct move move = {.from = request->from};

	bpf_loop(weft_hot_slots, move_slot, &move, 0);
	request->left = move.left;
	return 0;
}

char weft_license[] SEC("license") = "GPL";
