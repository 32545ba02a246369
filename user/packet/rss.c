// SPDX-License-Identifier: BSD-2-Clause
/*
 * rss.c - computes the Toeplitz hash of a connection.
 *
 * The hash is the xor of one 32-bit window of the key for each set bit of the input; the window
 * begins at the position of the bit. A precomputed table yields the xor for 4 input bits at a time.
 */
#include "packet/rss.h"

#include <endian.h>
#include <string.h>

#include <weft/limits.h>

#include "base/assert.h"
#include "packet/packet.h"

enum { TOP_SHIFT = 24, TOPS = 256 };

_Static_assert(TOPS / WEFT_WORKERS_MAX >= 2, "the upper 8 bits of a hash can select any worker");

static inline uint32_t load_be32(const uint8_t *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return be32toh(word);
}

/* Return the 32 bits of @key that begin at bit @at. */
static uint32_t key_window(const uint8_t *key, uint32_t at)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < 5; i++)
		bits = bits << 8 | (at / 8 + i < WF_RSS_KEY_BYTES ? key[at / 8 + i] : 0);
	return (uint32_t)(bits >> (8 - at % 8));
}

static void init_parts(struct wf_rss *rss, const uint8_t *key)
{
	for (uint32_t place = 0; place < 2 * WF_RSS_INPUT_BYTES; place++)
		for (uint32_t value = 0; value < 16; value++) {
			uint32_t part = 0;

			for (uint32_t bit = 0; bit < 4; bit++)
				if (value & 8u >> bit)
					part ^= key_window(key, 4 * place + bit);
			rss->parts[place][value] = part;
		}
}

void wf_rss_init(struct wf_rss *rss, const struct wf_rss_opts *opts)
{
	wf_assert(opts->entries_count && opts->entries_count <= WF_RSS_ENTRIES_MAX);
	rss->or_mask = opts->input == WF_RSS_OR_XOR ? UINT32_MAX : 0;
	rss->xor_mask = opts->input == WF_RSS_XOR ? UINT32_MAX : 0;
	rss->second_mask = opts->input == WF_RSS_AS_IS ? 0 : UINT32_MAX;
	memcpy(rss->ports, opts->ports, sizeof(rss->ports));
	rss->entries_count = opts->entries_count;
	init_parts(rss, opts->key);
	for (uint32_t i = 0; i < opts->entries_count; i++) {
		uint32_t worker = opts->entries[i] % opts->workers;

		rss->tops[i] = (uint8_t)((worker * TOPS + opts->workers - 1) / opts->workers);
	}
}

/*
 * Return the first word of the hash input for source @a and destination @b; second_of() returns the
 * second word.
 */
static inline uint32_t first_of(const struct wf_rss *rss, uint32_t a, uint32_t b)
{
	return (a | (b & rss->or_mask)) ^ (b & rss->xor_mask);
}

static inline uint32_t second_of(const struct wf_rss *rss, uint32_t a, uint32_t b)
{
	return b ^ (a & rss->second_mask);
}

static inline uint32_t hash_word(const uint32_t (*parts)[16], uint32_t word)
{
	return parts[0][word >> 28] ^ parts[1][word >> 24 & 15] ^ parts[2][word >> 20 & 15] ^
	       parts[3][word >> 16 & 15] ^ parts[4][word >> 12 & 15] ^ parts[5][word >> 8 & 15] ^
	       parts[6][word >> 4 & 15] ^ parts[7][word & 15];
}

/*
 * Return the hash of the two addresses @a and @b, which have @words words each and come first in
 * the hash input.
 */
static inline uint32_t hash_addresses(const struct wf_rss *rss, const uint8_t *a, const uint8_t *b,
				      uint32_t words)
{
	uint32_t hash = 0;

	for (uint32_t i = 0; i < words; i++) {
		uint32_t src = load_be32(a + 4 * i);
		uint32_t dst = load_be32(b + 4 * i);

		hash ^= hash_word(&rss->parts[8 * i], first_of(rss, src, dst));
		hash ^= hash_word(&rss->parts[8 * (words + i)], second_of(rss, src, dst));
	}
	return hash;
}

uint32_t wf_rss_hash(const struct wf_rss *rss, const struct weft_flow_key *key)
{
	bool is_v4 = wf_flow_key_is_ipv4(key);
	uint32_t ports = first_of(rss, key->port[0], key->port[1]) << 16 |
			 (second_of(rss, key->port[0], key->port[1]) & 0xffff);
	uint32_t hash;

	if (is_v4)
		hash = hash_addresses(rss, key->addr[0] + 12, key->addr[1] + 12, 1);
	else
		hash = hash_addresses(rss, key->addr[0], key->addr[1], 4);
	if (rss->ports[!is_v4])
		hash ^= hash_word(&rss->parts[is_v4 ? 16 : 64], ports);
	return hash;
}

uint32_t wf_rss_place(const struct wf_rss *rss, const struct weft_flow_key *key, uint32_t hash)
{
	uint32_t top = rss->tops[wf_rss_hash(rss, key) % rss->entries_count];

	return top << TOP_SHIFT | (hash & ((1u << TOP_SHIFT) - 1));
}
