/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.h - a store of versioned entries in memory.
 *
 * Each change of a key makes a record with a new version; versions ascend over all keys, in the
 * order of the changes. Up to history_max earlier versions of a key stay as its history, as long as
 * memory allows. The memory of keys, watches and transactions is charged to max_bytes: at this
 * limit, histories are released first, then the queues of watches, and then changes are rejected.
 *
 * The caller passes all times, in ns. Watches, transactions and wf_store_cleanup() need the time of
 * one monotonic clock. The time of a change is only recorded, so any clock is allowed.
 *
 * Thread: any. Calls return -ETIMEDOUT if a lock was not released in time.
 */
#ifndef WF_STATE_STORE_H
#define WF_STATE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "state/record.h"

struct wf_store;

enum { WF_STORE_HISTORY_MAX = 8 }; /* default of history_max */

/**
 * struct wf_store_opts - options of a store; 0 selects the default, given in parentheses
 * @max_bytes:    limit of the memory of keys, watches and transactions (16 MiB)
 * @entries_max:  maximum number of keys (no limit)
 * @history_max:  maximum number of older versions of each key (8)
 * @watches_max:  maximum number of watches (256)
 * @txns_max:     maximum number of open transactions (64)
 * @lock_timeout_ms: time limit of waiting for a lock (1000)
 */
struct wf_store_opts {
	uint64_t max_bytes;
	uint64_t entries_max;
	uint32_t history_max;
	uint32_t watches_max;
	uint32_t txns_max;
	uint32_t lock_timeout_ms;
};

/*
 * Create a store. Return: 0; -EIO if the kernel gives no random numbers; -ENOBUFS if max_bytes is
 * too small; -ENOMEM.
 */
int wf_store_new(const struct wf_store_opts *opts, struct wf_store **ret_store);

/*
 * Use other limits from now on; 0: the default of struct wf_store_opts. If the store already
 * exceeds a limit, it keeps its keys, and rejects changes that need more. Thread: any.
 */
void wf_store_set_limits(struct wf_store *store, uint64_t max_bytes, uint64_t entries_max);

/*
 * Free the store, its watches and transactions. The caller has put all records. NULL is allowed.
 */
void wf_store_free(struct wf_store *store);

/*
 * Read the present record of @key. Return: 0; -ENOENT. *@ret_record: put by the caller with
 * wf_record_put().
 */
int wf_store_get(struct wf_store *store, const char *key, struct wf_record **ret_record);

/*
 * Set @key to a copy of the value, if its present version is @if_version (WF_VERSION_ANY: always).
 * *@ret_version: the new version; may be NULL. Return: 0; -ESTALE if it has another version;
 * -EINVAL if the key is empty or too long; -EMSGSIZE if the value is too long; -ENOSPC if there are
 * entries_max keys; -ENOBUFS if the limit of memory is reached; -ENOMEM.
 */
int wf_store_set(struct wf_store *store, const char *key, const void *value, size_t value_bytes,
		 uint64_t if_version, uint64_t now_ns, uint64_t *ret_version);

/*
 * Delete @key and its history. Return: as wf_store_set(); if there is no such key, -ESTALE if
 * @if_version is the number of a version, otherwise -ENOENT.
 */
int wf_store_delete(struct wf_store *store, const char *key, uint64_t if_version, uint64_t now_ns,
		    uint64_t *ret_version);

/*
 * wf_store_fn - function that receives a record, which is valid during the call only. A result
 * other than 0 ends the iteration. The function may call functions of the store.
 */
typedef int (*wf_store_fn)(const struct wf_record *record, void *ctx);

/*
 * Call @fn for each key that begins with @prefix, in the order of keys. Each record was present
 * during the call, but not necessarily at the same moment as the others. Reads all keys of the
 * store, and sorts those that begin with @prefix. Return: 0; the result of @fn that ended the
 * iteration; -ENOMEM.
 */
int wf_store_list(struct wf_store *store, const char *prefix, wf_store_fn fn, void *ctx);

/*
 * Call @fn for the present record of @key and those of its history, newest first. Return: as
 * wf_store_list(); -ENOENT if there is no such key.
 */
int wf_store_history(struct wf_store *store, const char *key, wf_store_fn fn, void *ctx);

/*
 * Keep at most @history_max older versions of each key from now on, and release the others.
 * *@ret_released: number of released versions; may be NULL. Return: 0; -ETIMEDOUT if some keys were
 * not reached.
 */
int wf_store_limit_history(struct wf_store *store, uint32_t history_max, uint64_t *ret_released);

/*
 * End the watches and transactions that were not used for their TTL. Call it periodically. Return:
 * their number; -ETIMEDOUT.
 */
int64_t wf_store_cleanup(struct wf_store *store, uint64_t now_ns);

/** struct wf_store_counts - what the store holds */
struct wf_store_counts {
	uint64_t entries;
	uint64_t used_bytes;
	uint64_t max_bytes;
	uint64_t version; /* of the latest change */
	uint64_t conflicts;
	uint64_t rejected; /* changes, and calls for a transaction, that exceeded max_bytes */
	uint64_t expired;  /* watches and transactions whose TTL has passed */
	uint32_t watches;
	uint32_t txns;
};
void wf_store_counts(const struct wf_store *store, struct wf_store_counts *ret_counts);

#endif
