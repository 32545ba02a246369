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
	uint32_t hash; /* of addr */
	uint32_t count;
};

static struct source *source_at(const struct wf_source_count *table, uint32_t id)
{
	return wf_slab_at(table->sources, id);
}

int wf_source_count_init(struct wf_source_count *table, struct wf_arena *arena,
			 const struct weft_hash_secret *secret, uint32_t sources_max,
			 uint32_t per_source_max)
{
	int err;

	*table = (struct wf_source_count){.secret = *secret, .per_source_max = per_source_max};
	err = wf_slab_new(arena, sizeof(struct source), sources_max, &table->sources);
	if (err)
		return err;
	err = wf_flow_index_init(&table->index, arena, wf_flow_index_ids_of_full_table(sources_max),
				 table->sources, offsetof(struct source, hash));
	if (err) {
		wf_slab_free(table->sources);
		table->sources = NULL;
	}
	return err;
}

void wf_source_count_fini(struct wf_source_count *table)
{
	wf_flow_index_fini(&table->index);
	wf_slab_free(table->sources);
	table->sources = NULL;
}

void wf_source_count_prefetch_id(const struct wf_source_count *table, uint32_t id)
{
	wf_flow_index_prefetch(&table->index, source_at(table, id)->hash);
}

/* The part of wf_source_count_find() that compares entries. */
static __attribute__((noinline)) uint32_t search(const struct wf_source_count *table,
						 const uint8_t addr[16], uint32_t hash)
{
	struct wf_flow_cursor cursor;
	uint32_t id = wf_flow_index_first(&table->index, hash, &cursor);

	for (; id; id = wf_flow_index_next(&table->index, &cursor))
		if (!memcmp(source_at(table, id)->addr, addr, sizeof(source_at(table, id)->addr)))
			break;
	return id;
}

uint32_t wf_source_count_find(const struct wf_source_count *table, const uint8_t addr[16],
			      uint32_t hash)
{
	return wf_flow_index_may_have(&table->index, hash) ? search(table, addr, hash) : 0;
}

/*
 * Remove a half-open connection from the entry @id. Return: @id if this was its last one: the entry
 * is then no longer in the index; else 0.
 */
static uint32_t subtract(struct wf_source_count *table, uint32_t id)
{
	struct source *source = source_at(table, id);

	if (--source->count)
		return 0;
	wf_flow_index_remove(&table->index, source->hash, id);
	return id;
}

uint32_t wf_source_count_add(struct wf_source_count *table, const uint8_t addr[16], uint32_t hash,
			     uint32_t replaced)
{
	uint32_t id = replaced ? subtract(table, replaced) : 0;
	struct source *source;

	if (!id)
		id = wf_slab_take(table->sources);
	if (!id)
		return 0;
	if (wf_flow_index_add(&table->index, hash, id)) {
		wf_slab_put(table->sources, id);
		return 0;
	}
	source = source_at(table, id);
	memcpy(source->addr, addr, sizeof(source->addr));
	source->hash = hash;
	source->count = 1;
	return id;
}

bool wf_source_count_take(struct wf_source_count *table, uint32_t id)
{
	struct source *source = source_at(table, id);

	if (source->count >= table->per_source_max)
		return false;
	source->count++;
	return true;
}

void wf_source_count_put(struct wf_source_count *table, uint32_t id)
{
	if (subtract(table, id))
		wf_slab_put(table->sources, id);
}

uint32_t wf_source_count_of(const struct wf_source_count *table, const uint8_t addr[16])
{
	uint32_t id = wf_source_count_find(table, addr, wf_source_count_hash(table, addr));

	return id ? source_at(table, id)->count : 0;
}

uint32_t wf_source_count_sources(const struct wf_source_count *table)
{
	return wf_slab_taken(table->sources);
}
