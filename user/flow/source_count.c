// SPDX-License-Identifier: BSD-2-Clause
/*
 * source_count.c - a hash table of one count for each source address. The counts are stored in a
 * slab, and the hash of the address is keyed.
 */
#include "flow/source_count.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "memory/slab.h"

struct source {
	uint8_t addr[16];
	uint32_t count;
};

/* Return the id of the entry of @addr, or 0 if there is none. */
static uint32_t find(const struct wf_source_count *table, const uint8_t addr[16], uint32_t hash)
{
	struct wf_flow_cursor cursor;
	uint32_t id = wf_flow_index_first(&table->index, hash, &cursor);

	for (; id; id = wf_flow_index_next(&table->index, &cursor)) {
		const struct source *source = wf_slab_at(table->sources, id);

		if (!memcmp(source->addr, addr, sizeof(source->addr)))
			break;
	}
	return id;
}

int wf_source_count_init(struct wf_source_count *table, struct wf_arena *arena,
			 const struct weft_hash_secret *secret, uint32_t sources_max,
			 uint32_t per_source_max)
{
	int err;

	*table = (struct wf_source_count){.secret = *secret, .per_source_max = per_source_max};
	err = wf_flow_index_init(&table->index, arena, sources_max);
	if (err)
		return err;
	err = wf_slab_new(arena, sizeof(struct source), sources_max, &table->sources);
	if (err)
		wf_flow_index_fini(&table->index);
	return err;
}

void wf_source_count_fini(struct wf_source_count *table)
{
	wf_slab_free(table->sources);
	wf_flow_index_fini(&table->index);
	table->sources = NULL;
}

uint32_t wf_source_count_hash(const struct wf_source_count *table, const uint8_t addr[16])
{
	uint64_t words[2];

	memcpy(words, addr, sizeof(words));
	return (uint32_t)weft_hash_endpoint(&table->secret, words[0], words[1], 0);
}

void wf_source_count_prefetch(const struct wf_source_count *table, const uint8_t addr[16])
{
	wf_flow_index_prefetch(&table->index, wf_source_count_hash(table, addr));
}

static uint32_t count_of(const struct wf_source_count *table, const uint8_t addr[16], uint32_t hash)
{
	uint32_t id = find(table, addr, hash);
	const struct source *source = id ? wf_slab_at(table->sources, id) : NULL;

	return source ? source->count : 0;
}

uint32_t wf_source_count_of(const struct wf_source_count *table, const uint8_t addr[16])
{
	return count_of(table, addr, wf_source_count_hash(table, addr));
}

bool wf_source_count_is_at_limit(const struct wf_source_count *table, const uint8_t addr[16],
				 uint32_t hash)
{
	uint32_t count = count_of(table, addr, hash);

	return count && count >= table->per_source_max;
}

bool wf_source_count_take(struct wf_source_count *table, const uint8_t addr[16], uint32_t hash)
{
	uint32_t id = find(table, addr, hash);
	struct source *source;

	if (!id) {
		id = wf_slab_take(table->sources);
		if (!id)
			return false;
		if (wf_flow_index_add(&table->index, hash, id)) {
			wf_slab_put(table->sources, id);
			return false;
		}
		source = wf_slab_at(table->sources, id);
		memcpy(source->addr, addr, sizeof(source->addr));
		source->count = 0;
	}
	source = wf_slab_at(table->sources, id);
	if (source->count >= table->per_source_max)
		return false;
	source->count++;
	return true;
}

void wf_source_count_put(struct wf_source_count *table, const uint8_t addr[16])
{
	uint32_t hash = wf_source_count_hash(table, addr);
	uint32_t id = find(table, addr, hash);
	struct source *source;

	wf_assert(id);
	if (!id)
		return;
	source = wf_slab_at(table->sources, id);
	if (--source->count)
		return;
	wf_flow_index_remove(&table->index, hash, id);
	wf_slab_put(table->sources, id);
}

uint32_t wf_source_count_sources(const struct wf_source_count *table)
{
	return wf_slab_taken(table->sources);
}
