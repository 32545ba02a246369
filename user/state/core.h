/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core.h - the body of a store, and the operations on keys that the other files of this room use.
 *
 * Locks are taken in this order: txns_lock, shards by ascending index, order_lock.
 */
#ifndef WF_STATE_CORE_H
#define WF_STATE_CORE_H

#include <stdatomic.h>

#include "base/lock.h"
#include "state/shard.h"
#include "state/watches.h"

enum { WF_CORE_SHARDS = 16 };

struct wf_txn;

struct wf_store {
	struct wf_state_bytes bytes;
	uint64_t seed; /* random; used to hash keys */
	struct wf_shard shards[WF_CORE_SHARDS];
	_Atomic uint64_t entries_max;
	uint32_t txns_max;
	_Atomic uint32_t history_max;
	_Atomic uint64_t entries; /* number of keys, including keys that a running change adds */
	_Atomic uint64_t conflicts;
	_Atomic uint64_t rejected;
	_Atomic uint64_t expired;

	/*
	 * Held while a change gets its version and is pushed to the watches, so that each watch
	 * gets the changes in the order of their versions.
	 */
	struct wf_lock order_lock;
	_Atomic uint64_t version;
	struct wf_watches watches;

	struct wf_lock txns_lock;
	struct wf_txn *txns; /* owned; list */
	_Atomic uint32_t txns_count;
	uint64_t txn_ids;
};

/* struct wf_core_op - a change of one key, or only a condition on its version */
struct wf_core_op {
	const char *key;
	struct wf_record *record; /* taken if the change is made; NULL: only a condition */
	uint64_t if_version;
	struct wf_entry *fresh; /* scratch: entry for a key that does not exist yet */
};

/*
 * Make all changes of @ops, or none. The ops have different keys. On success, the records have
 * their versions and belong to the store; on failure, they stay with the caller. Return: 0; -ESTALE
 * if a condition does not hold; -ENOENT if a key to be deleted does not exist; -ENOSPC if there are
 * entries_max keys; -ENOBUFS; -ENOMEM; -ETIMEDOUT. *@ret_failed: for -ESTALE, -ENOENT and -ENOSPC,
 * the index of the op that failed.
 */
int wf_core_apply(struct wf_store *store, struct wf_core_op *ops, size_t count, uint64_t now_ns,
		  size_t *ret_failed);

/*
 * Make a record for the store. If the limit is reached, histories are released first, then the
 * queues of watches.
 */
int wf_core_record_new(struct wf_store *store, const char *key, const void *value,
		       size_t value_bytes, struct wf_record **ret_record);

/*
 * Release the histories of all keys whose shard can be locked in time. Return: the number of
 * released records.
 */
uint64_t wf_core_release_histories(struct wf_store *store);

/*
 * Charge @bytes. At the limit, histories are released, then the queues of watches. The caller holds
 * no lock other than txns_lock. Return: 0; -ENOBUFS.
 */
int wf_core_charge(struct wf_store *store, uint64_t bytes);

/* Return the shard of @key. */
struct wf_shard *wf_core_shard(struct wf_store *store, const char *key);

/* Read the present record of @key. Return: 0, and a reference; -ENOENT; -ETIMEDOUT. */
int wf_core_get(struct wf_store *store, const char *key, struct wf_record **ret_record);

#endif
