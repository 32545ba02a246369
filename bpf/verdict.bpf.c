// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.bpf.c - run by user space (BPF_PROG_RUN): sets a flow's verdict in place, and moves
 * what CPUs counted by themselves (hot_flow.h) to the flow map.
 *
 * A map update from user space writes the whole value and would undo what the XDP
 * program counted meanwhile. One direction is set without touching the other. What
 * the kernel had counted at that moment goes back in the request.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "bpf/flow_hash.h"
#include "bpf/hot_flow.h"
#include "bpf/shared.h"

/* What slots know of one flow. */
struct waiting {
	__u64 packets[2]; /* kept from user space, not yet in the flow map */
	__u64 bytes[2];
	__u64 last_ns;
	__u64 moves; /* of all slots that the flow could be in */
	__u64 is_moving;
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

/* What look_at_slot() searches for, and what it found so far. */
struct search {
	struct weft_flow_key key;
	__u64 hash;
	__u64 forget;
	struct waiting sum;
};

/* A callback of bpf_loop(): slot @i of those that the flow could be in, two of each half. */
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
 * Looks at the slots of all CPUs. With @forget, no slot knows the flow's verdicts afterwards.
 * bpf_loop(), so that the verifier processes the body once, whatever the number of CPUs is.
 */
static __always_inline void look_at_slots(struct search *search, int forget)
{
	__builtin_memset(&search->sum, 0, sizeof(search->sum));
	search->forget = forget;
	bpf_loop(4 * weft_hot_cpus, look_at_slot, search, 0);
}

/* Return: what @verdict was. */
static __always_inline __u16 set(__u16 *verdict, __u16 wanted)
{
	__u16 was = *verdict;

	if (wanted != WEFT_VERDICT_KEEP)
		*verdict = wanted;
	return was;
}

/*
 * What was counted is what the entry and the slots say together, if nothing was moved from
 * one to the other meanwhile. Return: enum weft_verdict_result.
 */
SEC("syscall")
int weft_set_verdict(struct weft_verdict_request *request)
{
	struct weft_flow_key key = request->key; /* a map's key may not lie in the context */
	struct weft_flow_value *value = bpf_map_lookup_elem(&weft_flows, &key);
	struct search search = {.key = key, .hash = hash_key(&key).flow};
	const struct waiting *now = &search.sum;
	__u64 moves_before;
	__u32 fence = 0;
	__u64 last_ns;

	if (!value)
		value = bpf_map_lookup_elem(&weft_handshakes, &key);
	if (!value)
		return WEFT_VERDICT_UNKNOWN;
	request->verdict[0] = set(&value->verdict[0], request->verdict[0]);
	request->verdict[1] = set(&value->verdict[1], request->verdict[1]);
	hot_step(&fence, 1); /* set before slots are looked at: see hot_take() */
	look_at_slots(&search, 1);
	moves_before = search.sum.moves;
	request->kept_packets[0] = *(volatile __u64 *)&value->kept_packets[0];
	request->kept_packets[1] = *(volatile __u64 *)&value->kept_packets[1];
	request->kept_bytes[0] = *(volatile __u64 *)&value->kept_bytes[0];
	request->kept_bytes[1] = *(volatile __u64 *)&value->kept_bytes[1];
	last_ns = *(volatile __u64 *)&value->last_ns;
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

struct move {
	__u32 from;
	__u32 left;
};

/* A callback of bpf_loop(). */
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
 * Only of a half that no XDP program uses. bpf_loop() and not a loop: Linux 6.1 processes the
 * body of a loop once for each of its 2048 rounds and rejects the program.
 */
SEC("syscall")
int weft_move(struct weft_move_request *request)
{
	struct move move = {.from = request->from};

	bpf_loop(WEFT_HOT_FLOWS, move_slot, &move, 0);
	request->left = move.left;
	return 0;
}

char weft_license[] SEC("license") = "GPL";
