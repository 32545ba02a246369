/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shm_copies.h - copies of data for one client with shared memory, as a ring of bytes in the arena:
 * data of a mapped capture file lies outside the arena, and the client can map some files only
 * (shm_files.h).
 *
 * The thread that serves clients copies, not the worker, which would lose more time by that than a
 * reader in its own process, that only touches the bytes.
 *
 * Memory: that given to wf_shm_copies_init(). Thread: one at a time.
 */
#ifndef WF_SERVE_SHM_COPIES_H
#define WF_SERVE_SHM_COPIES_H

#include <stdint.h>

#include <weft/limits.h>

/* The size of the ring in a replay. It stays in the cache, and holds several of the largest data.
 */
enum { WF_SHM_COPIES_BYTES = 16 * WEFT_FRAME_MAX_BYTES };

struct wf_shm_copies {
	uint8_t *base;	/* borrowed */
	uint64_t bytes; /* 0: there is no memory for copies */
	uint64_t head;	/* bytes used so far, including those skipped at the end of the ring */
	uint64_t tail;	/* of these, the bytes that are free again */
};

void wf_shm_copies_init(struct wf_shm_copies *copies, void *memory, uint64_t bytes);

/* Copy @len bytes, at least 1. Return: the copy; NULL if there is no room at present. */
const uint8_t *wf_shm_copies_add(struct wf_shm_copies *copies, const uint8_t *bytes, uint32_t len);

/* Free the oldest copy, of @len bytes at @copy. */
void wf_shm_copies_free(struct wf_shm_copies *copies, const uint8_t *copy, uint32_t len);

#endif
