/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * txn.h - transactions: changes of several keys that are made together or not at all.
 *
 *   begin ─► get, set, delete (staged, seen by this transaction only) ─► commit or roll back
 *
 * A transaction holds no lock between calls. It requires a version of each key that it has read
 * from the store, or for which a condition was given. If a key has another version at the commit,
 * that is a conflict: nothing is changed, and the transaction ends. wf_store_cleanup() rolls back a
 * transaction that was not used for its TTL.
 *
 * Thread: any; the calls of one transaction may come from different threads.
 */
#ifndef WF_STATE_TXN_H
#define WF_STATE_TXN_H

#include <stddef.h>
#include <stdint.h>

#include "state/record.h"

struct wf_store;

enum { WF_TXN_KEYS_MAX = 1024 };

/* Begin a transaction. Return: 0 and its number; -ENOSPC if too many are open; -ENOBUFS; -ENOMEM;
 * -ETIMEDOUT. */
int wf_txn_begin(struct wf_store *store, uint64_t ttl_ns, uint64_t now_ns, uint64_t *ret_id);

/*
 * Read a key as this transaction sees it. *@ret_record: put by the caller; NULL: there is no such
 * key. A record that this transaction has staged has no version before the commit. Return: 0;
 * -ENOENT if the transaction has ended; -ENOSPC if it has WF_TXN_KEYS_MAX keys; -EINVAL; -ENOBUFS;
 * -ENOMEM; -ETIMEDOUT.
 */
int wf_txn_get(struct wf_store *store, uint64_t id, const char *key, uint64_t now_ns,
	       struct wf_record **ret_record);

/*
 * Stage a change. @if_version: the version that the key must have before the commit; 0: the key
 * must not exist; WF_VERSION_ANY: no condition. Return: as wf_txn_get(); -ESTALE if @if_version
 * differs from a version that the transaction already requires; -EMSGSIZE.
 */
int wf_txn_set(struct wf_store *store, uint64_t id, const char *key, const void *value,
	       size_t value_bytes, uint64_t if_version, uint64_t now_ns);
int wf_txn_delete(struct wf_store *store, uint64_t id, const char *key, uint64_t if_version,
		  uint64_t now_ns);

/*
 * Make all staged changes, and end the transaction, also on failure; only after -ETIMEDOUT, it may
 * still exist. @conflict: at least WF_STATE_KEY_MAX_BYTES + 1 bytes; the key of the conflict if
 * -ESTALE or -ENOENT is returned, else "". Return: 0; -ESTALE: a key has another version; -ENOENT:
 * a key to be deleted does not exist, or, with an empty @conflict, the transaction has ended;
 * -ENOSPC if there are entries_max keys; -ENOBUFS; -ENOMEM; -ETIMEDOUT.
 */
int wf_txn_commit(struct wf_store *store, uint64_t id, uint64_t now_ns, char *conflict);

/* End the transaction without a change. Return: 0; -ENOENT if it has ended; -ETIMEDOUT. */
int wf_txn_roll_back(struct wf_store *store, uint64_t id);

#endif
