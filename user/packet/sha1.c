// SPDX-License-Identifier: BSD-2-Clause
/*
 * sha1.c - SHA-1 of one block. Names are those of RFC 3174, 6.1.
 */
#include "packet/sha1.h"

#include <endian.h>
#include <string.h>

#include "base/assert.h"

enum { BLOCK_BYTES = 64, ROUNDS = 80 };

static uint32_t rotate(uint32_t word, int bits)
{
	return word << bits | word >> (32 - bits);
}

/* The function f(t; B, C, D) with its constant K(t) added. */
static uint32_t mix(int t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5a827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

/* Fill in the message schedule from the padded block. */
static void expand(const uint8_t block[BLOCK_BYTES], uint32_t w[ROUNDS])
{
	memcpy(w, block, BLOCK_BYTES);
	for (int t = 0; t < 16; t++)
		w[t] = be32toh(w[t]);
	for (int t = 16; t < ROUNDS; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
}

void wf_sha1_short(const uint8_t *bytes, size_t len, uint8_t ret_digest[WF_SHA1_BYTES])
{
	static const uint32_t initial[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
					    0xc3d2e1f0};
	uint8_t block[BLOCK_BYTES] = {0};
	uint32_t w[ROUNDS];
	uint32_t h[5];

	wf_assert(len <= WF_SHA1_SHORT_MAX);
	memcpy(block, bytes, len);
	block[len] = 0x80;
	block[62] = (uint8_t)(len * 8 >> 8);
	block[63] = (uint8_t)(len * 8);
	expand(block, w);
	memcpy(h, initial, sizeof(h));
	for (int t = 0; t < ROUNDS; t++) {
		uint32_t next = rotate(h[0], 5) + mix(t, h[1], h[2], h[3]) + h[4] + w[t];

		memmove(h + 1, h, 4 * sizeof(*h));
		h[0] = next;
		h[2] = rotate(h[2], 30);
	}
	for (int i = 0; i < 5; i++)
		h[i] = htobe32(h[i] + initial[i]);
	memcpy(ret_digest, h, WF_SHA1_BYTES);
}
