// SPDX-License-Identifier: BSD-2-Clause
/*
 * claims.c - a table of the worker of each connection. The table has its own hash function, because
 * it checks the result of the hash that selects the worker.
 */
#include "flow/claims.h"

#include <errno.h>
#include <string.h>

#include <weft/limits.h>

#include "base/log.h"
#include "memory/arena.h"

enum { SLOTS_BYTES = 8 * WEFT_SPAN_BYTES, LOGGED_MAX = 10, WORKER_BITS = 6 };

#define SLOTS	    (SLOTS_BYTES / sizeof(uint64_t))
#define WORKER_MASK ((1ull << WORKER_BITS) - 1)

_Static_assert(WEFT_WORKERS_MAX <= 1 << WORKER_BITS, "a worker fits in a claim");

int wf_claims_init(struct wf_claims *claims, struct wf_arena *arena)
{
	claims->slots = wf_arena_take_zeroed_run(arena, SLOTS_BYTES);
	if (!claims->slots)
		return -ENOBUFS;
	claims->arena = arena;
	return 0;
}

void wf_claims_fini(struct wf_claims *claims)
{
	if (!claims->slots)
		return;
	wf_arena_put_run(claims->arena, claims->slots, SLOTS_BYTES);
	claims->slots = NULL;
}

/*
 * Return a hash of @key. The bits that a claim stores are never all 0, so a claim differs from an
 * empty slot.
 */
static uint64_t key_hash(const struct weft_flow_key *key)
{
	const uint8_t *bytes = (const uint8_t *)key;
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15ull;
	return (hash ^ hash >> 29) | 1ull << 63;
}

void wf_claims_add(struct wf_claims *claims, const struct weft_flow_key *key, uint32_t worker)
{
	uint64_t hash = key_hash(key);
	uint64_t claim = (hash & ~WORKER_MASK) | worker;
	uint64_t before = atomic_exchange_explicit(&claims->slots[(hash >> WORKER_BITS) % SLOTS],
						   claim, memory_order_relaxed);

	if ((before & ~WORKER_MASK) != (claim & ~WORKER_MASK) || before == claim)
		return;
	if (atomic_fetch_add_explicit(&claims->violations, 1, memory_order_relaxed) < LOGGED_MAX)
		wf_error("concurrency: worker %u opened a connection (ports %u, %u) that worker %u "
			 "owns",
			 worker, key->port[0], key->port[1], (unsigned int)(before & WORKER_MASK));
}
