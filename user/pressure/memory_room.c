// SPDX-License-Identifier: BSD-2-Clause
/*
 * memory_room.c - how much memory this process can have.
 *
 *   room = min(limit - use of each control group, MemAvailable of the host)
 */
#include "pressure/memory_room.h"

#include <stdio.h>

#include "pressure/cgroup.h"
#include "pressure/kernel_file.h"

/*
 * The text shows as "in use" the difference of the rounded limit and the rounded rest, so that the
 * limit minus the memory in use equals the rest that other messages show.
 */
static void add_group(void *ctx, const struct wf_cgroup_use *use)
{
	struct wf_memory_room *room = ctx;
	uint64_t left = use->limit_bytes > use->used_bytes ? use->limit_bytes - use->used_bytes : 0;

	if (left >= room->bytes)
		return;
	room->bytes = left;
	snprintf(room->why, sizeof(room->why), "the control group %s has %llu MiB - %llu in use",
		 use->path, (unsigned long long)use->limit_bytes >> 20,
		 ((unsigned long long)use->limit_bytes >> 20) - (left >> 20));
}

static void add_host(const char *meminfo_path, struct wf_memory_room *room)
{
	char text[WF_KERNEL_FILE_BYTES_MAX];
	uint64_t total_kb;
	uint64_t left_kb;

	if (wf_kernel_file_read(meminfo_path, text, sizeof(text)) ||
	    wf_kernel_file_number(text, "MemTotal:", &total_kb) ||
	    wf_kernel_file_number(text, "MemAvailable:", &left_kb) ||
	    left_kb >= room->bytes / 1024 || left_kb > total_kb)
		return;
	room->bytes = left_kb * 1024;
	snprintf(room->why, sizeof(room->why), "the host has %llu MiB - %llu in use",
		 (unsigned long long)total_kb >> 10,
		 ((unsigned long long)total_kb >> 10) - (left_kb >> 10));
}

void wf_memory_room_read(const struct wf_memory_room_paths *paths, struct wf_memory_room *ret_room)
{
	const char *proc_dir = paths->proc_dir ? paths->proc_dir : "/proc/self";
	const char *cgroup_dir = paths->cgroup_dir ? paths->cgroup_dir : "/sys/fs/cgroup";
	struct wf_cgroup cgroup;

	ret_room->bytes = UINT64_MAX;
	ret_room->why[0] = '\0';
	if (!wf_cgroup_find(proc_dir, cgroup_dir, &cgroup))
		wf_cgroup_each(&cgroup, add_group, ret_room);
	add_host(paths->meminfo_path ? paths->meminfo_path : "/proc/meminfo", ret_room);
}
