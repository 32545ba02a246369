/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroup.h - the memory limits that control groups set for this process, in either version of
 * cgroups: the limit of its own group, and those of all ancestors up to the mount point.
 *
 * Thread: any; a few system calls per group.
 */
#ifndef WF_PRESSURE_CGROUP_H
#define WF_PRESSURE_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* The memory cgroup of this process. */
struct wf_cgroup {
	bool is_v2;
	char root[PATH_MAX]; /* mount point of the hierarchy */
	char path[PATH_MAX]; /* the lowest group that accounts memory: root or below it */
};

/* One group that has a limit. */
struct wf_cgroup_use {
	const char *path;     /* directory of the group, lent for the call */
	uint64_t limit_bytes; /* the lowest limit of the group; memory.high counts as a limit */
	uint64_t used_bytes;  /* without memory that the kernel can reclaim at once */
};

typedef void (*wf_cgroup_fn)(void *ctx, const struct wf_cgroup_use *use);

/*
 * Find the memory cgroup of this process. @proc_dir: normally "/proc/self". @cgroup_dir: normally
 * "/sys/fs/cgroup". Return: 0 on success; -ENOENT if there is none.
 */
int wf_cgroup_find(const char *proc_dir, const char *cgroup_dir, struct wf_cgroup *ret_cgroup);

/*
 * Call @fn for each group with a limit, from cgroup->path up to cgroup->root. Return: 0 on
 * success; -errno if a file of a group can't be read; -EBADMSG if its contents are not a number.
 */
int wf_cgroup_each(const struct wf_cgroup *cgroup, wf_cgroup_fn fn, void *ctx);

#endif
