/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source_count.h - counts the half-open connections of each source address.
 *
 * An entry exists only while its count is not zero, so there are never more entries than
 * handshakes. Thread: the worker.
 */
#ifndef WF_FLOW_SOURCE_COUNT_H
#define WF_FLOW_SOURCE_COUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bpf/hash.h"
#include "flow/flow_index.h"

struct wf_arena;
struct wf_slab;

struct wf_source_count {
	struct wf_slab *sources;
	struct wf_flow_index index;
	struct weft_hash_secret secret;
	uint32_t per_source_max;
};

/* Allocate an empty table. Return: 0; -ENOBUFS, -ENOMEM. */
int wf_source_count_init(struct wf_source_count *table, struct wf_arena *arena,
			 const struct weft_hash_secret *secret, uint32_t sources_max,
			 uint32_t per_source_max);
void wf_source_count_fini(struct wf_source_count *table);

/* Return the keyed hash of @addr: the parameter @hash of the functions below. */
static inline uint32_t wf_source_count_hash(const struct wf_source_count *table,
					    const uint8_t addr[16])
{
	uint64_t words[2];

	memcpy(words, addr, sizeof(words));
	return (uint32_t)weft_hash_endpoint(&table->secret, words[0], words[1], 0);
}

/* Prefetch the bucket of @addr, or of the entry @id. */
static inline void wf_source_count_prefetch(const struct wf_source_count *table,
					    const uint8_t addr[16])
{
	wf_flow_index_prefetch(&table->index, wf_source_count_hash(table, addr));
}

void wf_source_count_prefetch_id(const struct wf_source_count *table, uint32_t id);

/* Return the id of the entry of @addr; 0: @addr has no half-open connection. */
uint32_t wf_source_count_find(const struct wf_source_count *table, const uint8_t addr[16],
			      uint32_t hash);

/*
 * Add an entry with the first half-open connection of @addr, which must not have an entry.
 * @replaced: if not 0, first remove one half-open connection from this entry, as
 * wf_source_count_put() does. Return: the id of the entry; 0: no memory.
 */
uint32_t wf_source_count_add(struct wf_source_count *table, const uint8_t addr[16], uint32_t hash,
			     uint32_t replaced);

/* Add one half-open connection to the entry @id. Return: false if the limit is reached. */
bool wf_source_count_take(struct wf_source_count *table, uint32_t id);

/* Remove one half-open connection from the entry @id, which is removed with its last one. */
void wf_source_count_put(struct wf_source_count *table, uint32_t id);

/* Return the number of half-open connections of @addr. */
uint32_t wf_source_count_of(const struct wf_source_count *table, const uint8_t addr[16]);

/* Return the number of sources that have an entry. */
uint32_t wf_source_count_sources(const struct wf_source_count *table);

#endif
