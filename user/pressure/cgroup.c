// SPDX-License-Identifier: BSD-2-Clause
/*
 * cgroup.c - reads the memory limits of control groups.
 *
 * The formats are in admin-guide/cgroup-v2.rst and admin-guide/cgroup-v1/memory.rst.
 */
#include "pressure/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pressure/kernel_file.h"

/* A limit of at least this size means that there is none: v1 reports a number near 2^63 then. */
#define NO_LIMIT_BYTES (1ull << 60)

/* The files of each version; NULL: the version has no such file. */
static const struct files {
	const char *limit;
	const char *soft_limit; /* above it, the kernel throttles the group to reclaim memory */
	const char *usage;
	const char *reclaimable; /* line of memory.stat */
} files_of[] = {
	{"memory.limit_in_bytes", NULL, "memory.usage_in_bytes", "total_inactive_file "},
	{"memory.max", "memory.high", "memory.current", "inactive_file "},
};

/* ---- finding our group ---- */

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Return true if @name is an item of the comma-separated @list. */
static bool has_name(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *item = list; item; item = strchr(item, ',')) {
		item += *item == ',';
		if (!strncmp(item, name, len) && (!item[len] || item[len] == ','))
			return true;
	}
	return false;
}

/*
 * Find the path of this process's cgroup in /proc/self/cgroup: in the v2 hierarchy, or in the v1
 * hierarchy with the memory controller. @text is changed. Return: false if there is none.
 */
static bool find_group(char *text, bool is_v2, const char **ret_group)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':');
		char *group = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!group)
			continue;
		*group++ = '\0';
		controllers++;
		*ret_group = group;
		if (is_v2 && !*controllers)
			return true;
		if (!is_v2 && has_name(controllers, "memory"))
			return true;
	}
	return false;
}

static bool has_file(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path) &&
	       !access(path, R_OK);
}

/* Change @group to its parent. Return: false if it is the root of the hierarchy. */
static bool to_parent(const struct wf_cgroup *cgroup, char *group)
{
	if (!strcmp(group, cgroup->root))
		return false;
	*strrchr(group, '/') = '\0';
	return true;
}

/*
 * Move cgroup->path up to the lowest group that accounts memory: in v2, the memory controller may
 * be enabled for an ancestor only. Return: 0 on success; -ENOENT if there is none.
 */
static int find_accounting(struct wf_cgroup *cgroup)
{
	do {
		if (has_file(cgroup->path, files_of[cgroup->is_v2].usage))
			return 0;
	} while (to_parent(cgroup, cgroup->path));
	return -ENOENT;
}

/* Use the hierarchy mounted at @root. Return: 0 if it accounts memory; otherwise -ENOENT. */
static int try_root(const char *proc_dir, const char *root, bool is_v2, struct wf_cgroup *cgroup)
{
	char text[WF_KERNEL_FILE_BYTES_MAX];
	char path[PATH_MAX];
	const char *group;

	snprintf(path, sizeof(path), "%s/cgroup", proc_dir);
	if (!is_dir(root) || wf_kernel_file_read(path, text, sizeof(text)) ||
	    !find_group(text, is_v2, &group))
		return -ENOENT;

	cgroup->is_v2 = is_v2;
	if (snprintf(cgroup->root, sizeof(cgroup->root), "%s", root) >= (int)sizeof(cgroup->root))
		return -ENOENT;
	/*
	 * In a cgroup namespace the path may not exist, or lead out of the mount: then the mount
	 * point is our group.
	 */
	if (strstr(group, "..") ||
	    snprintf(cgroup->path, sizeof(cgroup->path), "%s%s", root,
		     strcmp(group, "/") ? group : "") >= (int)sizeof(cgroup->path) ||
	    !is_dir(cgroup->path))
		strcpy(cgroup->path, cgroup->root);
	return find_accounting(cgroup);
}

int wf_cgroup_find(const char *proc_dir, const char *cgroup_dir, struct wf_cgroup *ret_cgroup)
{
	char root[PATH_MAX];

	if (!try_root(proc_dir, cgroup_dir, true, ret_cgroup))
		return 0;
	snprintf(root, sizeof(root), "%s/memory", cgroup_dir);
	return try_root(proc_dir, root, false, ret_cgroup);
}

/* ---- reading limits ---- */

static int read_group_file(const char *group, const char *name, char *text, size_t text_bytes)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", group, name);
	return wf_kernel_file_read(path, text, text_bytes);
}

/*
 * Set *@limit_bytes to the limit in file @name if that is lower. A file that does not exist (the v2
 * root group has none) or has no number ("max") sets no limit. Return: 0 on success; -errno on
 * failure.
 */
static int read_limit(const char *group, const char *name, uint64_t *limit_bytes)
{
	char text[WF_KERNEL_FILE_BYTES_MAX];
	uint64_t limit;
	int err = name ? read_group_file(group, name, text, sizeof(text)) : -ENOENT;

	if (err)
		return err == -ENOENT ? 0 : err;
	if (!wf_kernel_file_number(text, "", &limit) && limit < *limit_bytes)
		*limit_bytes = limit;
	return 0;
}

/* Read the limits and the use of one group. Return: 0; -ENODATA if it has no limit; -errno. */
static int read_group(const struct files *files, const char *group, struct wf_cgroup_use *ret_use)
{
	char text[WF_KERNEL_FILE_BYTES_MAX];
	uint64_t reclaimable = 0;
	int err;

	*ret_use = (struct wf_cgroup_use){.path = group, .limit_bytes = NO_LIMIT_BYTES};
	err = read_limit(group, files->limit, &ret_use->limit_bytes);
	if (!err)
		err = read_limit(group, files->soft_limit, &ret_use->limit_bytes);
	if (err)
		return err;
	if (ret_use->limit_bytes == NO_LIMIT_BYTES)
		return -ENODATA;

	err = read_group_file(group, files->usage, text, sizeof(text));
	if (err)
		return err;
	if (wf_kernel_file_number(text, "", &ret_use->used_bytes))
		return -EBADMSG;
	if (!read_group_file(group, "memory.stat", text, sizeof(text)))
		wf_kernel_file_number(text, files->reclaimable, &reclaimable);
	ret_use->used_bytes -=
		reclaimable < ret_use->used_bytes ? reclaimable : ret_use->used_bytes;
	return 0;
}

int wf_cgroup_each(const struct wf_cgroup *cgroup, wf_cgroup_fn fn, void *ctx)
{
	char group[PATH_MAX];

	strcpy(group, cgroup->path);
	do {
		struct wf_cgroup_use use;
		int err = read_group(&files_of[cgroup->is_v2], group, &use);

		if (err && err != -ENODATA)
			return err;
		if (!err)
			fn(ctx, &use);
	} while (to_parent(cgroup, group));
	return 0;
}
