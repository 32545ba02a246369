/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checksum.h - the Internet checksum (RFC 1071), fast enough for every payload byte.
 *
 * Sums are of 16-bit words as they lie in memory: the one's complement sum does not
 * care for byte order, so only the result has one, that of the packet. Partial sums
 * are 64 bit wide and not folded; any number of pieces may be added (each of them
 * but the last of even length), 2^32 words before one could overflow.
 *
 * What the modes accept, of a packet that was captured whole (what the capture cut
 * off can't be verified, and passes):
 *
 *   verify  sums that are right; partial ones only in frames that the capture marks
 *           as this host's own (WF_FRAME_TX_OFFLOAD)
 *   auto    right or partial ones. Partial: the field holds exactly the folded,
 *           not complemented sum of the pseudo header, as a sender leaves it for its
 *           adapter to complete. Only with a partial TCP sum may an IPv4 header's
 *           be 0, left for the same adapter. If the IP length too was left out
 *           (0, a segment to be cut by the adapter), the pseudo header may lack
 *           the length, as Windows leaves it.
 *   ignore  everything
 */
#ifndef WF_DECODE_CHECKSUM_H
#define WF_DECODE_CHECKSUM_H

#include <stdint.h>
#include <string.h>

/* Sum of @len_bytes at @bytes, not folded. An odd last byte counts as if a zero followed. */
uint64_t wf_checksum_sum(const uint8_t *bytes, uint32_t len_bytes);

/* Folded to 16 bits: 0xffff if it covers a right checksum. */
static inline uint16_t wf_checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Sum of a few 32-bit words: IP headers, addresses. */
static inline uint64_t wf_checksum_words(const uint8_t *bytes, uint32_t words)
{
	uint64_t sum = 0;
	uint32_t word;

#pragma GCC unroll 5
	for (uint32_t i = 0; i < words; i++) {
		memcpy(&word, bytes + 4 * i, sizeof(word));
		sum += word;
	}
	return sum;
}

#endif
