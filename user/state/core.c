// SPDX-License-Identifier: BSD-2-Clause
/*
 * core.c - changes and reads of entries in shards.
 *
 * A change locks the shards of its keys in ascending order, checks all conditions, allocates what
 * it needs, and takes the order lock. After that it cannot fail: each key's record gets its
 * version, is pushed to the watches and replaces the older record. So all changes of a transaction
 * become visible at the same moment.
 */
#include "state/core.h"

#include <errno.h>

static uint32_t index_of(const struct wf_store *store, const char *key)
{
	return (uint32_t)(wf_state_hash(store->seed, key) >> 32) % WF_CORE_SHARDS;
}

struct wf_shard *wf_core_shard(struct wf_store *store, const char *key)
{
	return &store->shards[index_of(store, key)];
}

static void unlock_shards(struct wf_store *store, uint32_t mask)
{
	for (uint32_t i = 0; i < WF_CORE_SHARDS; i++)
		if (mask >> i & 1)
			wf_lock_put(&store->shards[i].lock);
}

static int lock_shards(struct wf_store *store, uint32_t mask)
{
	for (uint32_t i = 0; i < WF_CORE_SHARDS; i++) {
		int err =
			mask >> i & 1 ? wf_lock_take(&store->shards[i].lock, "state: a change") : 0;

		if (err) {
			unlock_shards(store, mask & ((1u << i) - 1));
			return err;
		}
	}
	return 0;
}

/* Make an entry for a new key. Return: 0; -ENOSPC at entries_max; -ENOBUFS; -ENOMEM. */
static int new_entry(struct wf_store *store, struct wf_shard *shard, struct wf_entry **ret_entry)
{
	int err = -ENOSPC;

	if (atomic_fetch_add_explicit(&store->entries, 1, memory_order_relaxed) <
	    atomic_load_explicit(&store->entries_max, memory_order_relaxed))
		err = wf_entry_new(shard, ret_entry);
	if (err)
		atomic_fetch_sub_explicit(&store->entries, 1, memory_order_relaxed);
	return err;
}

static void free_new_entry(struct wf_store *store, const struct wf_core_op *op)
{
	if (!op->fresh)
		return;
	wf_entry_free(wf_core_shard(store, op->key), op->fresh);
	atomic_fetch_sub_explicit(&store->entries, 1, memory_order_relaxed);
}

/* Check the condition of an op, and allocate an entry if the op sets a key that does not exist. */
static int prepare(struct wf_store *store, struct wf_core_op *op)
{
	struct wf_shard *shard = wf_core_shard(store, op->key);
	const struct wf_entry *entry = wf_shard_find(shard, op->key);
	uint64_t version = entry ? entry->record->version : 0;

	if (op->if_version != WF_VERSION_ANY && op->if_version != version) {
		atomic_fetch_add_explicit(&store->conflicts, 1, memory_order_relaxed);
		return -ESTALE;
	}
	if (entry || !op->record)
		return 0;
	return op->record->is_deleted ? -ENOENT : new_entry(store, shard, &op->fresh);
}

static int prepare_all(struct wf_store *store, struct wf_core_op *ops, size_t count,
		       size_t *ret_failed)
{
	for (size_t i = 0; i < count; i++) {
		int err;

		ops[i].fresh = NULL;
		err = prepare(store, &ops[i]);
		if (!err)
			continue;
		*ret_failed = i;
		while (i-- > 0)
			free_new_entry(store, &ops[i]);
		return err;
	}
	return 0;
}

static void commit_one(struct wf_store *store, const struct wf_core_op *op, uint64_t now_ns)
{
	struct wf_shard *shard = wf_core_shard(store, op->key);
	struct wf_record *record = op->record;

	record->version = atomic_fetch_add_explicit(&store->version, 1, memory_order_relaxed) + 1;
	record->time_ns = now_ns;
	wf_watches_push(&store->watches, record);
	if (op->fresh) {
		wf_shard_insert(shard, op->fresh, record);
	} else if (record->is_deleted) {
		wf_shard_remove(shard, op->key);
		atomic_fetch_sub_explicit(&store->entries, 1, memory_order_relaxed);
		wf_record_put(record);
	} else {
		wf_entry_replace(wf_shard_find(shard, op->key), record,
				 atomic_load_explicit(&store->history_max, memory_order_relaxed));
	}
}

