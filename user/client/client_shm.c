// SPDX-License-Identifier: BSD-2-Clause
/*
 * client_shm.c - reads frames from a ring that an agent writes.
 *
 * The agent is not trusted: lengths and offsets are checked against the sizes of the mappings,
 * which are sealed so that they cannot shrink, except those of capture files. A record is copied
 * before it is checked, because the agent may write to it at any time. If the position is still the
 * same after the copy, the copy is whole: the agent moves the position before it overwrites a
 * record.
 *
 * Moving the position is slow, because the agent reads it on another CPU. So records without data
 * in the arena are passed several at once, before they are read: their copies need nothing of the
 * agent any more. A record with data in the arena is passed alone, when its data was used.
 *
 * The agent ends a client that moves the position too seldom (idle_ttl_ms), so a client that takes
 * long for its events must pass few at once: batches grow only while each is read quickly.
 */
#include "client/client_shm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "client/client_socket.h"

enum {
	CACHE_LINE_BYTES = 64,
	PREFETCH_BYTES = 2048, /* maximum data of one record that is prefetched */
	/* a batch that took longer is followed by one of a single record */
	SLOW_NS = 50000000,
};

/* ---- mapping ---- */

/* Return the size of a memfd that cannot shrink; 0 if it is something else. */
static size_t size_of(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) || st.st_size < 0)
		return 0;
	return (size_t)st.st_size;
}

static void *map(int fd, size_t bytes, int protection)
{
	void *start = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);

	return start == MAP_FAILED ? NULL : start;
}

static int map_all(struct wf_client_shm *shm, const int *fds)
{
	shm->client = map(fds[WF_SHM_POSITION], sizeof(*shm->client), PROT_READ | PROT_WRITE);
	shm->arena = map(fds[WF_SHM_ARENA], shm->arena_bytes, PROT_READ);
	return shm->client && shm->arena ? 0 : -errno;
}

/*
 * Find the ring in the arena. Return: 0 on success; -EPROTO if it is not there; -EPROTONOSUPPORT if
 * the agent has another version.
 */
static int find_ring(struct wf_client_shm *shm)
{
	uint64_t off = shm->client->ring_off, room;
	uint32_t slots;

	if (off % WF_SHM_SLOT_BYTES || off > shm->arena_bytes ||
	    shm->arena_bytes - off < WF_SHM_HEAD_BYTES)
		return -EPROTO;
	room = shm->arena_bytes - off - WF_SHM_HEAD_BYTES;
	shm->head = (const struct wf_shm_head *)(shm->arena + off);
	slots = shm->slots = shm->head->slots;
	if (shm->head->version != WF_SHM_VERSION)
		return -EPROTONOSUPPORT;
	if (slots < WF_SHM_RECORD_SLOTS || slots > WF_SHM_SLOTS_MAX || slots & (slots - 1) ||
	    (uint64_t)slots * WF_SHM_SLOT_BYTES > room)
		return -EPROTO;
	return 0;
}

int wf_client_shm_open(struct wf_client_shm *shm, int fd, const int *fds)
{
	int err;

	*shm = (struct wf_client_shm){
		.arena_bytes = size_of(fds[WF_SHM_ARENA]),
		.asked = WF_SHM_NOT_WANTED,
		.batch_max = 1,
		.fd = fd,
	};
	if (!shm->arena_bytes || size_of(fds[WF_SHM_POSITION]) < sizeof(*shm->client))
		return -EPROTO;
	err = map_all(shm, fds);
	if (!err) {
		shm->position = atomic_load(&shm->client->position);
		err = find_ring(shm);
	}
	if (err)
		wf_client_shm_close(shm);
	return err;
}

void wf_client_shm_close(struct wf_client_shm *shm)
{
	if (shm->client)
		munmap(shm->client, sizeof(*shm->client));
	if (shm->arena)
		munmap((void *)shm->arena, shm->arena_bytes);
	wf_client_files_close(&shm->files);
	*shm = (struct wf_client_shm){.arena = NULL};
}

/* ---- the position ---- */

/*
 * Move the position over @slots. Return: false if the agent has moved it; then shm->position is set
 * to the agent's value.
 */
static bool pass(struct wf_client_shm *shm, uint32_t slots)
{
	uint64_t pos = shm->position;

	/* Pairs with the agent's compare-and-swap: what was read was read before the move. */
	if (atomic_compare_exchange_strong(&shm->client->position, &pos, shm->position + slots)) {
		shm->position += slots;
		return true;
	}
	shm->position = pos;
	return false;
}

bool wf_client_shm_release(struct wf_client_shm *shm)
{
	uint32_t held = shm->held;

	shm->held = 0;
	return !held || pass(shm, held);
}

bool wf_client_shm_is_wanted(struct wf_client_shm *shm)
{
	/* Pairs with the agent's load of the position after it has set wanted. */
	uint64_t wanted = atomic_load(&shm->head->wanted);

	if (wanted > shm->position || wanted == shm->asked)
		return false;
	shm->asked = wanted;
	return true;
}

