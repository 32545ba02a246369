// SPDX-License-Identifier: BSD-2-Clause
/*
 * plan.c - decides which privileges a run gives up and which it keeps.
 *
 *   started as root, weft run       becomes agent.user; by default weft, or nobody
 *   started as root, weft replay    becomes agent.user; by default stays root
 *   started as another user         stays that user
 *
 * Whether the user may use a file or directory is tried by a child process that becomes the user.
 * So groups, access control lists and security modules have the same effect as later in the run.
 */
#include "agent/privileges/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIT(cap) (1ull << (cap))

uint64_t wf_plan_change_capabilities(void)
{
	return BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_CHOWN);
}

uint64_t wf_plan_reopen_capabilities(void)
{
	/* CAP_DAC_READ_SEARCH: /sys/fs/bpf can often be entered by root only. */
	return BIT(CAP_NET_ADMIN) | BIT(CAP_NET_RAW) | BIT(CAP_BPF) | BIT(CAP_PERFMON) |
	       BIT(CAP_IPC_LOCK) | BIT(CAP_DAC_READ_SEARCH);
}

int wf_plan_account(const struct wf_config *config, struct wf_account *ret_account, char *why,
		    size_t why_bytes)
{
	if (config->user)
		return wf_account_find(config->user, config->group, ret_account, why, why_bytes);
	if (!wf_account_find("weft", config->group, ret_account, why, why_bytes))
		return 0;
	return wf_account_find("nobody", config->group, ret_account, why, why_bytes);
}

/* ---- the user ---- */

static bool is_same(const struct wf_account *a, const struct wf_account *b)
{
	return a->uid == b->uid && a->gid == b->gid;
}

/* A process that is not root keeps its user. Reject a configuration that names another user. */
static int choose_kept(const struct wf_config *config, struct wf_privileges *privileges, char *why,
		       size_t why_bytes)
{
	struct wf_account wanted;

	if (!config->user && !config->group)
		return 0;
	if (wf_account_find(config->user ? config->user : privileges->account.user, config->group,
			    &wanted, why, why_bytes))
		return -EINVAL;
	if (is_same(&wanted, &privileges->account))
		return 0;
	snprintf(why, why_bytes,
		 "agent.user: the user '%s' with the group '%s' can't become '%s' with the group "
		 "'%s'; start weft as root, or leave agent.user and agent.group empty",
		 privileges->account.user, privileges->account.group, wanted.user, wanted.group);
	return -EPERM;
}

/*
 * Capabilities for changing the user are missing, as for root in a container. Fail if the
 * configuration names a user; otherwise keep the present user.
 */
static int note_missing(const struct wf_config *config, struct wf_privileges *privileges, char *why,
			size_t why_bytes)
{
	static const char text[] = "CAP_SETUID, CAP_SETGID and CAP_CHOWN are needed to change the "
				   "user, and at least one is missing";

	if (config->user) {
		snprintf(why, why_bytes, "agent.user: weft can't become '%s': %s", config->user,
			 text);
		return -EPERM;
	}
	wf_privileges_note(privileges, WEFT_LOG_INFO, "user root", "%s", text);
	return 0;
}

static int choose_user(const struct wf_plan_opts *opts, struct wf_privileges *privileges, char *why,
		       size_t why_bytes)
{
	const struct wf_config *config = opts->config;
	struct wf_account wanted;
	uint64_t lacking = wf_plan_change_capabilities() & ~wf_capabilities_now();

	wf_account_current(&privileges->account);
	if (privileges->account.uid)
		return choose_kept(config, privileges, why, why_bytes);
	if (opts->files_count && !config->user && !config->group)
		return 0;
	if (wf_plan_account(config, &wanted, why, why_bytes)) {
		if (config->user || config->group)
			return -EINVAL;
		wf_privileges_note(privileges, WEFT_LOG_WARN, "user root",
				   "there is neither a user weft nor a user nobody");
		return 0;
	}
	if (is_same(&wanted, &privileges->account)) {
		wf_privileges_note(privileges, WEFT_LOG_INFO, "user root", "agent.user is %s",
				   wanted.user);
		return 0;
	}
	if (lacking)
		return note_missing(config, privileges, why, why_bytes);
	privileges->account = wanted;
	privileges->changes_user = true;
	return 0;
}

/* ---- files and directories ---- */

