// SPDX-License-Identifier: BSD-2-Clause
/*
 * watches.c - a list of watches, each with a ring of references to records.
 */
#include "state/watches.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct wf_watch {
	struct wf_watch *next;
	uint64_t id;
	uint64_t ttl_ns;
	uint64_t used_ns; /* time of the last poll; at first, of the opening */
	bool is_lost;
	uint32_t first; /* index of the oldest change */
	uint32_t count;
	uint32_t queue_max;
	char prefix[WF_STATE_KEY_MAX_BYTES + 1];
	struct wf_record *queue[]; /* ring; each entry holds a reference */
};

static uint64_t size_of(uint32_t queue_max)
{
	return sizeof(struct wf_watch) + queue_max * sizeof(struct wf_record *);
}

static struct wf_record *take(struct wf_watch *watch)
{
	struct wf_record *record = watch->queue[watch->first];

	watch->first = (watch->first + 1) % watch->queue_max;
	watch->count--;
	return record;
}

static void empty(struct wf_watch *watch)
{
	while (watch->count)
		wf_record_put(take(watch));
}

static void free_watch(struct wf_watches *watches, struct wf_watch *watch)
{
	empty(watch);
	wf_state_uncharge(watches->bytes, size_of(watch->queue_max));
	free(watch);
	atomic_fetch_sub_explicit(&watches->count, 1, memory_order_relaxed);
}

void wf_watches_push(struct wf_watches *watches, struct wf_record *record)
{
	for (struct wf_watch *watch = watches->list; watch; watch = watch->next) {
		if (strncmp(wf_record_key(record), watch->prefix, strlen(watch->prefix)))
			continue;
		if (watch->count == watch->queue_max) {
			empty(watch);
			watch->is_lost = true;
		}
		watch->queue[(watch->first + watch->count++) % watch->queue_max] =
			wf_record_get(record);
	}
}

uint32_t wf_watches_overflow(struct wf_watches *watches)
{
	uint32_t count = 0;

	for (struct wf_watch *watch = watches->list; watch; watch = watch->next) {
		if (!watch->count)
			continue;
		empty(watch);
		watch->is_lost = true;
		count++;
	}
	return count;
}

static bool is_expired(const struct wf_watch *watch, uint64_t now_ns)
{
	return now_ns > watch->used_ns && now_ns - watch->used_ns > watch->ttl_ns;
}

uint32_t wf_watches_expire(struct wf_watches *watches, uint64_t now_ns)
{
	struct wf_watch **link = &watches->list;
	uint32_t count = 0;

	while (*link) {
		struct wf_watch *watch = *link;

		if (now_ns != UINT64_MAX && !is_expired(watch, now_ns)) {
			link = &watch->next;
			continue;
		}
		*link = watch->next;
		free_watch(watches, watch);
		count++;
	}
	return count;
}

static struct wf_watch **find(struct wf_watches *watches, uint64_t id)
{
	struct wf_watch **link = &watches->list;

	while (*link && (*link)->id != id)
		link = &(*link)->next;
	return link;
}

static int new_watch(struct wf_watches *watches, const char *prefix, uint32_t queue_max,
		     struct wf_watch **ret_watch)
{
	struct wf_watch *watch;
	int err = wf_state_charge(watches->bytes, size_of(queue_max));

	if (err)
		return err;
	watch = calloc(1, size_of(queue_max));
	if (!watch) {
		wf_state_uncharge(watches->bytes, size_of(queue_max));
		return -ENOMEM;
	}
	watch->queue_max = queue_max;
	strcpy(watch->prefix, prefix);
	atomic_fetch_add_explicit(&watches->count, 1, memory_order_relaxed);
	*ret_watch = watch;
	return 0;
}

int wf_watches_open(struct wf_watches *watches, const char *prefix, uint32_t queue_max,
		    uint64_t ttl_ns, uint64_t now_ns, uint64_t *ret_id)
{
	struct wf_watch *watch;
	int err;

	if (atomic_load_explicit(&watches->count, memory_order_relaxed) >= watches->max)
		return -ENOSPC;
	err = new_watch(watches, prefix, queue_max, &watch);
	if (err)
		return err;
	watch->ttl_ns = ttl_ns;
	watch->used_ns = now_ns;
	*ret_id = watch->id = ++watches->ids;
	watch->next = watches->list;
	watches->list = watch;
	return 0;
}

int wf_watches_poll(struct wf_watches *watches, uint64_t id, uint64_t now_ns,
		    struct wf_record **records, int max, bool *ret_is_lost)
{
	struct wf_watch *watch = *find(watches, id);
	int count = 0;

	if (!watch)
		return -ENOENT;
	watch->used_ns = now_ns > watch->used_ns ? now_ns : watch->used_ns;
	*ret_is_lost = watch->is_lost;
	watch->is_lost = false;
	while (count < max && watch->count)
		records[count++] = take(watch);
	return count;
}

int wf_watches_close(struct wf_watches *watches, uint64_t id)
{
	struct wf_watch **link = find(watches, id);
	struct wf_watch *watch = *link;

	if (!watch)
		return -ENOENT;
	*link = watch->next;
	free_watch(watches, watch);
	return 0;
}
