/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checksum.h - the Internet checksum (RFC 1071), fast enough for every payload byte.
 *
 * Words are loaded in memory order. The one's complement sum does not depend on byte order, so the
 * result is in network order like the packet. A sum has 64 bits until it is folded. Sums of parts
 * may be added if all parts except the last have an even length. A sum of fewer than 2^32 words
 * cannot overflow.
 *
 * The TCP checksum of a packet that the capture truncated can't be verified and is accepted. Of a
 * packet that holds several segments (WF_FRAME_GSO), no checksum is verified. For all other
 * checksums of IPv4 headers and of TCP, the mode decides:
 *
 *   verify  accept correct checksums; accept partial checksums only in frames that the capture
 *           marks as sent by this host (WF_FRAME_TX_OFFLOAD)
 *   auto    accept correct and partial checksums; mark segments with wrong checksums, so that
 *           senders/ decides about them; reject fragments whose IPv4 checksum is wrong
 *   ignore  accept everything
 *
 * A checksum is partial if its field holds the folded sum of the pseudo header without complement:
 * the sender leaves this value for its NIC to complete. The checksum of an IPv4 header may be 0 if
 * the TCP checksum is partial, because the NIC completes both. If the IP length is 0 (the NIC will
 * segment the packet), the length in the pseudo header may be 0 too, as Windows writes it.
 */
#ifndef WF_DECODE_CHECKSUM_H
#define WF_DECODE_CHECKSUM_H

#include <stdint.h>
#include <string.h>

/* Return the unfolded sum of @len_bytes at @bytes. An odd last byte is padded with a zero byte. */
uint64_t wf_checksum_sum(const uint8_t *bytes, uint32_t len_bytes);

/* Fold @sum to 16 bits. Return: 0xffff if the sum covers a correct checksum field. */
static inline uint16_t wf_checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Return the unfolded sum of @words 32-bit words, for short data such as IP headers. */
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
