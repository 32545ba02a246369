// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_table.c - a chained hash over a fixed array, and two lists of its entries.
 */
#include "sink/table/stream_table.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* Return the hash bucket of @key. weft assigns flow ids, so the hash needs no secret. */
static uint32_t *bucket_of(const struct wf_stream_table *table, uint64_t key)
{
	return &table->buckets[(key * 0x9e3779b97f4a7c15ull >> 32) & (table->max - 1)];
}

static uint32_t index_of(const struct wf_stream_table *table, const struct wf_stream_file *file)
{
	return (uint32_t)(file - table->files);
}

/* Return the links of entry @i in the list whose offset in struct wf_stream_file is @field. */
static struct wf_stream_links *links_at(struct wf_stream_table *table, uint32_t i, size_t field)
{
	return (struct wf_stream_links *)((char *)&table->files[i] + field);
}

static void list_push(struct wf_stream_table *table, struct wf_stream_list *list, uint32_t i,
		      size_t field)
{
	*links_at(table, i, field) = (struct wf_stream_links){.older = list->newest};
	if (list->newest)
		links_at(table, list->newest, field)->newer = i;
	else
		list->oldest = i;
	list->newest = i;
	list->count++;
}

static void list_remove(struct wf_stream_table *table, struct wf_stream_list *list, uint32_t i,
			size_t field)
{
	struct wf_stream_links *links = links_at(table, i, field);

	if (links->older)
		links_at(table, links->older, field)->newer = links->newer;
	else
		list->oldest = links->newer;
	if (links->newer)
		links_at(table, links->newer, field)->older = links->older;
	else
		list->newest = links->older;
	list->count--;
}

#define ALL  offsetof(struct wf_stream_file, all)
#define OPEN offsetof(struct wf_stream_file, open)

int wf_stream_table_init(struct wf_stream_table *table, uint32_t max)
{
	*table = (struct wf_stream_table){.max = max};
	table->files = calloc((size_t)max + 1, sizeof(*table->files));
	table->buckets = calloc(max, sizeof(*table->buckets));
	if (table->files && table->buckets)
		return 0;
	wf_stream_table_fini(table);
	return -ENOMEM;
}

void wf_stream_table_fini(struct wf_stream_table *table)
{
	free(table->files);
	free(table->buckets);
	*table = (struct wf_stream_table){0};
}

struct wf_stream_file *wf_stream_table_find(struct wf_stream_table *table, uint64_t flow_id,
					    enum weft_dir dir)
{
	uint64_t key = wf_stream_key(flow_id, dir);

	for (uint32_t i = *bucket_of(table, key); i; i = table->files[i].chain)
		if (table->files[i].key == key)
			return &table->files[i];
	return NULL;
}

struct wf_stream_file *wf_stream_table_add(struct wf_stream_table *table, uint64_t flow_id,
					   enum weft_dir dir)
{
	uint64_t key = wf_stream_key(flow_id, dir);
	uint32_t *bucket = bucket_of(table, key);
	uint32_t i = table->free;

	if (i)
		table->free = table->files[i].chain;
	else if (table->used < table->max)
		i = ++table->used;
	else
		return NULL;
	table->files[i] = (struct wf_stream_file){.key = key, .fd = -1, .chain = *bucket};
	*bucket = i;
	list_push(table, &table->all, i, ALL);
	return &table->files[i];
}

void wf_stream_table_remove(struct wf_stream_table *table, struct wf_stream_file *file)
{
	uint32_t i = index_of(table, file);
	uint32_t *link = bucket_of(table, file->key);

	wf_stream_table_set_fd(table, file, -1);
	list_remove(table, &table->all, i, ALL);
	while (*link != i)
		link = &table->files[*link].chain;
	*link = file->chain;
	file->key = 0;
	file->chain = table->free;
	table->free = i;
}

void wf_stream_table_touch(struct wf_stream_table *table, struct wf_stream_file *file)
{
	uint32_t i = index_of(table, file);

	if (table->all.newest != i) {
		list_remove(table, &table->all, i, ALL);
		list_push(table, &table->all, i, ALL);
	}
	if (file->fd >= 0 && table->open.newest != i) {
		list_remove(table, &table->open, i, OPEN);
		list_push(table, &table->open, i, OPEN);
	}
}

void wf_stream_table_set_fd(struct wf_stream_table *table, struct wf_stream_file *file, int fd)
{
	uint32_t i = index_of(table, file);

	if (file->fd >= 0)
		list_remove(table, &table->open, i, OPEN);
	file->fd = fd;
	if (fd >= 0)
		list_push(table, &table->open, i, OPEN);
}

struct wf_stream_file *wf_stream_table_oldest(struct wf_stream_table *table)
{
	return table->all.oldest ? &table->files[table->all.oldest] : NULL;
}

struct wf_stream_file *wf_stream_table_newer(struct wf_stream_table *table,
					     const struct wf_stream_file *file)
{
	return file->all.newer ? &table->files[file->all.newer] : NULL;
}

struct wf_stream_file *wf_stream_table_oldest_open(struct wf_stream_table *table)
{
	return table->open.oldest ? &table->files[table->open.oldest] : NULL;
}

bool wf_stream_table_is_valid(const struct wf_stream_table *table)
{
	uint32_t all = 0, open = 0;

	for (uint32_t i = table->all.oldest; i; i = table->files[i].all.newer) {
		if (!table->files[i].key)
			return false;
		open += table->files[i].fd >= 0;
		all++;
	}
	return all == table->all.count && open == table->open.count && all <= table->used &&
	       table->used <= table->max;
}
