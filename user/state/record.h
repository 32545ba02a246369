/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.h - one version of one key: immutable once it has its version, counted by references,
 * charged to a limit.
 *
 *   struct wf_record | key, NUL | value
 *
 * Thread: any. Only the holder of the shard's lock uses the member older.
 */
#ifndef WF_STATE_RECORD_H
#define WF_STATE_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WF_STATE_KEY_MAX_BYTES = 255,
	WF_STATE_VALUE_MAX_BYTES = 1 << 20,
};

/*
 * Value of if_version for changes without a condition. The value 0 requires that the key does not
 * exist.
 */
#define WF_VERSION_ANY UINT64_MAX

/** struct wf_state_bytes - the memory of a store's keys, watches and transactions, and its limit */
struct wf_state_bytes {
	_Atomic uint64_t max_bytes;
	_Atomic uint64_t used_bytes;
};

/**
 * struct wf_record - a version of a key
 * @version:     number of the change that made it; ascending over all keys of the store
 * @time_ns:     time of that change
 * @is_deleted:  the change deleted the key; the value is empty
 * @value_bytes: length of the value
 */
struct wf_record {
	uint64_t version;
	uint64_t time_ns;
	bool is_deleted;
	uint32_t key_bytes; /* without NUL */
	uint32_t value_bytes;
	_Atomic uint32_t refs;
	struct wf_state_bytes *bytes; /* borrowed from the store */
	struct wf_record *older;      /* owned: the next older version in the key's history */
	char data[];
};

/* Charge @bytes. Return: 0; -ENOBUFS if they do not fit in the limit. */
int wf_state_charge(struct wf_state_bytes *state, uint64_t bytes);
void wf_state_uncharge(struct wf_state_bytes *state, uint64_t bytes);

/*
 * Make a record with one reference. @value: NULL for a deletion. Return: 0; -EINVAL if the key is
 * empty or longer than WF_STATE_KEY_MAX_BYTES; -EMSGSIZE if the value is too long; -ENOBUFS if the
 * limit is reached; -ENOMEM.
 */
int wf_record_new(struct wf_state_bytes *state, const char *key, const void *value,
		  size_t value_bytes, struct wf_record **ret_record);

struct wf_record *wf_record_get(struct wf_record *record);

/* Release a reference; the last one frees the record. NULL is allowed. */
void wf_record_put(struct wf_record *record);

static inline const char *wf_record_key(const struct wf_record *record)
{
	return record->data;
}

static inline const void *wf_record_value(const struct wf_record *record)
{
	return record->data + record->key_bytes + 1;
}

#endif
