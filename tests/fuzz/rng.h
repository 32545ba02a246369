/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rng.h - a small seeded generator: the same seed gives the same numbers everywhere.
 *
 * The algorithm is splitmix64: a multiply-xorshift chain over a counter. It must not be used for
 * secrets.
 */
#ifndef TESTS_FUZZ_RNG_H
#define TESTS_FUZZ_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_mix(uint64_t value)
{
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
	return value ^ (value >> 31);
}

static inline uint64_t rng_next(struct rng *rng)
{
	rng->state += 0x9e3779b97f4a7c15ull;
	return rng_mix(rng->state);
}

static inline void rng_seed(struct rng *rng, uint64_t seed, uint64_t stream)
{
	rng->state = rng_mix(seed) ^ rng_mix(stream + 0x632be59bd9b4e019ull);
}

/* Returns a number with 0 <= number < @bound; 0 if @bound is 0. */
static inline uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	return bound ? rng_next(rng) % bound : 0;
}

/* Returns a number with @low <= number <= @high. */
static inline uint64_t rng_range(struct rng *rng, uint64_t low, uint64_t high)
{
	return low + rng_below(rng, high - low + 1);
}

static inline bool rng_percent(struct rng *rng, uint32_t percent)
{
	return rng_below(rng, 100) < percent;
}

static inline void rng_fill(struct rng *rng, uint8_t *bytes, size_t len_bytes)
{
	while (len_bytes) {
		uint64_t word = rng_next(rng);
		size_t step = len_bytes < sizeof(word) ? len_bytes : sizeof(word);

		memcpy(bytes, &word, step);
		bytes += step;
		len_bytes -= step;
	}
}

#endif
