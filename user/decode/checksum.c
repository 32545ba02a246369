// SPDX-License-Identifier: BSD-2-Clause
/*
 * checksum.c - computes the sum for the Internet checksum of a payload.
 *
 * 32-bit words are added into 64-bit lanes. A lane cannot overflow, so no carry flag is needed, and
 * four 128-bit vectors (available on every x86-64 and arm64 CPU) are added independently. The bytes
 * after the last whole block, and short packets, are added as 64-bit words with an end-around
 * carry. Both methods work in either byte order, because the carry out of one 16-bit word is added
 * to another 16-bit word (RFC 1071, 2).
 */
#include "decode/checksum.h"

enum { BLOCK_BYTES = 64 };

typedef uint64_t lanes __attribute__((vector_size(16)));
typedef uint64_t lanes_anywhere __attribute__((vector_size(16), aligned(1), may_alias));

static inline lanes load_lanes(const uint8_t *at)
{
	return *(const lanes_anywhere *)at;
}

static uint64_t sum_blocks(const uint8_t *at, const uint8_t *end)
{
	const lanes low = {UINT32_MAX, UINT32_MAX};
	lanes a = {0}, b = {0}, c = {0}, d = {0};

	do {
		lanes w0 = load_lanes(at), w1 = load_lanes(at + 16);
		lanes w2 = load_lanes(at + 32), w3 = load_lanes(at + 48);

		a += w0 & low;
		b += w0 >> 32;
		c += w1 & low;
		d += w1 >> 32;
		a += w2 & low;
		b += w2 >> 32;
		c += w3 & low;
		d += w3 >> 32;
		at += BLOCK_BYTES;
	} while (at != end);
	a += b + c + d;
	return a[0] + a[1];
}

static inline uint64_t add_carry(uint64_t sum, const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	sum += word;
	return sum + (sum < word);
}

/* Return the sum of the @len_bytes (at most 7) bytes at @at, padded with zeroes to whole words. */
static inline uint64_t load_tail(const uint8_t *at, uint32_t len_bytes)
{
	uint32_t word = 0;
	uint16_t half = 0;
	uint64_t sum = 0;

	if (len_bytes & 4) {
		memcpy(&word, at, sizeof(word));
		sum += word;
		at += sizeof(word);
	}
	if (len_bytes & 2) {
		memcpy(&half, at, sizeof(half));
		sum += half;
		at += sizeof(half);
	}
	if (len_bytes & 1) {
		half = 0;
		memcpy(&half, at, 1);
		sum += half;
	}
	return sum;
}

uint64_t wf_checksum_sum(const uint8_t *bytes, uint32_t len_bytes)
{
	uint32_t blocks_bytes = len_bytes & ~(BLOCK_BYTES - 1u);
	uint64_t sum = 0, a = 0, b = 0;

	if (blocks_bytes)
		sum = sum_blocks(bytes, bytes + blocks_bytes);
	bytes += blocks_bytes;
	if (len_bytes & 32) {
		a = add_carry(add_carry(a, bytes), bytes + 8);
		b = add_carry(add_carry(b, bytes + 16), bytes + 24);
		bytes += 32;
	}
	if (len_bytes & 16) {
		a = add_carry(a, bytes);
		b = add_carry(b, bytes + 8);
		bytes += 16;
	}
	if (len_bytes & 8) {
		a = add_carry(a, bytes);
		bytes += 8;
	}
	return sum + (a & UINT32_MAX) + (a >> 32) + (b & UINT32_MAX) + (b >> 32) +
	       load_tail(bytes, len_bytes & 7);
}