bool wf_client_shm_sleep(struct wf_client_shm *shm)
{
	/* The ring was closed: sleep until the socket reports the end of the connection. */
	if (shm->position == WF_SHM_CLOSED)
		return true;
	atomic_store(&shm->client->is_asleep, 1);
	/* Pairs with the agent's load of is_asleep after it has published. */
	return atomic_load(&shm->head->published) == shm->position;
}

/* ---- files ---- */

ssize_t wf_client_shm_receive(struct wf_client_shm *shm, uint64_t deadline_ns)
{
	uint8_t bytes[64];
	int file;
	ssize_t got = wf_client_receive_fds(shm->fd, bytes, sizeof(bytes), deadline_ns, &file, 1);
	int err = got > 0 && file >= 0 ? wf_client_files_add(&shm->files, file) : 0;

	return err ? err : got;
}

/* Receive files until the one with this number is there, or no more bytes wait on the socket. */
static void receive_file(struct wf_client_shm *shm, uint32_t number)
{
	while (shm->files.count < number && wf_client_shm_receive(shm, 0) > 0)
		;
}

/* ---- copying ---- */

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EPROTO;
}

static const uint8_t *slot_at(const struct wf_client_shm *shm, uint64_t pos)
{
	return (const uint8_t *)shm->head + WF_SHM_HEAD_BYTES +
	       (pos & (shm->slots - 1)) * WF_SHM_SLOT_BYTES;
}

static const struct wf_shm_record *copy_at(const struct wf_client_shm *shm, uint32_t slot)
{
	return (const struct wf_shm_record *)shm->batch[slot];
}

/* Return the number of slots from @pos up to the end of the ring, at most @waiting. */
static uint64_t room_at(const struct wf_client_shm *shm, uint64_t pos, uint64_t waiting)
{
	uint64_t room = shm->slots - (pos & (shm->slots - 1));

	return room < waiting ? room : waiting;
}

/* Return true if a record with this header fits in @room slots. */
static bool is_possible(const struct wf_shm_record *header, uint64_t room)
{
	return header->slots && header->slots <= room &&
	       (!header->frame_bytes || header->slots <= WF_SHM_RECORD_SLOTS) &&
	       header->frame_bytes <=
		       (uint64_t)header->slots * WF_SHM_SLOT_BYTES - sizeof(struct wf_shm_record);
}

/* Return true if the record keeps data of the agent in use. */
static bool is_lent(const struct wf_shm_record *header)
{
	return header->data_bytes && !header->file;
}

/*
 * Copy records at the position, of which @waiting slots are published: those up to the first one
 * whose data lies in the arena, or that one alone; no more are added after batch_max slots. Records
 * that are empty, or not possible, are copied only if they are the first one. Return: the length of
 * the copied records that can be passed at once, in slots.
 */
static uint32_t copy_records(struct wf_client_shm *shm, uint64_t waiting)
{
	uint32_t used = 0;

	while (used < shm->batch_max && used < waiting) {
		const struct wf_shm_record *header = copy_at(shm, used);
		const uint8_t *from = slot_at(shm, shm->position + used);
		uint64_t room = room_at(shm, shm->position + used, waiting - used);

		memcpy(shm->batch[used], from, WF_SHM_SLOT_BYTES);
		if (!header->frame_bytes || !is_possible(header, room) ||
		    header->slots > WF_CLIENT_BATCH_SLOTS - used)
			break;
		if (header->slots > 1)
			memcpy(shm->batch[used + 1], from + WF_SHM_SLOT_BYTES,
			       (size_t)(header->slots - 1) * WF_SHM_SLOT_BYTES);
		if (is_lent(header))
			break;
		used += header->slots;
	}
	return used;
}

/* Begin to read a batch of @slots slots. */
static void begin_batch(struct wf_client_shm *shm, uint32_t slots)
{
	uint64_t now_ns = wf_client_deadline_ns(0);
	bool is_slow = now_ns - shm->batch_ns > SLOW_NS;

	shm->batch_at = 0;
	shm->batch_end = slots;
	shm->batch_max = is_slow ? 1 : 2 * shm->batch_max;
	if (shm->batch_max > WF_CLIENT_BATCH_SLOTS)
		shm->batch_max = WF_CLIENT_BATCH_SLOTS;
	shm->batch_ns = now_ns;
}

/*
 * Take the first copied record, whose data lies in the arena, or which is empty or not possible.
 * Return: 1 if it is in use now; 0 if it was empty, or the agent has moved the position; -EPROTO.
 */
static int take_single(struct wf_client_shm *shm, uint64_t waiting, const char **ret_why)
{
	const struct wf_shm_record *header = copy_at(shm, 0);
	uint64_t room = room_at(shm, shm->position, waiting);

	/* Pairs with the agent's compare-and-swap, after which it overwrites records. */
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load(&shm->client->position) != shm->position) {
		shm->position = atomic_load(&shm->client->position);
		return 0;
	}
	if (!header->slots || header->slots > room ||
	    (header->frame_bytes && header->slots > WF_SHM_RECORD_SLOTS))
		return refuse(ret_why, "a record of the ring has an impossible length");
	if (!is_possible(header, room))
		return refuse(ret_why, "a frame exceeds its record");
	if (!header->frame_bytes) {
		pass(shm, header->slots);
		return 0;
	}
	shm->held = header->slots;
	return 1;
}

