// SPDX-License-Identifier: BSD-2-Clause
/*
 * arena_share.c - lets other processes map the arena for reading.
 *
 * Two means protect the arena, and each one suffices: the descriptor is open for reading only, and
 * the seals forbid new writable mappings and write calls, also through a descriptor that is opened
 * again. The arena's own mapping is older than the seals and stays writable.
 *
 * A sealed arena cannot punch holes, so it keeps its memory from then on, as a pinned arena does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "memory/arena_internal.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* since Linux 5.1 */
#endif

#define SEALS (F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static bool is_sealed(const struct wf_arena *arena)
{
	return fcntl(arena->fd, F_GET_SEALS) == SEALS;
}

int wf_arena_share(struct wf_arena *arena)
{
	char path[32];
	int fd;

	wf_arena_keep_memory(arena);
	/* If F_ADD_SEALS fails, another thread may have added the seals at the same time. */
	if (!is_sealed(arena) && fcntl(arena->fd, F_ADD_SEALS, SEALS) && !is_sealed(arena))
		return -EPERM;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", arena->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
