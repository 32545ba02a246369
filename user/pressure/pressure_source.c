// SPDX-License-Identifier: BSD-2-Clause
/*
 * pressure_source.c - the sources of pressure.h: the budget, the process, PSI and the cgroup.
 *
 * The kernel's values are read from small text files, whose formats are in proc(5),
 * Documentation/accounting/psi.rst, admin-guide/cgroup-v2.rst and admin-guide/cgroup-v1/memory.rst.
 */
#include "pressure/pressure_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/budget.h"

enum { FILE_BYTES_MAX = 16384 };

/* Read a small file completely and append a NUL. Return: 0 on success; -errno on failure. */
static int read_file(const char *path, char *buf, size_t buf_bytes)
{
	size_t len = 0;
	ssize_t got;
	int err = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (len < buf_bytes - 1) {
		got = read(fd, buf + len, buf_bytes - 1 - len);
		if (got < 0)
			err = -errno;
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	close(fd);
	buf[len] = '\0';
	return err;
}

/*
 * Parse the number after @key at the start of a line of @text. Return: 0 on success; -EBADMSG if no
 * line begins with @key or no number follows it.
 */
static int find_number(const char *text, const char *key, uint64_t *ret_number)
{
	size_t key_len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		char *end;

		line += *line == '\n';
		if (strncmp(line, key, key_len))
			continue;
		errno = 0;
		*ret_number = strtoull(line + key_len, &end, 10);
		return end == line + key_len || errno ? -EBADMSG : 0;
	}
	return -EBADMSG;
}

static uint32_t percent_of(uint64_t part, uint64_t whole)
{
	uint64_t percent;

	if (!whole)
		return part ? 100 : 0;
	percent = part > UINT64_MAX / 100 ? part / (whole / 100 + 1) : part * 100 / whole;
	return percent > 1000 ? 1000 : (uint32_t)percent;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* ---- budget and process ---- */

int wf_pressure_read_budget(void *ctx, uint32_t *ret_percent)
{
	const struct wf_budget *budget = ctx;
	uint64_t most = minus(budget->limit_bytes, wf_budget_fixed(budget));
	uint64_t left = wf_budget_left(budget) +
			atomic_load_explicit(&budget->idle_page_bytes, memory_order_relaxed);

	*ret_percent = percent_of(minus(most, left), most);
	return 0;
}

int wf_pressure_read_process(void *ctx, uint32_t *ret_percent)
{
	const struct wf_pressure_process *process = ctx;
	/* Memory that the kernel holds for weft counts against the limit, but not as memory of the
	 * process. */
	uint64_t kernel = wf_budget_kernel(process->budget);
	uint64_t limit = minus(process->budget->limit_bytes, kernel) + process->slack_bytes;
	uint64_t fixed = wf_budget_fixed(process->budget) - kernel + process->slack_bytes;
	uint64_t idle = fixed + wf_budget_held(process->budget, WF_BUDGET_FREE_SPANS);
	char text[FILE_BYTES_MAX];
	uint64_t anon_kb;
	uint64_t shmem_kb;
	int err = read_file(process->status_path, text, sizeof(text));

	if (err)
		return err;
	if (find_number(text, "RssAnon:", &anon_kb) || find_number(text, "RssShmem:", &shmem_kb))
		return -EBADMSG;

	*ret_percent = percent_of(minus((anon_kb + shmem_kb) * 1024, idle), minus(limit, fixed));
	return 0;
}

/* ---- PSI ---- */

int wf_pressure_read_psi(void *ctx, uint32_t *ret_percent)
{
	char text[FILE_BYTES_MAX];
	uint64_t lost_percent;
	int err = read_file(ctx, text, sizeof(text));

	/* The kernel was built without PSI, or PSI is disabled. */
	if (err == -ENOENT || err == -EOPNOTSUPP)
		return -ENODATA;
	if (err)
		return err;
	if (find_number(text, "some avg10=", &lost_percent))
		return -EBADMSG;

	*ret_percent = lost_percent < 10 ? (uint32_t)lost_percent * 7
					 : (uint32_t)(60 + (lost_percent > 40 ? 40 : lost_percent));
	return 0;
}

/* ---- cgroups ---- */

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

/* Use the hierarchy mounted at @root. Return: 0 if it accounts memory; otherwise -ENOENT. */
static int try_root(const char *proc_dir, const char *root, bool is_v2,
		    struct wf_pressure_cgroup *cgroup)
{
	char text[FILE_BYTES_MAX];
	char path[PATH_MAX];
	const char *group;

	snprintf(path, sizeof(path), "%s/cgroup", proc_dir);
	if (!is_dir(root) || read_file(path, text, sizeof(text)) ||
	    !find_group(text, is_v2, &group))
		return -ENOENT;

	cgroup->is_v2 = is_v2;
	if (snprintf(cgroup->root, sizeof(cgroup->root), "%s", root) >= (int)sizeof(cgroup->root))
		return -ENOENT;
	/* In a cgroup namespace the path may not exist: then the mount point is our group. */
	if (snprintf(cgroup->path, sizeof(cgroup->path), "%s%s", root,
		     strcmp(group, "/") ? group : "") >= (int)sizeof(cgroup->path) ||
	    !is_dir(cgroup->path))
		strcpy(cgroup->path, cgroup->root);
	return has_file(cgroup->path, is_v2 ? "memory.current" : "memory.usage_in_bytes") ? 0
											  : -ENOENT;
}

int wf_pressure_cgroup_find(const char *proc_dir, const char *cgroup_dir,
			    const struct wf_budget *budget, struct wf_pressure_cgroup *ret_cgroup)
{
	char root[PATH_MAX];

	ret_cgroup->budget = budget;
	if (!try_root(proc_dir, cgroup_dir, true, ret_cgroup))
		return 0;
	snprintf(root, sizeof(root), "%s/memory", cgroup_dir);
	return try_root(proc_dir, root, false, ret_cgroup);
}

static int read_group_file(const char *group, const char *name, char *text, size_t text_bytes)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", group, name);
	return read_file(path, text, text_bytes);
}