/*
 * Prefetch the data of the record at @pos, the one after the record that is returned to the caller:
 * the data lies in the cache of another CPU, or in none. The record may change at any time, so the
 * prefetched addresses are limited to the arena, and nothing else depends on it.
 */
static void prefetch_data(const struct wf_client_shm *shm, uint64_t pos)
{
	const struct wf_shm_record *record = (const struct wf_shm_record *)slot_at(shm, pos);
	uint64_t off = record->data_off;
	uint32_t bytes = record->data_bytes;

	if (record->file || bytes > shm->arena_bytes || off > shm->arena_bytes - bytes)
		return;
	if (bytes > PREFETCH_BYTES)
		bytes = PREFETCH_BYTES;
	for (uint32_t i = 0; i < bytes; i += CACHE_LINE_BYTES)
		__builtin_prefetch(shm->arena + off + i);
}

/* ---- reading ---- */

/* Return the data of @header outside its record; NULL, with *@ret_why, if it can't be read. */
static const uint8_t *data_of(struct wf_client_shm *shm, const struct wf_shm_record *header,
			      const char **ret_why)
{
	if (header->file) {
		if (header->file > shm->files.count)
			receive_file(shm, header->file);
		return wf_client_files_at(&shm->files, header->file, header->data_off,
					  header->data_bytes, ret_why);
	}
	if (header->data_bytes > shm->arena_bytes ||
	    header->data_off > shm->arena_bytes - header->data_bytes) {
		*ret_why = "data lies outside the shared memory";
		return NULL;
	}
	return shm->arena + header->data_off;
}

/* Read the frame of the copied record @header. */
static int read_frame(struct wf_client_shm *shm, const struct wf_shm_record *header,
		      struct wf_client_frame *ret_frame, const char **ret_why)
{
	const struct wf_wire_header *fields = (const struct wf_wire_header *)(header + 1);
	uint64_t have = (uint64_t)header->frame_bytes + header->data_bytes;
	int got;

	/* The fields of other types may be longer than the record. */
	if (header->data_bytes && fields->type != WEFT_CLIENT_DATA)
		return refuse(ret_why, "a frame without data has data outside its record");
	got = wf_client_frame_read((const uint8_t *)fields, have, ret_frame, ret_why);
	if (got < 0)
		return got;
	if (!got || ret_frame->len_bytes != have)
		return refuse(ret_why, "a frame does not have the length of its record");
	if (!header->data_bytes)
		return 1;
	if (ret_frame->payload_bytes != header->data_bytes)
		return refuse(ret_why, "a frame with data outside its record is not valid");
	ret_frame->payload = data_of(shm, header, ret_why);
	return ret_frame->payload ? 1 : -EPROTO;
}

/* Read the next of the copied records that were passed. */
static int read_passed(struct wf_client_shm *shm, struct wf_client_frame *ret_frame,
		       const char **ret_why)
{
	const struct wf_shm_record *header = copy_at(shm, shm->batch_at);
	int got = read_frame(shm, header, ret_frame, ret_why);

	shm->batch_at += header->slots;
	return got;
}

/* Read the record that is held. */
static int read_held(struct wf_client_shm *shm, uint64_t waiting, struct wf_client_frame *ret_frame,
		     const char **ret_why)
{
	int got = read_frame(shm, copy_at(shm, 0), ret_frame, ret_why);

	if (got > 0 && waiting > shm->held)
		prefetch_data(shm, shm->position + shm->held);
	return got;
}

int wf_client_shm_read(struct wf_client_shm *shm, struct wf_client_frame *ret_frame,
		       const char **ret_why)
{
	if (shm->batch_at < shm->batch_end)
		return read_passed(shm, ret_frame, ret_why);
	/*
	 * The loop goes on only after an empty record, or if the agent has taken records back.
	 * Its limit is for an agent that moves the position again and again.
	 */
	for (uint32_t i = 0; i <= shm->slots; i++) {
		/* Pairs with the agent's store of published, before which it wrote the records. */
		uint64_t published =
			atomic_load_explicit(&shm->head->published, memory_order_acquire);
		uint64_t waiting = published - shm->position;
		uint32_t slots;
		int got;

		if (!waiting || shm->position == WF_SHM_CLOSED)
			return 0;
		if (waiting > shm->slots)
			return refuse(ret_why, "the ring has an impossible length");
		slots = copy_records(shm, waiting);
		if (slots) {
			if (!pass(shm, slots))
				continue; /* the agent took the records back */
			begin_batch(shm, slots);
			return read_passed(shm, ret_frame, ret_why);
		}
		got = take_single(shm, waiting, ret_why);
		if (got < 0)
			return got;
		if (got)
			return read_held(shm, waiting, ret_frame, ret_why);
	}
	return refuse(ret_why, "the ring changes all the time");
}
