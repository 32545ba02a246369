// SPDX-License-Identifier: BSD-2-Clause
/*
 * store.c - makes and frees a store; changes of one key; lists and histories; upkeep.
 */
#include "state/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "state/core.h"
#include "state/txn_internal.h"

enum {
	DEFAULT_MAX_BYTES = 16 << 20,
	DEFAULT_WATCHES = 256,
	DEFAULT_TXNS = 64,
	DEFAULT_LOCK_TIMEOUT_MS = 1000,
};

/* ---- making and freeing ---- */

void wf_store_set_limits(struct wf_store *store, uint64_t max_bytes, uint64_t entries_max)
{
	atomic_store_explicit(&store->bytes.max_bytes, max_bytes ? max_bytes : DEFAULT_MAX_BYTES,
			      memory_order_relaxed);
	atomic_store_explicit(&store->entries_max, entries_max ? entries_max : UINT64_MAX,
			      memory_order_relaxed);
}

int wf_store_new(const struct wf_store_opts *opts, struct wf_store **ret_store)
{
	const uint32_t timeout_ms =
		opts->lock_timeout_ms ? opts->lock_timeout_ms : DEFAULT_LOCK_TIMEOUT_MS;
	struct wf_store *store = calloc(1, sizeof(*store));
	int err = 0;

	if (!store)
		return -ENOMEM;
	if (getrandom(&store->seed, sizeof(store->seed), 0) != sizeof(store->seed)) {
		free(store);
		return -EIO;
	}
	store->history_max = opts->history_max ? opts->history_max : WF_STORE_HISTORY_MAX;
	wf_store_set_limits(store, opts->max_bytes, opts->entries_max);
	store->watches.max = opts->watches_max ? opts->watches_max : DEFAULT_WATCHES;
	store->watches.bytes = &store->bytes;
	store->txns_max = opts->txns_max ? opts->txns_max : DEFAULT_TXNS;
	wf_lock_init(&store->order_lock, timeout_ms);
	wf_lock_init(&store->txns_lock, timeout_ms);
	for (uint32_t i = 0; !err && i < WF_CORE_SHARDS; i++)
		err = wf_shard_init(&store->shards[i], &store->bytes, store->seed, timeout_ms);
	if (err) {
		wf_store_free(store);
		return err;
	}
	*ret_store = store;
	return 0;
}

void wf_store_free(struct wf_store *store)
{
	if (!store)
		return;
	wf_txns_expire(store, UINT64_MAX);
	wf_watches_expire(&store->watches, UINT64_MAX);
	for (uint32_t i = 0; i < WF_CORE_SHARDS; i++)
		wf_shard_fini(&store->shards[i]);
	wf_lock_fini(&store->txns_lock);
	wf_lock_fini(&store->order_lock);
	free(store);
}

/* ---- changes ---- */

static int change(struct wf_store *store, const char *key, const void *value, size_t value_bytes,
		  uint64_t if_version, uint64_t now_ns, uint64_t *ret_version)
{
	struct wf_core_op op = {.key = key, .if_version = if_version};
	struct wf_record *mine;
	size_t failed;
	int err = wf_core_record_new(store, key, value, value_bytes, &op.record);

	if (err)
		return err;
	/* Keep a reference, because another change may replace the record at once. */
	mine = wf_record_get(op.record);
	err = wf_core_apply(store, &op, 1, now_ns, &failed);
	if (err)
		wf_record_put(op.record);
	else if (ret_version)
		*ret_version = mine->version;
	wf_record_put(mine);
	return err;
}

int wf_store_set(struct wf_store *store, const char *key, const void *value, size_t value_bytes,
		 uint64_t if_version, uint64_t now_ns, uint64_t *ret_version)
{
	return change(store, key, value_bytes ? value : "", value_bytes, if_version, now_ns,
		      ret_version);
}

int wf_store_delete(struct wf_store *store, const char *key, uint64_t if_version, uint64_t now_ns,
		    uint64_t *ret_version)
{
	return change(store, key, NULL, 0, if_version, now_ns, ret_version);
}

/* ---- reads ---- */

int wf_store_get(struct wf_store *store, const char *key, struct wf_record **ret_record)
{
	return wf_core_get(store, key, ret_record);
}

/* References to records: collected while locks are held, passed to a function after that. */
struct found {
	struct wf_record **records;
	size_t count;
	size_t room;
};

static int add_found(struct found *found, struct wf_record *record)
{
	size_t room = found->room ? 2 * found->room : 64;
	struct wf_record **records = found->records;

	if (found->count == found->room) {
		records = realloc(records, room * sizeof(struct wf_record *));
		if (!records)
			return -ENOMEM;
		found->records = records;
		found->room = room;
	}
	records[found->count++] = wf_record_get(record);
	return 0;
}

