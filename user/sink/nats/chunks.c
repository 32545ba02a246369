// SPDX-License-Identifier: BSD-2-Clause
/*
 * chunks.c - collects the bytes of a connection into messages of up to 64 KiB.
 *
 * Entries are found by flow id in a hash table with chains, and are linked in the order in which
 * they began. A buffer begins small and doubles, because most connections carry little data.
 */
#include "sink/nats/chunks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 4096 };

struct entry {
	struct wf_chunk chunk;
	uint8_t *buffer; /* owned */
	uint32_t room;	 /* size of the buffer */
	uint64_t born_ns;
	struct entry *chain; /* the next entry of the bucket, or the next free one */
	struct entry *older, *newer;
};

struct wf_chunks {
	struct wf_chunks_opts opts;
	uint64_t room_bytes; /* sum of all buffers */
	uint32_t count;
	uint32_t buckets_mask;
	struct entry **buckets;
	struct entry *entries;
	struct entry *free_entry;
	struct entry *oldest, *newest;
};

int wf_chunks_new(const struct wf_chunks_opts *opts, struct wf_chunks **ret_chunks)
{
	struct wf_chunks *chunks = calloc(1, sizeof(*chunks));
	uint32_t buckets = 1;

	if (!chunks)
		return -ENOMEM;
	while (buckets < opts->chunks_max)
		buckets *= 2;
	chunks->opts = *opts;
	chunks->buckets_mask = buckets - 1;
	chunks->buckets = calloc(buckets, sizeof(chunks->buckets[0]));
	chunks->entries = calloc(opts->chunks_max, sizeof(chunks->entries[0]));
	if (!chunks->buckets || !chunks->entries) {
		wf_chunks_free(chunks);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < opts->chunks_max; i++) {
		chunks->entries[i].chain = chunks->free_entry;
		chunks->free_entry = &chunks->entries[i];
	}
	*ret_chunks = chunks;
	return 0;
}

void wf_chunks_free(struct wf_chunks *chunks)
{
	if (!chunks)
		return;
	for (struct entry *entry = chunks->oldest; entry; entry = entry->newer)
		free(entry->buffer);
	free(chunks->entries);
	free(chunks->buckets);
	free(chunks);
}

static struct entry **bucket_of(const struct wf_chunks *chunks, uint64_t flow_id)
{
	/* Flow ids contain random bits, also in their lower half. */
	return &chunks->buckets[(flow_id ^ flow_id >> 24) & chunks->buckets_mask];
}

static struct entry *find(const struct wf_chunks *chunks, uint64_t flow_id)
{
	struct entry *entry = *bucket_of(chunks, flow_id);

	while (entry && entry->chunk.flow.id != flow_id)
		entry = entry->chain;
	return entry;
}

/* Remove @entry from the table and the list, and free its buffer. */
static void take_out(struct wf_chunks *chunks, struct entry *entry)
{
	struct entry **link = bucket_of(chunks, entry->chunk.flow.id);

	while (*link != entry)
		link = &(*link)->chain;
	*link = entry->chain;
	*(entry->older ? &entry->older->newer : &chunks->oldest) = entry->newer;
	*(entry->newer ? &entry->newer->older : &chunks->newest) = entry->older;
	chunks->room_bytes -= entry->room;
	free(entry->buffer);
	*entry = (struct entry){.chain = chunks->free_entry};
	chunks->free_entry = entry;
	chunks->count--;
}

static int pass_on(struct wf_chunks *chunks, struct entry *entry)
{
	int err;

	entry->chunk.bytes = entry->buffer;
	err = chunks->opts.fn(&entry->chunk, chunks->opts.ctx);
	take_out(chunks, entry);
	return err;
}

int wf_chunks_end_flow(struct wf_chunks *chunks, uint64_t flow_id)
{
	struct entry *entry = find(chunks, flow_id);

	return entry ? pass_on(chunks, entry) : 0;
}

int wf_chunks_end_older(struct wf_chunks *chunks, uint64_t before_ns)
{
	int err = 0;

	while (!err && chunks->oldest && chunks->oldest->born_ns <= before_ns)
		err = pass_on(chunks, chunks->oldest);
	return err;
}

