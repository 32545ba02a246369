/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shm_ring.h - the agent's end of a ring that it shares with one client; client/shm.h has the
 * layout.
 *
 * The client is not trusted. It can write its page only (struct wf_shm_client), not the ring. If
 * the client writes a position outside the published records, the agent ends its subscription.
 *
 * Memory: wf_shm_ring_bytes() of the arena, and a page. Thread: one at a time.
 */
#ifndef WF_SERVE_SHM_RING_H
#define WF_SERVE_SHM_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "client/shm.h"

struct wf_shm_ring {
	struct wf_shm_head *head;     /* borrowed memory of the arena, followed by the slots */
	struct wf_shm_client *client; /* owned mapping */
	int position_fd;	      /* owned */
	/* end of the last record that the client has released, or that was taken back */
	uint64_t released;
	uint64_t written; /* end of the last record, published or not */
};

/* Return the bytes of the arena that a ring needs. */
uint64_t wf_shm_ring_bytes(void);

/*
 * Create a ring in @memory of the arena, at offset @arena_off. Return: 0 on success; negative
 * errno.
 */
int wf_shm_ring_init(struct wf_shm_ring *ring, void *memory, uint64_t arena_off);

/* Set the position to WF_SHM_CLOSED, which ends the client's use of the ring, and free the page. */
void wf_shm_ring_fini(struct wf_shm_ring *ring);

/*
 * Return true if @records more records may be written. New events use at most half of the ring, so
 * that the other half has room when the agent takes records back: it then writes LOSS records in
 * place of their data, and copies the other ones.
 */
bool wf_shm_ring_has_room(const struct wf_shm_ring *ring, uint32_t records);

/*
 * Begin a record with a frame of the client protocol, of @frame_bytes. Record header and frame are
 * at most WF_SHM_RECORD_BYTES. The ring must have room (wf_shm_ring_has_room()).
 * *@ret_pos: position of the record. Return: the record; the caller writes the frame after it.
 */
struct wf_shm_record *wf_shm_ring_add(struct wf_shm_ring *ring, uint32_t frame_bytes,
				      uint64_t *ret_pos);

/* Return the record at @pos. */
struct wf_shm_record *wf_shm_ring_at(const struct wf_shm_ring *ring, uint64_t pos);

/* Publish what was written. Return: true if the client sleeps and must be woken. */
bool wf_shm_ring_publish(struct wf_shm_ring *ring);

/*
 * Read the position of the client. Return: 0 on success; -EPROTO if it is less than the end of the
 * released records, or more than the end of the published ones.
 */
int wf_shm_ring_position(const struct wf_shm_ring *ring, uint64_t *ret_pos);

/*
 * Request a byte from the client when it has passed half of the slots in use. Return: false if it
 * has passed them already; true if not, or if its position is not valid.
 */
bool wf_shm_ring_want(struct wf_shm_ring *ring);

/* Withdraw the request of wf_shm_ring_want(), so that the client sends no byte. */
void wf_shm_ring_want_nothing(struct wf_shm_ring *ring);

/*
 * Move the position from @pos to the end of all published records, so that the client reads none of
 * them any more. Return: false if the position is not @pos any more.
 */
bool wf_shm_ring_move(struct wf_shm_ring *ring, uint64_t pos);

#endif
