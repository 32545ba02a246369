// SPDX-License-Identifier: BSD-2-Clause
/*
 * window.c - messages that are not acknowledged yet: decides which one is sent or repeated when.
 *
 * Entries lie in an array of slots, so that an acknowledgement finds its entry by its id. Each
 * pending entry is in the list `age`, and it
 *
 *   waits for the entry of its key before it (previous → next), or
 *   is in the list `ready`: first those to be sent again, then in order of becoming ready, or
 *   is in the list `in_flight`, in order of sending.
 *
 * A table finds the last entry of each key, to which the next one is chained.
 */
#include "sink/nats/window.h"

#include <errno.h>
#include <stdlib.h>

enum {
	NONE = 0, /* index 0 is the head of each list, and no entry */
	SLOTS_MIN = 64,
};

enum entry_state {
	ENTRY_FREE = 0,
	ENTRY_BLOCKED, /* the entry of the same key before it is still pending */
	ENTRY_READY,
	ENTRY_SENT,
};

struct links {
	uint32_t before, after;
};

struct entry {
	void *message; /* owned */
	uint64_t key;
	uint64_t born_ns;
	uint64_t sent_ns;
	uint32_t bytes;
	uint32_t payload_bytes;
	uint32_t use;	   /* number of messages that had this slot, with this one */
	uint32_t next;	   /* the next entry of the key; of a free entry: the next free one */
	uint32_t chain;	   /* of the last entry of a key: the next one in its bucket */
	struct links age;  /* list of all pending entries, by age */
	struct links turn; /* list `ready` or `in_flight` */
	uint8_t state;
	bool is_last; /* it is the last entry of its key */
	bool was_sent;
};

struct wf_window {
	struct wf_window_opts opts;
	struct wf_window_stats stats;
	uint64_t in_flight_bytes;
	struct entry *entries; /* entry 0 is not used */
	uint32_t *buckets;     /* last entries by key; as many as entries */
	uint32_t slots;	       /* a power of two */
	uint32_t free_slot;
	struct links age;
	struct links ready;
	struct links in_flight;
	bool is_probing;
	uint64_t probe_ns; /* time of the next probe */
	uint64_t retry_ns;
};

/* ---- lists: `before` of the head is the last entry, `after` the first one ---- */

static struct links *links_of(struct wf_window *window, struct links *head, uint32_t index)
{
	struct entry *entry = &window->entries[index];

	if (index == NONE)
		return head;
	return head == &window->age ? &entry->age : &entry->turn;
}

static void insert_after(struct wf_window *window, struct links *head, uint32_t before,
			 uint32_t index)
{
	struct links *links = links_of(window, head, index);
	struct links *left = links_of(window, head, before);

	links->before = before;
	links->after = left->after;
	links_of(window, head, left->after)->before = index;
	left->after = index;
}

static void append(struct wf_window *window, struct links *head, uint32_t index)
{
	insert_after(window, head, head->before, index);
}

static void take_out(struct wf_window *window, struct links *head, uint32_t index)
{
	struct links *links = links_of(window, head, index);

	links_of(window, head, links->before)->after = links->after;
	links_of(window, head, links->after)->before = links->before;
}

/* ---- slots and keys ---- */

static uint32_t *bucket_of(const struct wf_window *window, uint64_t key)
{
	return &window->buckets[(key * 0x9e3779b97f4a7c15ull >> 32) & (window->slots - 1)];
}

/* Return the last entry with @key; NONE if there is none. */
static uint32_t find_last(const struct wf_window *window, uint64_t key)
{
	uint32_t index = *bucket_of(window, key);

	while (index != NONE && window->entries[index].key != key)
		index = window->entries[index].chain;
	return index;
}

static void set_last(struct wf_window *window, uint32_t index)
{
	struct entry *entry = &window->entries[index];
	uint32_t *bucket = bucket_of(window, entry->key);

	entry->is_last = true;
	entry->chain = *bucket;
	*bucket = index;
}

static void unset_last(struct wf_window *window, uint32_t index)
{
	struct entry *entry = &window->entries[index];
	uint32_t *link = bucket_of(window, entry->key);

	while (*link != index)
		link = &window->entries[*link].chain;
	*link = entry->chain;
	entry->is_last = false;
}

static int grow(struct wf_window *window)
{
	uint32_t old_slots = window->slots;
	uint32_t slots = old_slots ? old_slots * 2 : SLOTS_MIN;
	uint32_t *buckets = calloc(slots, sizeof(*buckets));
	struct entry *entries = buckets ? realloc(window->entries, slots * sizeof(*entries)) : NULL;

	if (!entries) {
		free(buckets);
		return -ENOMEM;
	}
	free(window->buckets);
	window->entries = entries;
	window->buckets = buckets;
	window->slots = slots;
	for (uint32_t i = old_slots ? old_slots : 1; i < slots; i++) {
		entries[i] = (struct entry){.next = window->free_slot};
		window->free_slot = i;
	}
	for (uint32_t i = 1; i < old_slots; i++)
		if (entries[i].is_last)
			set_last(window, i);
	return 0;
}

