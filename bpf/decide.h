/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * decide.h - decides the verdict of a TCP segment, for the XDP program of tap mode and the tc
 * program of host mode alike.
 *
 *   hot-flow slot ─► port, sample ─► prefixes ─► flow map ─► verdict
 *
 * If a hot-flow slot counts the segment, neither the filter nor the flow map is used. For all other
 * segments, may_be_wanted() tests port and sample, and then judge() decides.
 */
#ifndef WEFT_BPF_DECIDE_H
#define WEFT_BPF_DECIDE_H

#include "bpf/count.h"
#include "bpf/filter.h"
#include "bpf/flow_hash.h"
#include "bpf/hot_steer.h"

#define UNWANTED 0xfffffffeu /* the filter excludes the segment; not in enum weft_verdict */

/*
 * Count the segment in the slot of its flow. Return: the flow's verdict; HOT_MISS if no slot
 * counted the segment: *ret_slot is then the slot that the flow may take, or NULL.
 */
static __always_inline __u32 decide_hot(const struct weft_cpu *cpu, const struct packet *packet,
					const struct hashes *hashes, __u64 epoch,
					struct weft_hot_flow **ret_slot)
{
	__u64 tag = hashes->flow + epoch;
	struct weft_hot_flow *slot = hot_slot(cpu, epoch, hashes->flow);
	__u32 verdict = hot_hit(slot, tag, hashes->from, packet, cpu->tick_ns);

	if (__builtin_expect(verdict == HOT_MISS, 0)) {
		slot = hot_beside(slot, cpu, epoch, hashes->flow);
		verdict = hot_hit(slot, tag, hashes->from, packet, cpu->tick_ns);
	}
	*ret_slot = slot;
	return verdict;
}

/*
 * Test ports and sampling, which is cheap and excludes most unwanted segments. Return: 0 if the
 * filter excludes the segment; 1 if judge() has to test its prefixes too.
 */
static __always_inline int may_be_wanted(const struct packet *packet, __u32 hash)
{
	__u64 filter = filter_now();

	return is_port_wanted(packet, filter) && is_sampled(hash, filter);
}

/*
 * Return the verdict of a segment that no hot-flow slot counted (enum weft_verdict), or UNWANTED.
 * @worker: index of the worker that owns the flow.
 */
static __always_inline __u32 judge(struct weft_hot_flow *slot, const struct weft_cpu *cpu,
				   const struct packet *packet, __u64 long_hash, __u64 epoch,
				   __u32 worker)
{
	__u32 hash = weft_hash_fold(long_hash);
	__u64 filter = filter_now();

	/*
	 * All tests use the same filter word, which may be newer than the word that may_be_wanted()
	 * used.
	 */
	if (!is_wanted(packet, 0, filter) || !is_sampled(hash, filter))
		return UNWANTED;
	return hot_miss(slot, cpu, packet, long_hash, epoch, worker);
}

/*
 * Return: 1 if no prefix excludes the fragment. Ports and sampling are not tested, because ports
 * are unknown until user space has rebuilt the datagram.
 */
static __always_inline int is_fragment_wanted(const struct packet *packet)
{
	return is_wanted(packet, 1, filter_now());
}

/*
 * Count a segment that is not passed to a worker: @verdict is not WEFT_VERDICT_STEER. The verdicts
 * SHUNT and PASS both bypass the worker, so both are counted as shunted; the outcome passed is for
 * frames without TCP.
 */
static __always_inline void count_left_out(struct weft_cpu *cpu, const struct packet *packet,
					   __u32 verdict)
{
	switch (verdict) {
	case WEFT_VERDICT_SHED:
		cpu->counts.shed++;
		break;
	case UNWANTED:
		cpu->counts.filtered++;
		break;
	default:
		cpu->counts.shunted++;
		cpu->counts.shunted_bytes += packet->ip_bytes;
	}
}

#endif