uint32_t wf_chunks_count(const struct wf_chunks *chunks)
{
	return chunks->count;
}

/* ---- adding ---- */

/* Begin an entry at byte @off of the direction of @event. There must be a free one. */
static struct entry *begin(struct wf_chunks *chunks, const struct weft_event *event, uint64_t off,
			   uint64_t now_ns)
{
	struct entry **bucket = bucket_of(chunks, event->flow->id);
	struct entry *entry = chunks->free_entry;

	chunks->free_entry = entry->chain;
	*entry = (struct entry){
		.chunk = {.flow = *event->flow,
			  .dir = event->dir,
			  .off = off,
			  .time_ns = event->time_ns},
		.born_ns = now_ns,
		.chain = *bucket,
		.older = chunks->newest,
	};
	*bucket = entry;
	*(chunks->newest ? &chunks->newest->newer : &chunks->oldest) = entry;
	chunks->newest = entry;
	chunks->count++;
	return entry;
}

static bool continues(const struct wf_chunks *chunks, const struct entry *entry, enum weft_dir dir,
		      uint64_t off)
{
	return entry->chunk.dir == dir && entry->chunk.off + entry->chunk.len_bytes == off &&
	       entry->chunk.len_bytes < chunks->opts.chunk_bytes_max;
}

/* Make the buffer of @entry large enough for @len bytes. Return: 0; -ENOMEM. */
static int make_room(struct wf_chunks *chunks, struct entry *entry, uint32_t len)
{
	uint32_t room = entry->room ? entry->room : ROOM_MIN;
	uint8_t *buffer;

	while (room < len)
		room *= 2;
	if (room > chunks->opts.chunk_bytes_max)
		room = chunks->opts.chunk_bytes_max;
	if (room == entry->room)
		return 0;
	buffer = realloc(entry->buffer, room);
	if (!buffer)
		return -ENOMEM;
	chunks->room_bytes += room - entry->room;
	entry->buffer = buffer;
	entry->room = room;
	return 0;
}

/* Pass the oldest chunks to opts.fn while a limit is reached. */
static int keep_limits(struct wf_chunks *chunks)
{
	int err = 0;

	while (!err && (!chunks->free_entry || chunks->room_bytes >= chunks->opts.bytes_max))
		err = pass_on(chunks, chunks->oldest);
	return err;
}

/* Pass the oldest chunks to opts.fn while all buffers together exceed opts.bytes_max. */
static int keep_bytes(struct wf_chunks *chunks)
{
	int err = 0;

	while (!err && chunks->room_bytes > chunks->opts.bytes_max)
		err = pass_on(chunks, chunks->oldest);
	return err;
}

/*
 * Return in *ret_entry the entry to which the bytes of @event from @off on are added. Return: 0; an
 * error of fn.
 */
static int entry_for(struct wf_chunks *chunks, const struct weft_event *event, uint64_t off,
		     uint64_t now_ns, struct entry **ret_entry)
{
	struct entry *entry = find(chunks, event->flow->id);
	int err = 0;

	if (entry && continues(chunks, entry, event->dir, off)) {
		*ret_entry = entry;
		return 0;
	}
	if (entry)
		err = pass_on(chunks, entry);
	if (!err)
		err = keep_limits(chunks);
	if (!err)
		*ret_entry = begin(chunks, event, off, now_ns);
	return err;
}

int wf_chunks_add(struct wf_chunks *chunks, const struct weft_event *event, uint64_t now_ns)
{
	uint32_t done = 0, len = event->data.len_bytes;
	int err = 0;

	while (!err && done < len) {
		struct entry *entry;
		uint32_t have, part;

		err = entry_for(chunks, event, event->data.off + done, now_ns, &entry);
		if (err)
			break;
		have = entry->chunk.len_bytes;
		part = chunks->opts.chunk_bytes_max - have;
		if (part > len - done)
			part = len - done;
		err = make_room(chunks, entry, have + part);
		if (err)
			break;
		memcpy(entry->buffer + have, event->data.bytes + done, part);
		entry->chunk.len_bytes += part;
		done += part;
		err = keep_bytes(chunks);
	}
	return err;
}