int wf_window_new(const struct wf_window_opts *opts, struct wf_window **ret_window)
{
	struct wf_window *window = calloc(1, sizeof(*window));

	if (!window)
		return -ENOMEM;
	window->opts = *opts;
	window->retry_ns = opts->retry_ns;
	if (grow(window)) {
		free(window);
		return -ENOMEM;
	}
	*ret_window = window;
	return 0;
}

void wf_window_free(struct wf_window *window)
{
	if (!window)
		return;
	for (uint32_t i = 1; i < window->slots; i++)
		if (window->entries[i].state != ENTRY_FREE)
			window->opts.free_fn(window->entries[i].message);
	free(window->entries);
	free(window->buckets);
	free(window);
}

/* ---- pushing ---- */

bool wf_window_has_room(const struct wf_window *window, uint64_t bytes)
{
	return !window->stats.pending ||
	       window->stats.pending_bytes + bytes <= window->opts.bytes_max;
}

bool wf_window_has_key(const struct wf_window *window, uint64_t key)
{
	return find_last(window, key) != NONE;
}

int wf_window_next_id(struct wf_window *window, struct wf_window_id *ret_id)
{
	if (window->free_slot == NONE && grow(window))
		return -ENOMEM;
	ret_id->slot = window->free_slot;
	ret_id->use = window->entries[window->free_slot].use + 1;
	return 0;
}

static void make_ready(struct wf_window *window, uint32_t index)
{
	window->entries[index].state = ENTRY_READY;
	append(window, &window->ready, index);
}

/* Chain entry @index to the last entry of its key; if there is none, make entry @index ready. */
static void chain_key(struct wf_window *window, uint32_t index)
{
	struct entry *entry = &window->entries[index];
	uint32_t last = entry->key == WF_WINDOW_NO_KEY ? NONE : find_last(window, entry->key);

	if (last == NONE) {
		make_ready(window, index);
	} else {
		window->entries[last].next = index;
		unset_last(window, last);
	}
	if (entry->key != WF_WINDOW_NO_KEY)
		set_last(window, index);
}

int wf_window_push(struct wf_window *window, uint64_t key, void *message, uint32_t bytes,
		   uint32_t payload_bytes, uint64_t now_ns)
{
	struct wf_window_id id;
	struct entry *entry;

	if (!wf_window_has_room(window, bytes))
		return -ENOBUFS;
	if (wf_window_next_id(window, &id))
		return -ENOMEM;
	entry = &window->entries[id.slot];
	window->free_slot = entry->next;
	*entry = (struct entry){
		.message = message,
		.key = key,
		.born_ns = now_ns,
		.bytes = bytes,
		.payload_bytes = payload_bytes,
		.use = id.use,
		.state = ENTRY_BLOCKED,
	};
	append(window, &window->age, id.slot);
	chain_key(window, id.slot);
	window->stats.pushed++;
	window->stats.pending++;
	window->stats.pending_bytes += bytes;
	return 0;
}

/* ---- sending ---- */

static bool may_send(const struct wf_window *window, uint64_t now_ns)
{
	if (window->ready.after == NONE)
		return false;
	if (window->is_probing)
		return !window->stats.in_flight && now_ns >= window->probe_ns;
	return window->stats.in_flight < window->opts.in_flight_max &&
	       window->in_flight_bytes < window->opts.in_flight_bytes_max;
}

bool wf_window_has_backlog(const struct wf_window *window)
{
	return window->ready.after != NONE;
}

void *wf_window_next(struct wf_window *window, uint64_t now_ns)
{
	uint32_t index = window->ready.after;
	struct entry *entry = &window->entries[index];

	if (!may_send(window, now_ns))
		return NULL;
	take_out(window, &window->ready, index);
	append(window, &window->in_flight, index);
	window->stats.sent++;
	window->stats.retried += entry->was_sent;
	window->stats.in_flight++;
	window->in_flight_bytes += entry->bytes;
	entry->state = ENTRY_SENT;
	entry->was_sent = true;
	entry->sent_ns = now_ns;
	return entry->message;
}

/* ---- answers ---- */

/* Return the entry with @id, NULL if it is no longer pending. */
static struct entry *find(struct wf_window *window, struct wf_window_id id)
{
	struct entry *entry;

	if (id.slot == NONE || id.slot >= window->slots)
		return NULL;
	entry = &window->entries[id.slot];
	return entry->state != ENTRY_FREE && entry->use == id.use ? entry : NULL;
}

/* Remove a sent entry from the list `in_flight`. */
static void land(struct wf_window *window, uint32_t index)
{
	struct entry *entry = &window->entries[index];

	take_out(window, &window->in_flight, index);
	window->stats.in_flight--;
	window->in_flight_bytes -= entry->bytes;
}

/* Remove entry @index, and let the next one of its key be sent. */
static void finish(struct wf_window *window, uint32_t index)
{
	struct entry *entry = &window->entries[index];

	if (entry->state == ENTRY_SENT)
		land(window, index);
	else
		take_out(window, &window->ready, index);
	take_out(window, &window->age, index);
	if (entry->is_last)
		unset_last(window, index);
	else if (entry->key != WF_WINDOW_NO_KEY)
		make_ready(window, entry->next);
	window->stats.pending--;
	window->stats.pending_bytes -= entry->bytes;
	window->opts.free_fn(entry->message);
	*entry = (struct entry){.use = entry->use, .next = window->free_slot};
	window->free_slot = index;
}

