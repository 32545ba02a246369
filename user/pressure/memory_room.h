/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_room.h - how much memory this process can have: the lowest of the amounts that its control
 * groups and the host still allow.
 *
 * Thread: any; a few system calls.
 */
#ifndef WF_PRESSURE_MEMORY_ROOM_H
#define WF_PRESSURE_MEMORY_ROOM_H

#include <limits.h>
#include <stdint.h>

/* Paths of the files that are read; NULL: the default path given beside the member. */
struct wf_memory_room_paths {
	const char *proc_dir;	  /* /proc/self */
	const char *cgroup_dir;	  /* /sys/fs/cgroup */
	const char *meminfo_path; /* /proc/meminfo */
};

struct wf_memory_room {
	uint64_t bytes; /* UINT64_MAX: nothing limits the memory */
	/* for messages: whose limit applies, and how much is in use; "": nothing limits it */
	char why[PATH_MAX + 128];
};

/* Read how much memory is left. A value that can't be read sets no limit. */
void wf_memory_room_read(const struct wf_memory_room_paths *paths, struct wf_memory_room *ret_room);

#endif