/*
 * Read the memory use of one group. Return: 0 on success; -ENODATA if the group has no limit; other
 * -errno on failure.
 */
static int read_group(const struct wf_pressure_cgroup *cgroup, const char *group,
		      uint32_t *ret_percent)
{
	bool is_v2 = cgroup->is_v2;
	char text[FILE_BYTES_MAX];
	uint64_t limit;
	uint64_t usage;
	uint64_t droppable = 0;
	int err;

	err = read_group_file(group, is_v2 ? "memory.max" : "memory.limit_in_bytes", text,
			      sizeof(text));
	if (err)
		return err == -ENOENT ? -ENODATA : err; /* the v2 root group has no such file */
	/* No limit: "max" in v2, a huge number in v1. */
	if (find_number(text, "", &limit) || limit > (1ull << 60))
		return -ENODATA;

	err = read_group_file(group, is_v2 ? "memory.current" : "memory.usage_in_bytes", text,
			      sizeof(text));
	if (err)
		return err;
	if (find_number(text, "", &usage))
		return -EBADMSG;

	if (!read_group_file(group, "memory.stat", text, sizeof(text)))
		find_number(text, is_v2 ? "inactive_file " : "total_inactive_file ", &droppable);
	if (cgroup->budget)
		droppable += wf_budget_held(cgroup->budget, WF_BUDGET_FREE_SPANS);
	*ret_percent = percent_of(minus(usage, droppable), limit);
	return 0;
}

int wf_pressure_read_cgroup(void *ctx, uint32_t *ret_percent)
{
	const struct wf_pressure_cgroup *cgroup = ctx;
	char group[PATH_MAX];
	uint32_t highest = 0;
	bool is_limited = false;

	strcpy(group, cgroup->path);
	for (;;) {
		uint32_t percent;
		char *slash;
		int err = read_group(cgroup, group, &percent);

		if (err && err != -ENODATA)
			return err;
		if (!err) {
			is_limited = true;
			if (percent > highest)
				highest = percent;
		}
		if (!strcmp(group, cgroup->root))
			break;
		slash = strrchr(group, '/');
		*slash = '\0';
	}
	if (!is_limited)
		return -ENODATA;
	*ret_percent = highest;
	return 0;
}
