// SPDX-License-Identifier: BSD-2-Clause
/*
 * shm_copies.c - copies are made and freed in the same order.
 *
 *   │ free │ copies, not read yet │ skipped: too short for the next one │
 *        tail                   head
 */
#include "serve/shm_copies.h"

#include <string.h>

void wf_shm_copies_init(struct wf_shm_copies *copies, void *memory, uint64_t bytes)
{
	*copies = (struct wf_shm_copies){.base = memory, .bytes = bytes};
}

const uint8_t *wf_shm_copies_add(struct wf_shm_copies *copies, const uint8_t *bytes, uint32_t len)
{
	uint64_t at = copies->head % copies->bytes;
	uint64_t skipped = copies->bytes - at < len ? copies->bytes - at : 0;
	uint8_t *copy = copies->base + (skipped ? 0 : at);

	if (copies->head - copies->tail + skipped + len > copies->bytes)
		return NULL;
	memcpy(copy, bytes, len);
	copies->head += skipped + len;
	return copy;
}

void wf_shm_copies_free(struct wf_shm_copies *copies, const uint8_t *copy, uint32_t len)
{
	uint64_t at = copies->tail % copies->bytes;
	uint64_t skipped = copy == copies->base + at ? 0 : copies->bytes - at;

	copies->tail += skipped + len;
	/* All is free, also what was skipped: the largest data may need the whole ring. */
	if (copies->tail == copies->head)
		copies->head = copies->tail = 0;
}
