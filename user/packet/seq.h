/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seq.h - compares TCP sequence numbers, which wrap, and converts them to stream offsets, which do
 * not wrap. Other files use these functions to order sequence numbers and to convert them.
 *
 * a < b means that b is 1 to 2^31 - 1 bytes after a. If a and b are exactly 2^31 apart, wf_seq_lt()
 * and wf_seq_gt() return true in either order of arguments, and wf_seq_le() and wf_seq_ge() return
 * false.
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

/* Return true if @seq is at most @span_bytes before or after @center_seq. */
static inline bool wf_seq_near(uint32_t seq, uint32_t center_seq, uint32_t span_bytes)
{
	return seq - center_seq <= span_bytes || center_seq - seq <= span_bytes;
}

/*
 * Return the stream offset of the byte with sequence number @seq in the stream whose byte 0 has
 * @base_seq. Offsets that differ by a multiple of 2^32 have the same @seq: the one nearest to
 * @near_off is returned. It is negative if the byte is before the start of the stream.
 */
static inline int64_t wf_seq_off(uint32_t seq, uint32_t base_seq, uint64_t near_off)
{
	return (int64_t)near_off + (int32_t)(seq - (base_seq + (uint32_t)near_off));
}

#endif