bool wf_window_acked(struct wf_window *window, struct wf_window_id id)
{
	struct entry *entry = find(window, id);

	/* A message that was never sent cannot have been stored, so the answer is ignored. */
	if (!entry || !entry->was_sent)
		return false;
	window->stats.acked++;
	window->stats.acked_payload_bytes += entry->payload_bytes;
	window->is_probing = false;
	window->retry_ns = window->opts.retry_ns;
	finish(window, id.slot);
	return true;
}

void wf_window_give_up(struct wf_window *window, struct wf_window_id id)
{
	struct entry *entry = find(window, id);

	if (!entry || !entry->was_sent)
		return;
	window->stats.failed++;
	window->is_probing = false;
	finish(window, id.slot);
}

/*
 * Set the time of the next probe to retry_ns from now, and double retry_ns for the probe after it,
 * up to opts.retry_max_ns. If a probe is already set whose time has not come, change nothing.
 */
static void probe_later(struct wf_window *window, uint64_t now_ns)
{
	if (window->is_probing && now_ns < window->probe_ns)
		return;
	window->is_probing = true;
	window->probe_ns = now_ns + window->retry_ns;
	window->retry_ns = window->retry_ns * 2 < window->opts.retry_max_ns
				   ? window->retry_ns * 2
				   : window->opts.retry_max_ns;
}

/* Put a sent entry into the list `ready`: at its beginning, or after entry @before. */
static void send_again(struct wf_window *window, uint32_t before, uint32_t index)
{
	land(window, index);
	window->entries[index].state = ENTRY_READY;
	insert_after(window, &window->ready, before, index);
}

void wf_window_rejected(struct wf_window *window, struct wf_window_id id, uint64_t now_ns)
{
	struct entry *entry = find(window, id);

	if (!entry || entry->state != ENTRY_SENT)
		return;
	send_again(window, NONE, id.slot);
	probe_later(window, now_ns);
}

/*
 * Put all messages that are under way back to the beginning of the list `ready`, in the order in
 * which they were sent.
 */
static void send_all_again(struct wf_window *window)
{
	uint32_t index, before = NONE;

	while ((index = window->in_flight.after) != NONE) {
		send_again(window, before, index);
		before = index;
	}
}

void wf_window_rejected_some(struct wf_window *window, uint64_t now_ns)
{
	if (!window->stats.in_flight)
		return;
	send_all_again(window);
	probe_later(window, now_ns);
}

void wf_window_expire(struct wf_window *window, uint64_t now_ns)
{
	uint32_t first = window->in_flight.after;

	if (first != NONE && now_ns - window->entries[first].sent_ns >= window->opts.ack_timeout_ns)
		wf_window_rejected_some(window, now_ns);
}

void wf_window_disconnected(struct wf_window *window)
{
	send_all_again(window);
	window->is_probing = true;
	window->probe_ns = 0;
	window->retry_ns = window->opts.retry_ns;
}

/* ---- state ---- */

void wf_window_stats_read(const struct wf_window *window, struct wf_window_stats *ret_stats)
{
	*ret_stats = window->stats;
	ret_stats->oldest_ns =
		window->age.after == NONE ? 0 : window->entries[window->age.after].born_ns;
}

/* Return the number of entries of a list, or UINT64_MAX if one is not in @state. */
static uint64_t count(const struct wf_window *window, const struct links *head,
		      enum entry_state state)
{
	uint64_t entries = 0;

	for (uint32_t i = head->after; i != NONE; i = window->entries[i].turn.after) {
		if (window->entries[i].state != state)
			return UINT64_MAX;
		entries++;
	}
	return entries;
}

bool wf_window_is_valid(const struct wf_window *window)
{
	const struct wf_window_stats *stats = &window->stats;
	uint64_t states[ENTRY_SENT + 1] = {0};
	uint64_t bytes = 0;

	for (uint32_t i = 1; i < window->slots; i++) {
		const struct entry *entry = &window->entries[i];

		states[entry->state]++;
		bytes += entry->bytes;
		if (entry->state == ENTRY_FREE || entry->key == WF_WINDOW_NO_KEY)
			continue;
		if (entry->is_last != (entry->next == NONE))
			return false;
		if (entry->next != NONE && window->entries[entry->next].state != ENTRY_BLOCKED)
			return false;
	}
	return count(window, &window->ready, ENTRY_READY) == states[ENTRY_READY] &&
	       count(window, &window->in_flight, ENTRY_SENT) == states[ENTRY_SENT] &&
	       states[ENTRY_SENT] == stats->in_flight && bytes == stats->pending_bytes &&
	       states[ENTRY_BLOCKED] + states[ENTRY_READY] + states[ENTRY_SENT] == stats->pending &&
	       stats->pushed == stats->acked + stats->failed + stats->pending;
}