/* Make all changes of @ops, or none. The caller holds the locks of all their shards. */
static int apply_locked(struct wf_store *store, struct wf_core_op *ops, size_t count,
			uint64_t now_ns, size_t *ret_failed)
{
	int err = prepare_all(store, ops, count, ret_failed);

	if (err)
		return err;
	err = wf_lock_take(&store->order_lock, "state: a change");
	if (err) {
		for (size_t i = 0; i < count; i++)
			free_new_entry(store, &ops[i]);
		return err;
	}
	for (size_t i = 0; i < count; i++)
		if (ops[i].record)
			commit_one(store, &ops[i], now_ns);
	wf_lock_put(&store->order_lock);
	return 0;
}

uint64_t wf_core_release_histories(struct wf_store *store)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < WF_CORE_SHARDS; i++) {
		struct wf_shard *shard = &store->shards[i];

		if (wf_lock_take(&shard->lock, "state: releasing histories"))
			continue;
		count += wf_shard_trim(shard, 0);
		wf_lock_put(&shard->lock);
	}
	return count;
}

/*
 * Release memory that is not needed for the present values: the histories if @step is 0, the queues
 * of watches if it is 1 (the next poll of each watch reports the loss). Return true if something
 * was released.
 */
static bool release(struct wf_store *store, int step)
{
	uint32_t count;

	if (step == 0)
		return wf_core_release_histories(store) > 0;
	if (wf_lock_take(&store->order_lock, "state: releasing queues"))
		return false;
	count = wf_watches_overflow(&store->watches);
	wf_lock_put(&store->order_lock);
	return count > 0;
}

enum { RELEASE_STEPS = 2 };

static int apply_once(struct wf_store *store, struct wf_core_op *ops, size_t count, uint64_t now_ns,
		      size_t *ret_failed)
{
	uint32_t mask = 0;
	int err;

	for (size_t i = 0; i < count; i++)
		mask |= 1u << index_of(store, ops[i].key);
	err = lock_shards(store, mask);
	if (err)
		return err;
	err = apply_locked(store, ops, count, now_ns, ret_failed);
	unlock_shards(store, mask);
	return err;
}

int wf_core_apply(struct wf_store *store, struct wf_core_op *ops, size_t count, uint64_t now_ns,
		  size_t *ret_failed)
{
	int err = apply_once(store, ops, count, now_ns, ret_failed);

	for (int step = 0; err == -ENOBUFS && step < RELEASE_STEPS; step++)
		if (release(store, step))
			err = apply_once(store, ops, count, now_ns, ret_failed);
	if (err == -ENOBUFS)
		atomic_fetch_add_explicit(&store->rejected, 1, memory_order_relaxed);
	return err;
}

int wf_core_charge(struct wf_store *store, uint64_t bytes)
{
	int err = wf_state_charge(&store->bytes, bytes);

	for (int step = 0; err == -ENOBUFS && step < RELEASE_STEPS; step++)
		if (release(store, step))
			err = wf_state_charge(&store->bytes, bytes);
	if (err == -ENOBUFS)
		atomic_fetch_add_explicit(&store->rejected, 1, memory_order_relaxed);
	return err;
}

int wf_core_record_new(struct wf_store *store, const char *key, const void *value,
		       size_t value_bytes, struct wf_record **ret_record)
{
	int err = wf_record_new(&store->bytes, key, value, value_bytes, ret_record);

	for (int step = 0; err == -ENOBUFS && step < RELEASE_STEPS; step++)
		if (release(store, step))
			err = wf_record_new(&store->bytes, key, value, value_bytes, ret_record);
	if (err == -ENOBUFS)
		atomic_fetch_add_explicit(&store->rejected, 1, memory_order_relaxed);
	return err;
}

int wf_core_get(struct wf_store *store, const char *key, struct wf_record **ret_record)
{
	struct wf_shard *shard = wf_core_shard(store, key);
	struct wf_entry *entry;
	int err = wf_lock_take(&shard->lock, "state: a read");

	if (err)
		return err;
	entry = wf_shard_find(shard, key);
	if (entry)
		*ret_record = wf_record_get(entry->record);
	wf_lock_put(&shard->lock);
	return entry ? 0 : -ENOENT;
}
