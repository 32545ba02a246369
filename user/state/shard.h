/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shard.h - a part of the keys of a store: a hash table of entries, each with its present record
 * and its history.
 *
 *   entry ─► record (present) ─► older ─► older      at most history_max older ones
 *
 * Thread: the holder of the lock.
 */
#ifndef WF_STATE_SHARD_H
#define WF_STATE_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "state/record.h"

struct wf_entry {
	struct wf_entry *next;	  /* next entry of the bucket */
	struct wf_record *record; /* owned; present version */
};

struct wf_shard {
	struct wf_lock lock;
	struct wf_state_bytes *bytes; /* borrowed */
	uint64_t seed;
	struct wf_entry **buckets; /* owned */
	size_t buckets_count;	   /* a power of two */
	size_t entries_count;
};

/*
 * Return a hash of @key. The upper 32 bits choose the shard, the lower ones the bucket. @seed: a
 * random number of the store, so that no client can choose keys that fall into one bucket.
 */
uint64_t wf_state_hash(uint64_t seed, const char *key);

int wf_shard_init(struct wf_shard *shard, struct wf_state_bytes *bytes, uint64_t seed,
		  uint32_t lock_timeout_ms);
void wf_shard_fini(struct wf_shard *shard);

/* Return the entry of @key; NULL if there is none. */
struct wf_entry *wf_shard_find(const struct wf_shard *shard, const char *key);

/* Make an entry that is in no bucket. Return: 0; -ENOBUFS; -ENOMEM. */
int wf_entry_new(struct wf_shard *shard, struct wf_entry **ret_entry);

/* Free an entry that is in no bucket and has no record. NULL is allowed. */
void wf_entry_free(struct wf_shard *shard, struct wf_entry *entry);

/* Insert @entry with @record, whose key is not in the shard. The entry takes the record. */
void wf_shard_insert(struct wf_shard *shard, struct wf_entry *entry, struct wf_record *record);

/* Make @record the present version, and take it. At most @history_max older versions stay. */
void wf_entry_replace(struct wf_entry *entry, struct wf_record *record, uint32_t history_max);

/* Remove the entry of @key with its history. */
void wf_shard_remove(struct wf_shard *shard, const char *key);

/* Keep at most @history_max older versions of each entry. Return: number of released versions. */
uint64_t wf_shard_trim(struct wf_shard *shard, uint32_t history_max);

#endif
