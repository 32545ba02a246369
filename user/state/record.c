// SPDX-License-Identifier: BSD-2-Clause
/*
 * record.c - makes records, counts references to them, and frees them.
 */
#include "state/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int wf_state_charge(struct wf_state_bytes *state, uint64_t bytes)
{
	uint64_t max_bytes = atomic_load_explicit(&state->max_bytes, memory_order_relaxed);
	uint64_t used = atomic_load_explicit(&state->used_bytes, memory_order_relaxed);

	do {
		if (bytes > max_bytes || used > max_bytes - bytes)
			return -ENOBUFS;
	} while (!atomic_compare_exchange_weak_explicit(&state->used_bytes, &used, used + bytes,
							memory_order_relaxed,
							memory_order_relaxed));
	return 0;
}

void wf_state_uncharge(struct wf_state_bytes *state, uint64_t bytes)
{
	atomic_fetch_sub_explicit(&state->used_bytes, bytes, memory_order_relaxed);
}

static uint64_t size_of(size_t key_bytes, size_t value_bytes)
{
	return sizeof(struct wf_record) + key_bytes + 1 + value_bytes;
}

int wf_record_new(struct wf_state_bytes *state, const char *key, const void *value,
		  size_t value_bytes, struct wf_record **ret_record)
{
	const size_t key_bytes = strnlen(key, WF_STATE_KEY_MAX_BYTES + 1);
	const size_t bytes = value ? value_bytes : 0;
	struct wf_record *record;
	int err;

	if (!key_bytes || key_bytes > WF_STATE_KEY_MAX_BYTES)
		return -EINVAL;
	if (bytes > WF_STATE_VALUE_MAX_BYTES)
		return -EMSGSIZE;
	err = wf_state_charge(state, size_of(key_bytes, bytes));
	if (err)
		return err;
	record = malloc(size_of(key_bytes, bytes));
	if (!record) {
		wf_state_uncharge(state, size_of(key_bytes, bytes));
		return -ENOMEM;
	}
	*record = (struct wf_record){
		.is_deleted = !value,
		.key_bytes = (uint32_t)key_bytes,
		.value_bytes = (uint32_t)bytes,
		.refs = 1,
		.bytes = state,
	};
	memcpy(record->data, key, key_bytes + 1);
	if (bytes)
		memcpy(record->data + key_bytes + 1, value, bytes);
	*ret_record = record;
	return 0;
}

struct wf_record *wf_record_get(struct wf_record *record)
{
	atomic_fetch_add_explicit(&record->refs, 1, memory_order_relaxed);
	return record;
}

void wf_record_put(struct wf_record *record)
{
	/* Pairs with the other releases: all uses of the record happen before it is freed. */
	if (!record || atomic_fetch_sub_explicit(&record->refs, 1, memory_order_acq_rel) > 1)
		return;
	wf_state_uncharge(record->bytes, size_of(record->key_bytes, record->value_bytes));
	free(record);
}
