// SPDX-License-Identifier: BSD-2-Clause
/*
 * txn.c - a list of transactions, each with a list of keys: the version that was read or is
 * required, and the staged record.
 */
#include "state/txn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state/txn_internal.h"

struct txn_key {
	struct txn_key *next;
	uint64_t if_version;	  /* version that is required; WF_VERSION_ANY: none */
	struct wf_record *staged; /* owned; NULL: the key was only read */
	char name[WF_STATE_KEY_MAX_BYTES + 1];
};

struct wf_txn {
	struct wf_txn *next;
	uint64_t id;
	uint64_t ttl_ns;
	uint64_t used_ns;
	struct txn_key *keys; /* owned */
	size_t keys_count;
};

static void *new_charged(struct wf_store *store, size_t bytes, int *ret_err)
{
	void *memory;

	*ret_err = wf_core_charge(store, bytes);
	if (*ret_err)
		return NULL;
	memory = calloc(1, bytes);
	if (!memory) {
		wf_state_uncharge(&store->bytes, bytes);
		*ret_err = -ENOMEM;
	}
	return memory;
}

static void free_txn(struct wf_store *store, struct wf_txn *txn)
{
	while (txn->keys) {
		struct txn_key *key = txn->keys;

		txn->keys = key->next;
		wf_record_put(key->staged);
		wf_state_uncharge(&store->bytes, sizeof(*key));
		free(key);
	}
	wf_state_uncharge(&store->bytes, sizeof(*txn));
	free(txn);
}

/* ---- the list, under txns_lock ---- */

static struct wf_txn **find(struct wf_store *store, uint64_t id)
{
	struct wf_txn **link = &store->txns;

	while (*link && (*link)->id != id)
		link = &(*link)->next;
	return link;
}

static struct wf_txn *detach(struct wf_store *store, struct wf_txn **link)
{
	struct wf_txn *txn = *link;

	if (!txn)
		return NULL;
	*link = txn->next;
	atomic_fetch_sub_explicit(&store->txns_count, 1, memory_order_relaxed);
	return txn;
}

static bool is_expired(const struct wf_txn *txn, uint64_t now_ns)
{
	return now_ns > txn->used_ns && now_ns - txn->used_ns > txn->ttl_ns;
}

uint32_t wf_txns_expire(struct wf_store *store, uint64_t now_ns)
{
	struct wf_txn **link = &store->txns;
	uint32_t count = 0;

	while (*link) {
		if (now_ns == UINT64_MAX || is_expired(*link, now_ns)) {
			free_txn(store, detach(store, link));
			count++;
		} else {
			link = &(*link)->next;
		}
	}
	return count;
}

/* Take the lock and find the transaction. Return: 0, with the lock held; negative errno. */
static int hold(struct wf_store *store, uint64_t id, uint64_t now_ns, struct wf_txn **ret_txn)
{
	int err = wf_lock_take(&store->txns_lock, "state: a transaction");

	if (err)
		return err;
	*ret_txn = *find(store, id);
	if (!*ret_txn) {
		wf_lock_put(&store->txns_lock);
		return -ENOENT;
	}
	if (now_ns > (*ret_txn)->used_ns)
		(*ret_txn)->used_ns = now_ns;
	return 0;
}

/* ---- keys ---- */

static struct txn_key *find_key(const struct wf_txn *txn, const char *name)
{
	struct txn_key *key = txn->keys;

	while (key && strcmp(key->name, name))
		key = key->next;
	return key;
}

/* Find the key, or add it. Return: 0; -EINVAL; -ENOSPC; -ENOBUFS; -ENOMEM. */
static int need_key(struct wf_store *store, struct wf_txn *txn, const char *name,
		    struct txn_key **ret_key)
{
	const size_t bytes = strnlen(name, WF_STATE_KEY_MAX_BYTES + 1);
	struct txn_key *key;
	int err;

	if (!bytes || bytes > WF_STATE_KEY_MAX_BYTES)
		return -EINVAL;
	*ret_key = find_key(txn, name);
	if (*ret_key)
		return 0;
	if (txn->keys_count == WF_TXN_KEYS_MAX)
		return -ENOSPC;
	key = new_charged(store, sizeof(*key), &err);
	if (!key)
		return err;
	key->if_version = WF_VERSION_ANY;
	strcpy(key->name, name);
	key->next = txn->keys;
	txn->keys = key;
	txn->keys_count++;
	*ret_key = key;
	return 0;
}

/*
 * Read the present record. Require that the commit finds the same version, unless a version is
 * required already.
 */
static int read_key(struct wf_store *store, struct txn_key *key, struct wf_record **ret_record)
{
	struct wf_record *record = NULL;
	int err = wf_core_get(store, key->name, &record);

	if (err && err != -ENOENT)
		return err;
	if (key->if_version == WF_VERSION_ANY)
		key->if_version = record ? record->version : 0;
	*ret_record = record;
	return 0;
}