/* Give the records to @fn, unless @err is set, and release them. */
static int give_found(struct found *found, int err, wf_store_fn fn, void *ctx)
{
	for (size_t i = 0; i < found->count; i++) {
		if (!err)
			err = fn(found->records[i], ctx);
		wf_record_put(found->records[i]);
	}
	free(found->records);
	return err;
}

static int find_in_shard(struct wf_shard *shard, const char *prefix, struct found *found)
{
	const size_t prefix_bytes = strlen(prefix);
	int err = wf_lock_take(&shard->lock, "state: a list");

	if (err)
		return err;
	for (size_t i = 0; !err && i < shard->buckets_count; i++)
		for (struct wf_entry *entry = shard->buckets[i]; !err && entry; entry = entry->next)
			if (!strncmp(wf_record_key(entry->record), prefix, prefix_bytes))
				err = add_found(found, entry->record);
	wf_lock_put(&shard->lock);
	return err;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(wf_record_key(*(struct wf_record *const *)a),
		      wf_record_key(*(struct wf_record *const *)b));
}

int wf_store_list(struct wf_store *store, const char *prefix, wf_store_fn fn, void *ctx)
{
	struct found found = {NULL, 0, 0};
	int err = 0;

	for (uint32_t i = 0; !err && i < WF_CORE_SHARDS; i++)
		err = find_in_shard(&store->shards[i], prefix, &found);
	if (!err && found.count)
		qsort(found.records, found.count, sizeof(*found.records), compare_keys);
	return give_found(&found, err, fn, ctx);
}

int wf_store_history(struct wf_store *store, const char *key, wf_store_fn fn, void *ctx)
{
	struct wf_shard *shard = wf_core_shard(store, key);
	struct found found = {NULL, 0, 0};
	const struct wf_entry *entry;
	int err = wf_lock_take(&shard->lock, "state: a history");

	if (err)
		return err;
	entry = wf_shard_find(shard, key);
	err = entry ? 0 : -ENOENT;
	for (struct wf_record *record = entry ? entry->record : NULL; !err && record;
	     record = record->older)
		err = add_found(&found, record);
	wf_lock_put(&shard->lock);
	return give_found(&found, err, fn, ctx);
}

/* ---- upkeep ---- */

int wf_store_limit_history(struct wf_store *store, uint32_t history_max, uint64_t *ret_released)
{
	uint64_t released = 0;
	int first = 0;

	atomic_store_explicit(&store->history_max, history_max, memory_order_relaxed);
	for (uint32_t i = 0; i < WF_CORE_SHARDS; i++) {
		struct wf_shard *shard = &store->shards[i];
		int err = wf_lock_take(&shard->lock, "state: shortening histories");

		if (!err) {
			released += wf_shard_trim(shard, history_max);
			wf_lock_put(&shard->lock);
		} else if (!first) {
			first = err;
		}
	}
	if (ret_released)
		*ret_released = released;
	return first;
}

int64_t wf_store_cleanup(struct wf_store *store, uint64_t now_ns)
{
	uint32_t count;
	int err = wf_lock_take(&store->txns_lock, "state: cleanup");

	if (err)
		return err;
	count = wf_txns_expire(store, now_ns);
	wf_lock_put(&store->txns_lock);
	err = wf_lock_take(&store->order_lock, "state: cleanup");
	if (!err) {
		count += wf_watches_expire(&store->watches, now_ns);
		wf_lock_put(&store->order_lock);
	}
	atomic_fetch_add_explicit(&store->expired, count, memory_order_relaxed);
	return err ? err : (int64_t)count;
}

void wf_store_counts(const struct wf_store *store, struct wf_store_counts *ret_counts)
{
	*ret_counts = (struct wf_store_counts){
		.entries = atomic_load_explicit(&store->entries, memory_order_relaxed),
		.used_bytes = atomic_load_explicit(&store->bytes.used_bytes, memory_order_relaxed),
		.max_bytes = atomic_load_explicit(&store->bytes.max_bytes, memory_order_relaxed),
		.version = atomic_load_explicit(&store->version, memory_order_relaxed),
		.conflicts = atomic_load_explicit(&store->conflicts, memory_order_relaxed),
		.rejected = atomic_load_explicit(&store->rejected, memory_order_relaxed),
		.expired = atomic_load_explicit(&store->expired, memory_order_relaxed),
		.watches = atomic_load_explicit(&store->watches.count, memory_order_relaxed),
		.txns = atomic_load_explicit(&store->txns_count, memory_order_relaxed),
	};
}
