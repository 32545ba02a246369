/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checksum.h - the Internet checksum (RFC 1071), fast enough for every payload byte.
 *
 * Words are added as they lie in memory. The one's complement sum is independent of byte order,
 * so that its result is in network order, as the packet is. Sums are 64 bits wide until they are
 * folded; sums of pieces may be added if all pieces but the last have an even length. No sum of
 * fewer than 2^32 words overflows.
 *
 * A packet that the capture cut can't be verified and is accepted. Of others the modes accept:
 *
 *   verify  sums that are right; partial ones only in frames that the capture marks
 *           as this host's own (WF_FRAME_TX_OFFLOAD)
 *   auto    right or partial sums. A sum is partial if the field holds exactly the folded,
 *           not complemented sum of the pseudo header, which a sender leaves for its
 *           adapter to complete. An IPv4 header's checksum may be 0 only if the TCP sum is
 *           partial: the same adapter completes it. If the IP length is 0 too (a segment
 *           that the adapter will cut), the pseudo header may have length 0, as Windows
 *           leaves it.
 *   ignore  everything
 */
#ifndef WF_DECODE_CHECKSUM_H
#define WF_DECODE_CHECKSUM_H

#include <stdint.h>
#include <string.h>

/* Sums @len_bytes at @bytes, without folding. After an odd last byte a zero is assumed. */
uint64_t wf_checksum_sum(const uint8_t *bytes, uint32_t len_bytes);

/* Folds @sum to 16 bits: 0xffff if it covers a right checksum. */
static inline uint16_t wf_checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Sums a few 32-bit words: of IP headers or addresses. */
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
