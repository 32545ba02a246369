// SPDX-License-Identifier: BSD-2-Clause
/*
 * shm_files.c - sends descriptors of capture files, each with one byte on the connection, before
 * the first record with data in the file is published.
 *
 * If the connection has no room, or the file is not shared, the client never gets the file, and its
 * data is copied.
 */
#include "serve/shm_files.h"

#include <unistd.h>

#include <weft/subscribe.h>

#include "serve/send_fds.h"

static const struct wf_shm_file *found(struct wf_shm_files *files, uint32_t index)
{
	files->last = index;
	return files->list[index].number ? &files->list[index] : NULL;
}

/* Add the file with @bytes. Return: NULL if there is none, or if the client can't get it. */
static const struct wf_shm_file *add(struct wf_shm_files *files, int fd, const uint8_t *bytes)
{
	struct wf_shm_file *file = &files->list[files->count];
	struct weft_memory shared;

	if (files->count == WF_SHM_FILES_MAX || weft_share_file(bytes, &shared))
		return NULL;
	*file = (struct wf_shm_file){.base = shared.base, .bytes = shared.bytes};
	if (!wf_send_fds(fd, "", 1, &shared.fd, 1))
		file->number = ++files->sent;
	close(shared.fd);
	return found(files, files->count++);
}

const struct wf_shm_file *wf_shm_files_find(struct wf_shm_files *files, int fd,
					    const uint8_t *bytes)
{
	for (uint32_t i = 0; i < files->count; i++)
		if ((uintptr_t)bytes - (uintptr_t)files->list[i].base < files->list[i].bytes)
			return found(files, i);
	return add(files, fd, bytes);
}
