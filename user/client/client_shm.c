// SPDX-License-Identifier: BSD-2-Clause
/*
 * client_shm.c - reads frames from a ring that an agent writes.
 *
 * The agent is not trusted: lengths and offsets are checked against the sizes of the mappings,
 * which are sealed so that they cannot shrink. A record is copied before it is checked, because the
 * agent may write to it at any time. If the position is still the same after the copy, the
 * copy is whole: the agent moves the position before it overwrites a record.
 */
#include "client/client_shm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum {
	CACHE_LINE_BYTES = 64,
	PREFETCH_BYTES = 2048, /* maximum data of one record that is prefetched */
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

/* Find the ring in the arena. Return: 0 on success; -EPROTO if it is not there. */
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
	if (shm->head->version != WF_SHM_VERSION || slots < WF_SHM_RECORD_SLOTS ||
	    slots > WF_SHM_SLOTS_MAX || slots & (slots - 1) ||
	    (uint64_t)slots * WF_SHM_SLOT_BYTES > room)
		return -EPROTO;
	return 0;
}

int wf_client_shm_open(struct wf_client_shm *shm, const int *fds)
{
	int err;

	*shm = (struct wf_client_shm){
		.arena_bytes = size_of(fds[WF_SHM_ARENA]),
		.asked = WF_SHM_NOT_WANTED,
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

/* ---- reading ---- */

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EPROTO;
}

/*
 * Copy the record at the position, of @waiting slots at most. Return: 1 on success; 0 if the agent
 * has moved the position; -EPROTO.
 */
static int copy_record(struct wf_client_shm *shm, uint64_t waiting, const char **ret_why)
{
	uint64_t slot = shm->position & (shm->slots - 1);
	const uint8_t *from =
		(const uint8_t *)shm->head + WF_SHM_HEAD_BYTES + slot * WF_SHM_SLOT_BYTES;
	uint64_t room = shm->slots - slot;
	const struct wf_shm_record *header = &shm->record.header;

	memcpy(shm->record.bytes, from, WF_SHM_SLOT_BYTES);
	if (header->slots > 1 && header->slots <= WF_SHM_RECORD_SLOTS && header->slots <= room)
		memcpy(shm->record.bytes + WF_SHM_SLOT_BYTES, from + WF_SHM_SLOT_BYTES,
		       (size_t)(header->slots - 1) * WF_SHM_SLOT_BYTES);
	/* Pairs with the agent's compare-and-swap, after which it overwrites records. */
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load(&shm->client->position) != shm->position) {
		shm->position = atomic_load(&shm->client->position);
		return 0;
	}
	if (!header->slots || header->slots > waiting || header->slots > room ||
	    (header->frame_bytes && header->slots > WF_SHM_RECORD_SLOTS))
		return refuse(ret_why, "a record of the ring has an impossible length");
	if (header->frame_bytes >
	    (uint64_t)header->slots * WF_SHM_SLOT_BYTES - sizeof(struct wf_shm_record))
		return refuse(ret_why, "a frame exceeds its record");
	return 1;
}

/*
 * Prefetch the data of the record at @pos, the one after the record that is returned to the caller:
 * the data lies in the cache of another CPU, or in none. The record may change at any time, so the
 * prefetched addresses are limited to the arena, and nothing else depends on it.
 */
static void prefetch_data(const struct wf_client_shm *shm, uint64_t pos)
{
	uint64_t slot = pos & (shm->slots - 1);
	const struct wf_shm_record *record =
		(const struct wf_shm_record *)((const uint8_t *)shm->head + WF_SHM_HEAD_BYTES +
					       slot * WF_SHM_SLOT_BYTES);
	uint64_t off = record->arena_off;
	uint32_t bytes = record->arena_bytes;

	if (bytes > shm->arena_bytes || off > shm->arena_bytes - bytes)
		return;
	if (bytes > PREFETCH_BYTES)
		bytes = PREFETCH_BYTES;
	for (uint32_t i = 0; i < bytes; i += CACHE_LINE_BYTES)
		__builtin_prefetch(shm->arena + off + i);
}

/* Read the frame of the copied record. */
static int read_frame(const struct wf_client_shm *shm, struct wf_client_frame *ret_frame,
		      const char **ret_why)
{
	const struct wf_shm_record *header = &shm->record.header;
	uint64_t have = (uint64_t)header->frame_bytes + header->arena_bytes;
	int got;

	if (header->arena_bytes > shm->arena_bytes ||
	    header->arena_off > shm->arena_bytes - header->arena_bytes)
		return refuse(ret_why, "data lies outside the shared memory");
	got = wf_client_frame_read((const uint8_t *)(header + 1), have, ret_frame, ret_why);
	if (got < 0)
		return got;
	if (!got || ret_frame->len_bytes != have)
		return refuse(ret_why, "a frame does not have the length of its record");
	if (!header->arena_bytes)
		return 1;
	if (ret_frame->type != WEFT_CLIENT_DATA || ret_frame->payload_bytes != header->arena_bytes)
		return refuse(ret_why, "a frame with data in the shared memory is not valid");
	ret_frame->payload = shm->arena + header->arena_off;
	return 1;
}

int wf_client_shm_read(struct wf_client_shm *shm, struct wf_client_frame *ret_frame,
		       const char **ret_why)
{
	/*
	 * The loop goes on only after an empty record, or if the agent has taken the record back.
	 * Its limit is for an agent that moves the position again and again.
	 */
	for (uint32_t i = 0; i <= shm->slots; i++) {
		/* Pairs with the agent's store of published, before which it wrote the records. */
		uint64_t published =
			atomic_load_explicit(&shm->head->published, memory_order_acquire);
		uint64_t waiting = published - shm->position;
		int got;

		if (!waiting || shm->position == WF_SHM_CLOSED)
			return 0;
		if (waiting > shm->slots)
			return refuse(ret_why, "the ring has an impossible length");
		got = copy_record(shm, waiting, ret_why);
		if (got < 0)
			return got;
		if (!got)
			continue;
		if (!shm->record.header.frame_bytes) {
			pass(shm, shm->record.header.slots);
			continue;
		}
		got = read_frame(shm, ret_frame, ret_why);
		if (got < 0)
			return got;
		if (waiting > shm->record.header.slots)
			prefetch_data(shm, shm->position + shm->record.header.slots);
		if (shm->record.header.arena_bytes)
			shm->held = shm->record.header.slots;
		else if (!pass(shm, shm->record.header.slots))
			continue; /* the agent took the record back, and wrote LOSS in its place */
		return 1;
	}
	return refuse(ret_why, "the ring changes all the time");
}
