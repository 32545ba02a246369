// SPDX-License-Identifier: BSD-2-Clause
/*
 * shard.c - a hash table with chains.
 *
 * The table doubles when it has as many entries as buckets. If the memory for that is missing, the
 * chains become longer instead, so that insertion never fails once its entry exists.
 */
#include "state/shard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MIN = 16 };

uint64_t wf_state_hash(uint64_t seed, const char *key)
{
	uint64_t hash = seed;

	for (; *key; key++) {
		hash = (hash ^ (unsigned char)*key) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 29;
	}
	hash *= 0xbf58476d1ce4e5b9;
	return hash ^ hash >> 32;
}

static int buckets_new(struct wf_state_bytes *bytes, size_t count, struct wf_entry ***ret_buckets)
{
	int err = wf_state_charge(bytes, count * sizeof(struct wf_entry *));
	struct wf_entry **buckets;

	if (err)
		return err;
	buckets = calloc(count, sizeof(*buckets));
	if (!buckets) {
		wf_state_uncharge(bytes, count * sizeof(*buckets));
		return -ENOMEM;
	}
	*ret_buckets = buckets;
	return 0;
}

static void buckets_free(struct wf_shard *shard)
{
	wf_state_uncharge(shard->bytes, shard->buckets_count * sizeof(*shard->buckets));
	free(shard->buckets);
}

static struct wf_entry **bucket_of(const struct wf_shard *shard, const char *key)
{
	return &shard->buckets[wf_state_hash(shard->seed, key) & (shard->buckets_count - 1)];
}

int wf_shard_init(struct wf_shard *shard, struct wf_state_bytes *bytes, uint64_t seed,
		  uint32_t lock_timeout_ms)
{
	int err;

	*shard = (struct wf_shard){.bytes = bytes, .seed = seed};
	err = buckets_new(bytes, BUCKETS_MIN, &shard->buckets);
	if (err)
		return err;
	shard->buckets_count = BUCKETS_MIN;
	wf_lock_init(&shard->lock, lock_timeout_ms);
	return 0;
}

struct wf_entry *wf_shard_find(const struct wf_shard *shard, const char *key)
{
	struct wf_entry *entry = *bucket_of(shard, key);

	while (entry && strcmp(wf_record_key(entry->record), key))
		entry = entry->next;
	return entry;
}

int wf_entry_new(struct wf_shard *shard, struct wf_entry **ret_entry)
{
	int err = wf_state_charge(shard->bytes, sizeof(struct wf_entry));

	if (err)
		return err;
	*ret_entry = calloc(1, sizeof(struct wf_entry));
	if (*ret_entry)
		return 0;
	wf_state_uncharge(shard->bytes, sizeof(struct wf_entry));
	return -ENOMEM;
}

void wf_entry_free(struct wf_shard *shard, struct wf_entry *entry)
{
	if (!entry)
		return;
	wf_state_uncharge(shard->bytes, sizeof(*entry));
	free(entry);
}

/* Release the versions older than @record, except the newest @keep. Return: number released. */
static uint64_t trim(struct wf_record *record, uint32_t keep)
{
	struct wf_record *older;
	uint64_t count = 0;

	while (keep-- && record->older)
		record = record->older;
	if (keep != UINT32_MAX)
		return 0;
	older = record->older;
	record->older = NULL;
	while (older) {
		struct wf_record *next = older->older;

		older->older = NULL;
		wf_record_put(older);
		older = next;
		count++;
	}
	return count;
}

static void grow(struct wf_shard *shard)
{
	struct wf_shard larger = *shard;

	if (shard->entries_count < shard->buckets_count ||
	    buckets_new(shard->bytes, 2 * shard->buckets_count, &larger.buckets))
		return;
	larger.buckets_count *= 2;
	for (size_t i = 0; i < shard->buckets_count; i++) {
		struct wf_entry *entry = shard->buckets[i];

		while (entry) {
			struct wf_entry *next = entry->next;
			struct wf_entry **bucket = bucket_of(&larger, wf_record_key(entry->record));

			entry->next = *bucket;
			*bucket = entry;
			entry = next;
		}
	}
	buckets_free(shard);
	shard->buckets = larger.buckets;
	shard->buckets_count = larger.buckets_count;
}

void wf_shard_insert(struct wf_shard *shard, struct wf_entry *entry, struct wf_record *record)
{
	struct wf_entry **bucket;

	grow(shard);
	bucket = bucket_of(shard, wf_record_key(record));
	entry->record = record;
	entry->next = *bucket;
	*bucket = entry;
	shard->entries_count++;
}

void wf_entry_replace(struct wf_entry *entry, struct wf_record *record, uint32_t history_max)
{
	record->older = entry->record;
	entry->record = record;
	trim(record, history_max);
}

void wf_shard_remove(struct wf_shard *shard, const char *key)
{
	struct wf_entry **link = bucket_of(shard, key);
	struct wf_entry *entry;

	while (strcmp(wf_record_key((*link)->record), key))
		link = &(*link)->next;
	entry = *link;
	*link = entry->next;
	trim(entry->record, 0);
	wf_record_put(entry->record);
	wf_entry_free(shard, entry);
	shard->entries_count--;
}

uint64_t wf_shard_trim(struct wf_shard *shard, uint32_t history_max)
{
	uint64_t count = 0;

	for (size_t i = 0; i < shard->buckets_count; i++)
		for (struct wf_entry *entry = shard->buckets[i]; entry; entry = entry->next)
			count += trim(entry->record, history_max);
	return count;
}

void wf_shard_fini(struct wf_shard *shard)
{
	if (!shard->buckets)
		return;
	for (size_t i = 0; i < shard->buckets_count; i++)
		while (shard->buckets[i]) {
			struct wf_entry *entry = shard->buckets[i];

			shard->buckets[i] = entry->next;
			trim(entry->record, 0);
			wf_record_put(entry->record);
			wf_entry_free(shard, entry);
		}
	buckets_free(shard);
	wf_lock_fini(&shard->lock);
}
