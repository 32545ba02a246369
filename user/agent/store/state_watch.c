// SPDX-License-Identifier: BSD-2-Clause
/*
 * state_watch.c - the request "state_watch": the changes of keys with a prefix, in order.
 *
 *   {"command": "state_watch", "prefix", "queue"}     -> {"watch": number, "version"}
 *   {"command": "state_watch", "watch", "limit"}      -> {"changes": [{state_entry.h}...], "lost"}
 *   {"command": "state_watch", "watch", "close": true} -> {}
 *
 * A watch that is not polled for TTL_SEC ends. "lost": true if changes that are not in "changes"
 * were lost, because more than "queue" changes waited or memory was short.
 */
#include <errno.h>

#include "agent/control/clock.h"
#include "agent/store/state_entry.h"
#include "state/store.h"
#include "state/watch.h"

enum { TTL_SEC = 60, QUEUE_CHANGES = 1024, POLL_CHANGES = 12 };

static json_t *refuse(struct wf_control_error *ret_error, int err)
{
	if (err == -ENOENT)
		return wf_request_refuse(ret_error, "watch",
					 "it has ended: no client polled it for 60 seconds, or it "
					 "was closed");
	if (err == -ENOSPC)
		return wf_request_refuse(ret_error, "watch", "there are too many watches");
	return wf_state_refuse(ret_error, "watch", err);
}

static json_t *open_watch(const struct wf_request_env *env, const json_t *request,
			  struct wf_control_error *ret_error)
{
	const char *prefix = wf_state_read_text(request, "prefix", ret_error);
	struct wf_store_counts counts;
	uint64_t queue = QUEUE_CHANGES;
	uint64_t id;
	int err;

	if (!prefix || !wf_state_read_number(request, "queue", 1, QUEUE_CHANGES, &queue, ret_error))
		return NULL;
	err = wf_watch_open(env->store, prefix, (uint32_t)queue, TTL_SEC * 1000000000ull,
			    wf_clock_now_ns(), &id);
	if (err)
		return refuse(ret_error, err);
	wf_store_counts(env->store, &counts);
	return json_pack("{sI sI}", "watch", (json_int_t)id, "version", (json_int_t)counts.version);
}

static json_t *poll_watch(const struct wf_request_env *env, uint64_t id, uint64_t limit,
			  struct wf_control_error *ret_error)
{
	struct wf_record *records[POLL_CHANGES];
	bool is_lost = false;
	int count = wf_watch_poll(env->store, id, wf_clock_now_ns(), records, (int)limit, &is_lost);
	json_t *changes;

	if (count < 0)
		return refuse(ret_error, count);
	changes = json_array();
	for (int i = 0; i < count; i++) {
		is_lost |= json_array_append_new(changes, wf_state_entry_new(records[i])) != 0;
		wf_record_put(records[i]);
	}
	return json_pack("{so sb}", "changes", changes, "lost", is_lost);
}

static json_t *answer_watch(const struct wf_request_env *env, const json_t *request,
			    struct wf_control_error *ret_error)
{
	uint64_t id = 0;
	uint64_t limit = POLL_CHANGES;
	int err;

	if (!wf_state_read_number(request, "watch", 1, INT64_MAX, &id, ret_error) ||
	    !wf_state_read_number(request, "limit", 1, POLL_CHANGES, &limit, ret_error))
		return NULL;
	if (!id)
		return open_watch(env, request, ret_error);
	if (!json_is_true(json_object_get(request, "close")))
		return poll_watch(env, id, limit, ret_error);
	err = wf_watch_close(env->store, id);
	return err ? refuse(ret_error, err) : json_object();
}

const struct wf_request wf_request_state_watch = {
	.name = "state_watch",
	.help = "watch keys of the state store: open a watch, ask for its changes, close it; "
		"members: prefix, queue, or watch, limit, close",
	.answer = answer_watch,
};