/* Return true if @check returns true in a child process that became the user of @privileges. */
static bool holds_for_user(const struct wf_privileges *privileges, bool (*check)(const void *ctx),
			   const void *ctx)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(wf_privileges_become(privileges) || !check(ctx));
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool is_dir_writable(const void *ctx)
{
	const int *dir_fd = ctx;

	return !faccessat(*dir_fd, ".", W_OK | X_OK, AT_EACCESS);
}

static bool may_write(const struct wf_privileges *privileges, int dir_fd)
{
	return holds_for_user(privileges, is_dir_writable, &dir_fd);
}

/*
 * Return true if all capture files are readable; a file that does not exist counts as readable.
 * Return false for a directory, because the files in it are not checked.
 */
static bool are_files_readable(const void *ctx)
{
	const struct wf_plan_opts *opts = ctx;

	for (size_t i = 0; i < opts->files_count; i++) {
		struct stat st;

		if (!strcmp(opts->files[i], "-"))
			continue;
		if (stat(opts->files[i], &st)
			    ? errno == EACCES
			    : S_ISDIR(st.st_mode) ||
				      faccessat(AT_FDCWD, opts->files[i], R_OK, AT_EACCESS))
			return false;
	}
	return true;
}

/* Stay root, because the default user may not write to the directory @path. */
static void stay_root(struct wf_privileges *privileges, const char *path)
{
	char user[WF_ACCOUNT_NAME_BYTES];

	memcpy(user, privileges->account.user, sizeof(user));
	wf_account_current(&privileges->account);
	privileges->changes_user = false;
	wf_privileges_note(privileges, WEFT_LOG_WARN, "user root",
			   "the user %s may not write to %s; to change that: chown %s %s", user,
			   path, user, path);
}

static int check_dir(const struct wf_config *config, struct wf_privileges *privileges,
		     const char *path, int dir_fd, char *why, size_t why_bytes)
{
	if (may_write(privileges, dir_fd))
		return 0;
	if (privileges->changes_user && config->user) {
		snprintf(why, why_bytes,
			 "agent.user: the user '%s' may not write to %s; to allow it: chown %s %s",
			 privileges->account.user, path, privileges->account.user, path);
		return -EPERM;
	}
	if (privileges->changes_user)
		stay_root(privileges, path);
	if (wf_capabilities_now() >> CAP_DAC_OVERRIDE & 1 && !may_write(privileges, dir_fd))
		wf_privileges_keep(privileges, BIT(CAP_DAC_OVERRIDE),
				   "%s belongs to another user than %s", path,
				   privileges->account.user);
	return 0;
}

/*
 * Check the directory of stream files. A missing directory will be created for the user. If it
 * can't be opened, the sink reports the error later.
 */
static int check_streams(const struct wf_config *config, struct wf_privileges *privileges,
			 char *why, size_t why_bytes)
{
	const char *path = config->sinks.streams_dir;
	int dir_fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int err;

	if (dir_fd < 0)
		return 0;
	err = check_dir(config, privileges, path, dir_fd, why, why_bytes);
	close(dir_fd);
	return err;
}

/* ---- capabilities ---- */

static void keep_capabilities(const struct wf_plan_opts *opts, struct wf_privileges *privileges)
{
	privileges->may_reopen = !opts->files_count && opts->config->wait_for_interface == WEFT_ON;
	privileges->may_connect = opts->config->sinks.nats_url != NULL;
	if (privileges->may_reopen)
		wf_privileges_keep(privileges,
				   wf_plan_reopen_capabilities() & wf_capabilities_now(),
				   "capture.wait_for_interface is on, and an interface that is "
				   "created again must be opened");
	if (wf_capabilities_now() >> CAP_DAC_READ_SEARCH & 1 &&
	    !holds_for_user(privileges, are_files_readable, opts))
		wf_privileges_keep(
			privileges, BIT(CAP_DAC_READ_SEARCH),
			"without it, the user %s may be unable to read a capture file (files in a "
			"directory are not checked)",
			privileges->account.user);
}

int wf_plan_make(const struct wf_plan_opts *opts, struct wf_privileges *ret_privileges)
{
	char why[512];
	int err;

	*ret_privileges = (struct wf_privileges){.wants_seccomp = opts->config->seccomp == WEFT_ON};
	err = choose_user(opts, ret_privileges, why, sizeof(why));
	if (!err)
		err = check_streams(opts->config, ret_privileges, why, sizeof(why));
	if (!err)
		keep_capabilities(opts, ret_privileges);
	else if (opts->log_fn)
		opts->log_fn(WEFT_LOG_ERROR, why, opts->log_ctx);
	return err;
}
