/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shm_files.h - the capture files whose descriptors one client with shared memory has got.
 *
 * Thread: one at a time.
 */
#ifndef WF_SERVE_SHM_FILES_H
#define WF_SERVE_SHM_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "client/shm.h"

/* A file that is mapped in this process; it stays mapped as long as an event points into it. */
struct wf_shm_file {
	const uint8_t *base;
	uint64_t bytes;
	uint32_t number; /* number of the file in records; 0: the client could not get it */
};

struct wf_shm_files {
	struct wf_shm_file list[WF_SHM_FILES_MAX];
	uint32_t count;
	uint32_t sent; /* number of files that the client has got */
	uint32_t last; /* index of the file that was found last */
};

/*
 * Find the file that contains @bytes, data of an event of a capture file, and send its descriptor
 * to the client at @fd if it is a new one. Return: NULL if the data is in no file that the client
 * has got.
 */
const struct wf_shm_file *wf_shm_files_find(struct wf_shm_files *files, int fd,
					    const uint8_t *bytes);

/* Return true if @bytes is in the file that was found last. */
static inline bool wf_shm_files_is_last(const struct wf_shm_files *files, const uint8_t *bytes)
{
	const struct wf_shm_file *file = &files->list[files->last];

	return file->number && (uintptr_t)bytes - (uintptr_t)file->base < file->bytes;
}

#endif
