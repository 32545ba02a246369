// SPDX-License-Identifier: BSD-2-Clause
/*
 * state_read.c - the requests that read the state store.
 *
 *   {"command": "state_list", "prefix": "", "after": KEY, "limit": 1000}
 *     -> {"entries": [{state_entry.h}...], "version": of the latest change,
 *         "truncated": true if there are more keys: ask again, with the last key as "after"}
 *   {"command": "state_get", "key"}      -> {state_entry.h}
 *   {"command": "state_history", "key"}  -> {"versions": [{state_entry.h}...]}, newest first
 */
#include <errno.h>
#include <string.h>

#include "agent/store/state_entry.h"
#include "state/store.h"

enum { LIMIT = 1000, PAGE_BYTES = 1 << 19, ENTRY_BYTES = 128 };

/* The list that answer_list() makes. */
struct page {
	const char *after;
	json_t *entries;
	uint64_t limit;
	size_t bytes; /* upper bound of the length of all entries */
	bool is_truncated;
};

/* Add an entry if its key is after page->after. Return: 0; 1 if there is no room for it; -ENOMEM.
 */
static int add_entry(const struct wf_record *record, void *ctx)
{
	struct page *page = ctx;
	size_t bytes = record->value_bytes + record->key_bytes + ENTRY_BYTES;

	if (*page->after && strcmp(wf_record_key(record), page->after) <= 0)
		return 0;
	if (json_array_size(page->entries) >= page->limit || page->bytes + bytes > PAGE_BYTES) {
		page->is_truncated = true;
		return 1;
	}
	page->bytes += bytes;
	return json_array_append_new(page->entries, wf_state_entry_new(record)) ? -ENOMEM : 0;
}

static json_t *answer_list(const struct wf_request_env *env, const json_t *request,
			   struct wf_control_error *ret_error)
{
	const char *prefix = wf_state_read_text(request, "prefix", ret_error);
	struct page page = {.limit = LIMIT};
	struct wf_store_counts counts;
	int err;

	page.after = prefix ? wf_state_read_text(request, "after", ret_error) : NULL;
	if (!page.after ||
	    !wf_state_read_number(request, "limit", 1, LIMIT, &page.limit, ret_error))
		return NULL;
	/*
	 * The version is read before the list, so that a watch of later versions misses no change.
	 */
	wf_store_counts(env->store, &counts);
	page.entries = json_array();
	err = wf_store_list(env->store, prefix, add_entry, &page);
	if (err < 0) {
		json_decref(page.entries);
		return wf_state_refuse(ret_error, "list", err);
	}
	return json_pack("{so sI sb}", "entries", page.entries, "version",
			 (json_int_t)counts.version, "truncated", page.is_truncated);
}

static json_t *answer_get(const struct wf_request_env *env, const json_t *request,
			  struct wf_control_error *ret_error)
{
	const char *key = wf_state_read_key(request, ret_error);
	struct wf_record *record;
	json_t *entry;
	int err;

	if (!key)
		return NULL;
	err = wf_store_get(env->store, key, &record);
	if (err)
		return wf_state_refuse(ret_error, key, err);
	entry = wf_state_entry_new(record);
	wf_record_put(record);
	return entry ? entry : wf_state_refuse(ret_error, key, -ENOMEM);
}

static int add_version(const struct wf_record *record, void *ctx)
{
	return json_array_append_new(ctx, wf_state_entry_new(record)) ? -ENOMEM : 0;
}

static json_t *answer_history(const struct wf_request_env *env, const json_t *request,
			      struct wf_control_error *ret_error)
{
	const char *key = wf_state_read_key(request, ret_error);
	json_t *versions;
	int err;

	if (!key)
		return NULL;
	versions = json_array();
	err = wf_store_history(env->store, key, add_version, versions);
	if (!err)
		return json_pack("{so}", "versions", versions);
	json_decref(versions);
	return wf_state_refuse(ret_error, key, err);
}

static const struct wf_http_param list_params[] = {
	{.name = "prefix", .member = "prefix"},
	{.name = "after", .member = "after"},
	{.name = "limit", .member = "limit", .is_number = true},
	{.name = NULL},
};

const struct wf_request wf_request_state_list = {
	.name = "state_list",
	.help = "list keys of the state store in order; members: prefix, after, limit",
	.http = {.method = "GET", .path = "/api/v1/state", .params = list_params},
	.answer = answer_list,
};

const struct wf_request wf_request_state_get = {
	.name = "state_get",
	.help = "read a key of the state store; members: key",
	.http = {.method = "GET", .path = "/api/v1/state/", .rest_member = "key"},
	.answer = answer_get,
};

const struct wf_request wf_request_state_history = {
	.name = "state_history",
	.help = "list the present and older versions of a key, newest first; members: key",
	.answer = answer_history,
};
