// SPDX-License-Identifier: BSD-2-Clause
/*
 * shm_ring.c - a ring in the arena, and a page that the client may write.
 *
 * The page is a memfd, sealed against shrinking, because an access beyond the end of a shortened
 * file would end the agent by SIGBUS.
 */
#include "serve/shm_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	RING_BYTES = WF_SHM_HEAD_BYTES + WF_SHM_SLOTS * WF_SHM_SLOT_BYTES,
	POSITION_BYTES = 4096,
	/* room for empty records, which fill the end of the ring */
	SLACK_SLOTS = 2 * WF_SHM_RECORD_SLOTS,
};

uint64_t wf_shm_ring_bytes(void)
{
	return RING_BYTES;
}

/* ---- creation ---- */

static int map_position(struct wf_shm_ring *ring)
{
	void *map;

	ring->position_fd = memfd_create("weft-position", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ring->position_fd < 0 || ftruncate(ring->position_fd, POSITION_BYTES) ||
	    fcntl(ring->position_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	map = mmap(NULL, POSITION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ring->position_fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	ring->client = map;
	return 0;
}

int wf_shm_ring_init(struct wf_shm_ring *ring, void *memory, uint64_t arena_off)
{
	int err;

	*ring = (struct wf_shm_ring){.head = memory};
	ring->head->version = WF_SHM_VERSION;
	ring->head->slots = WF_SHM_SLOTS;
	atomic_init(&ring->head->published, 0);
	atomic_init(&ring->head->wanted, WF_SHM_NOT_WANTED);
	err = map_position(ring);
	if (err) {
		wf_shm_ring_fini(ring);
		return err;
	}
	ring->client->ring_off = arena_off;
	return 0;
}

void wf_shm_ring_fini(struct wf_shm_ring *ring)
{
	if (ring->client) {
		atomic_store(&ring->client->position, WF_SHM_CLOSED);
		munmap(ring->client, POSITION_BYTES);
	}
	if (ring->position_fd >= 0)
		close(ring->position_fd);
	*ring = (struct wf_shm_ring){.position_fd = -1};
}

/* ---- records ---- */

bool wf_shm_ring_has_room(const struct wf_shm_ring *ring, uint32_t records)
{
	return ring->written - ring->released + (uint64_t)records * WF_SHM_RECORD_SLOTS <=
	       WF_SHM_SLOTS / 2 - SLACK_SLOTS;
}

struct wf_shm_record *wf_shm_ring_at(const struct wf_shm_ring *ring, uint64_t pos)
{
	return (struct wf_shm_record *)((uint8_t *)ring->head + WF_SHM_HEAD_BYTES +
					pos % WF_SHM_SLOTS * WF_SHM_SLOT_BYTES);
}

struct wf_shm_record *wf_shm_ring_add(struct wf_shm_ring *ring, uint32_t frame_bytes,
				      uint64_t *ret_pos)
{
	uint32_t slots =
		(uint32_t)(sizeof(struct wf_shm_record) + frame_bytes + WF_SHM_SLOT_BYTES - 1) /
		WF_SHM_SLOT_BYTES;
	uint64_t rest = WF_SHM_SLOTS - ring->written % WF_SHM_SLOTS;
	struct wf_shm_record *record = wf_shm_ring_at(ring, ring->written);

	if (rest < slots) {
		*record = (struct wf_shm_record){.slots = (uint32_t)rest};
		ring->written += rest;
		record = wf_shm_ring_at(ring, ring->written);
	}
	*record = (struct wf_shm_record){.slots = slots, .frame_bytes = frame_bytes};
	*ret_pos = ring->written;
	ring->written += slots;
	return record;
}

bool wf_shm_ring_publish(struct wf_shm_ring *ring)
{
	if (atomic_load_explicit(&ring->head->published, memory_order_relaxed) == ring->written)
		return false;
	/*
	 * Pairs with the client's loads of published after it has set is_asleep: either the client
	 * sees the records, or this thread sees that it sleeps.
	 */
	atomic_store(&ring->head->published, ring->written);
	return atomic_load(&ring->client->is_asleep) &&
	       atomic_exchange(&ring->client->is_asleep, 0);
}

/* ---- the position ---- */

int wf_shm_ring_position(const struct wf_shm_ring *ring, uint64_t *ret_pos)
{
	uint64_t pos = atomic_load(&ring->client->position);
	uint64_t end = atomic_load_explicit(&ring->head->published, memory_order_relaxed);

	if (pos - ring->released > end - ring->released)
		return -EPROTO;
	*ret_pos = pos;
	return 0;
}

bool wf_shm_ring_want(struct wf_shm_ring *ring)
{
	uint64_t wanted = ring->released + (ring->written - ring->released + 1) / 2;
	uint64_t pos;

	/*
	 * Pairs with the client's load of wanted after it has moved the position: either the client
	 * sees what is wanted, or this thread sees the position.
	 */
	atomic_store(&ring->head->wanted, wanted);
	return wf_shm_ring_position(ring, &pos) || pos < wanted;
}

void wf_shm_ring_want_nothing(struct wf_shm_ring *ring)
{
	atomic_store_explicit(&ring->head->wanted, WF_SHM_NOT_WANTED, memory_order_relaxed);
}

bool wf_shm_ring_move(struct wf_shm_ring *ring, uint64_t pos)
{
	uint64_t end = atomic_load_explicit(&ring->head->published, memory_order_relaxed);

	return atomic_compare_exchange_strong(&ring->client->position, &pos, end);
}
