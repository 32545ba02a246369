/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_id.h - makes the public id of a flow from a counter.
 *
 * Collectors join the events of many runs and sensors by flow_id, so ids must differ between runs
 * and must not simply count from 1. The counter is therefore passed through a keyed bijection on 53
 * bits: two counters of one run never give the same id, and the ids of runs with different seeds
 * are as unrelated as random numbers.
 *
 * The bijection is not a cipher: an id is not meant to hide the counter.
 */
#ifndef WF_FLOW_FLOW_ID_H
#define WF_FLOW_FLOW_ID_H

#include <stdint.h>

#include <weft/limits.h>

/* The largest integer that every JSON reader represents exactly is 2^53 - 1. */
#define WF_FLOW_ID_BITS 53
#define WF_FLOW_ID_MASK ((1ull << WF_FLOW_ID_BITS) - 1)

/* The low bits of a counter are the worker's index, so counters are unique among all workers. */
#define WF_FLOW_ID_WORKER_BITS 6
_Static_assert(WEFT_WORKERS_MAX <= 1 << WF_FLOW_ID_WORKER_BITS, "a worker fits in a flow id");

/*
 * Every step is invertible (addition, multiplication by an odd number, xor with a shifted value),
 * so the function is a bijection.
 */
static inline uint64_t wf_flow_id_permute(uint64_t seed, uint64_t value)
{
	value = (value + seed) & WF_FLOW_ID_MASK;
	value ^= value >> 27;
	value = value * (0x9e3779b97f4a7c15ull ^ (seed >> 10 & ~1ull)) & WF_FLOW_ID_MASK;
	value ^= value >> 26;
	value = (value * 0xd6e8feb86659fd93ull + (seed >> 11)) & WF_FLOW_ID_MASK;
	value ^= value >> 28;
	return value * 0xbf58476d1ce4e5b9ull & WF_FLOW_ID_MASK;
}

/*
 * Return the id of the flow that @worker counted as number @number, from 1. An id is never 0: the
 * counter whose id would be 0 gets the id of counter 0, which no flow uses.
 */
static inline uint64_t wf_flow_id(uint64_t seed, uint64_t number, uint32_t worker)
{
	uint64_t id = wf_flow_id_permute(seed, number << WF_FLOW_ID_WORKER_BITS | worker);

	return id ? id : wf_flow_id_permute(seed, 0);
}

#endif
