/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seq.h - the only place that compares TCP's wrapping sequence numbers, and
 * that turns them into stream offsets, which never wrap.
 *
 * a < b means: a is reached before b going less than 2^31 forward. Exactly 2^31
 * apart, each is before the other's successor and neither is after the other.
 */
#ifndef WF_PACKET_SEQ_H
#define WF_PACKET_SEQ_H

#include <stdbool.h>
#include <stdint.h>

static inline bool wf_seq_lt(uint32_t a_seq, uint32_t b_seq)
{
	return (int32_t)(a_seq - b_seq) < 0;
}

static inline bool wf_seq_le(uint32_t a_seq, uint32_t b_seq)
{
	return (int32_t)(b_seq - a_seq) >= 0;
}

static inline bool wf_seq_gt(uint32_t a_seq, uint32_t b_seq)
{
	return wf_seq_lt(b_seq, a_seq);
}

static inline bool wf_seq_ge(uint32_t a_seq, uint32_t b_seq)
{
	return wf_seq_le(b_seq, a_seq);
}

static inline uint32_t wf_seq_max(uint32_t a_seq, uint32_t b_seq)
{
	return wf_seq_lt(a_seq, b_seq) ? b_seq : a_seq;
}

/* Is @seq at most @span_bytes from @center_seq, before or after? */
static inline bool wf_seq_near(uint32_t seq, uint32_t center_seq, uint32_t span_bytes)
{
	return seq - center_seq <= span_bytes || center_seq - seq <= span_bytes;
}

/*
 * Offset of @seq in the stream whose byte 0 has @base_seq: the one of its possible
 * values that is nearest to @near_off. Negative: before the stream's start.
 */
static inline int64_t wf_seq_off(uint32_t seq, uint32_t base_seq, uint64_t near_off)
{
	return (int64_t)near_off + (int32_t)(seq - (base_seq + (uint32_t)near_off));
}

#endif