/* Stage @record as the change of its key. The record is taken, also on failure. */
static int stage(struct wf_store *store, struct wf_txn *txn, struct wf_record *record,
		 uint64_t if_version)
{
	struct txn_key *key;
	int err = need_key(store, txn, wf_record_key(record), &key);

	if (!err && if_version != WF_VERSION_ANY) {
		if (key->if_version != WF_VERSION_ANY && key->if_version != if_version)
			err = -ESTALE;
		else
			key->if_version = if_version;
	}
	if (err) {
		wf_record_put(record);
		return err;
	}
	wf_record_put(key->staged);
	key->staged = record;
	return 0;
}

/* ---- calls ---- */

int wf_txn_begin(struct wf_store *store, uint64_t ttl_ns, uint64_t now_ns, uint64_t *ret_id)
{
	struct wf_txn *txn;
	int err = wf_lock_take(&store->txns_lock, "state: beginning a transaction");

	if (err)
		return err;
	if (atomic_load(&store->txns_count) >= store->txns_max) {
		wf_lock_put(&store->txns_lock);
		return -ENOSPC;
	}
	txn = new_charged(store, sizeof(*txn), &err);
	if (txn) {
		txn->ttl_ns = ttl_ns;
		txn->used_ns = now_ns;
		*ret_id = txn->id = ++store->txn_ids;
		txn->next = store->txns;
		store->txns = txn;
		atomic_fetch_add_explicit(&store->txns_count, 1, memory_order_relaxed);
	}
	wf_lock_put(&store->txns_lock);
	return err;
}

int wf_txn_get(struct wf_store *store, uint64_t id, const char *name, uint64_t now_ns,
	       struct wf_record **ret_record)
{
	struct txn_key *key;
	struct wf_txn *txn;
	int err = hold(store, id, now_ns, &txn);

	if (err)
		return err;
	err = need_key(store, txn, name, &key);
	if (!err && key->staged)
		*ret_record = key->staged->is_deleted ? NULL : wf_record_get(key->staged);
	else if (!err)
		err = read_key(store, key, ret_record);
	wf_lock_put(&store->txns_lock);
	return err;
}

static int stage_change(struct wf_store *store, uint64_t id, const char *name, const void *value,
			size_t value_bytes, uint64_t if_version, uint64_t now_ns)
{
	struct wf_record *record;
	struct wf_txn *txn;
	int err = wf_core_record_new(store, name, value, value_bytes, &record);

	if (err)
		return err;
	err = hold(store, id, now_ns, &txn);
	if (err) {
		wf_record_put(record);
		return err;
	}
	err = stage(store, txn, record, if_version);
	wf_lock_put(&store->txns_lock);
	return err;
}

int wf_txn_set(struct wf_store *store, uint64_t id, const char *key, const void *value,
	       size_t value_bytes, uint64_t if_version, uint64_t now_ns)
{
	return stage_change(store, id, key, value_bytes ? value : "", value_bytes, if_version,
			    now_ns);
}

int wf_txn_delete(struct wf_store *store, uint64_t id, const char *key, uint64_t if_version,
		  uint64_t now_ns)
{
	return stage_change(store, id, key, NULL, 0, if_version, now_ns);
}

/* Apply the staged changes of a transaction that is in no list. */
static int apply(struct wf_store *store, struct wf_txn *txn, uint64_t now_ns, char *conflict)
{
	const size_t bytes = txn->keys_count * sizeof(struct wf_core_op);
	struct wf_core_op *ops;
	size_t failed = 0;
	size_t count = 0;
	int err = 0;

	if (!txn->keys_count)
		return 0;
	ops = new_charged(store, bytes, &err);
	if (!ops)
		return err;
	for (struct txn_key *key = txn->keys; key; key = key->next)
		ops[count++] = (struct wf_core_op){
			.key = key->name,
			.record = key->staged,
			.if_version = key->if_version,
		};
	err = wf_core_apply(store, ops, count, now_ns, &failed);
	if (err == -ESTALE || err == -ENOENT)
		strcpy(conflict, ops[failed].key);
	/* On success, the store has taken the records. */
	for (struct txn_key *key = txn->keys; !err && key; key = key->next)
		key->staged = NULL;
	wf_state_uncharge(&store->bytes, bytes);
	free(ops);
	return err;
}

int wf_txn_commit(struct wf_store *store, uint64_t id, uint64_t now_ns, char *conflict)
{
	struct wf_txn *txn;
	int err = wf_lock_take(&store->txns_lock, "state: a commit");

	conflict[0] = '\0';
	if (err)
		return err;
	txn = detach(store, find(store, id));
	wf_lock_put(&store->txns_lock);
	if (!txn)
		return -ENOENT;
	err = apply(store, txn, now_ns, conflict);
	free_txn(store, txn);
	return err;
}

int wf_txn_roll_back(struct wf_store *store, uint64_t id)
{
	struct wf_txn *txn;
	int err = wf_lock_take(&store->txns_lock, "state: a roll-back");

	if (err)
		return err;
	txn = detach(store, find(store, id));
	wf_lock_put(&store->txns_lock);
	if (!txn)
		return -ENOENT;
	free_txn(store, txn);
	return 0;
}
