// SPDX-License-Identifier: BSD-2-Clause
/*
 * hand_over.c - raises the priority of capture threads, gives directories to the user, gives up
 * privileges, and reports what is kept.
 *
 * The directories are those of the pins and of the control sockets, from which files are removed at
 * the end, and that of the stored policy, to which each change of the policy writes.
 */
#include "agent/privileges/priority.h"
#include "agent/privileges/hand_over.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/privileges/report_privileges.h"

/*
 * Give the directory @dir_fd, of the option @key, to the user if it was made by weft, or is the
 * default directory, which an earlier run may have made.
 */
static int give_own(const struct wf_hand_over *step, const char *key, int dir_fd, bool is_made)
{
	const struct wf_account *account = &step->privileges->account;

	if (dir_fd < 0 || !(is_made || !wf_config_place(step->config, key)))
		return 0;
	return fchown(dir_fd, account->uid, account->gid);
}

/*
 * If the process is root, give the directories, and the lock file of the stored policy, to the
 * user. Errors are ignored: check_dirs() and check_state_dir() check later whether the user may
 * write to the directories.
 */
static void give_dirs(const struct wf_hand_over *step, const struct weft_needs *needs)
{
	const struct wf_account *account = &step->privileges->account;
	bool is_made = false;
	int failed = 0;
	int dir_fd;

	if (geteuid())
		return;
	for (size_t i = 0; i < needs->dir_fds_count; i++)
		failed |= fchown(needs->dir_fds[i], account->uid, account->gid);
	dir_fd = step->control ? wf_control_dir_fd(step->control, &is_made) : -1;
	failed |= give_own(step, "control.dir", dir_fd, is_made);
	dir_fd = step->policies ? wf_policies_dir_fd(step->policies, &is_made) : -1;
	failed |= give_own(step, "agent.state_dir", dir_fd, is_made);
	dir_fd = step->policies ? wf_policies_lock_fd(step->policies) : -1;
	if (dir_fd >= 0)
		failed |= fchown(dir_fd, account->uid, account->gid);
	(void)failed;
}

static bool may_remove(int dir_fd)
{
	return !faccessat(dir_fd, ".", W_OK | X_OK, AT_EACCESS);
}

/*
 * Warn if the user can't write to agent.state_dir, so that changes of the policy can't be stored.
 */
static void check_state_dir(const struct wf_hand_over *step)
{
	const struct wf_account *account = &step->privileges->account;
	const char *dir;
	char message[512];
	bool is_made;
	int dir_fd = step->policies ? wf_policies_dir_fd(step->policies, &is_made) : -1;

	if (dir_fd < 0 || may_remove(dir_fd) || !step->log_fn)
		return;
	dir = step->config->state_dir;
	snprintf(message, sizeof(message),
		 "privileges: the user %s can't write to %s, so changes of the policy fail; to "
		 "change that: chown %s %s",
		 account->user, dir, account->user, dir);
	step->log_fn(WEFT_LOG_WARN, message, step->log_ctx);
}

/* Warn about files that the user can't remove when weft exits. */
static void check_dirs(const struct wf_hand_over *step, const struct weft_needs *needs)
{
	const struct wf_account *account = &step->privileges->account;
	char message[512];
	bool is_made;

	for (size_t i = 0; i < needs->dir_fds_count; i++) {
		if (may_remove(needs->dir_fds[i]) || !step->log_fn)
			continue;
		snprintf(
			message, sizeof(message),
			"privileges: the user %s can't remove the pins of BPF maps at the end; the "
			"next start removes them",
			account->user);
		step->log_fn(WEFT_LOG_WARN, message, step->log_ctx);
		break;
	}
	if (!step->control || may_remove(wf_control_dir_fd(step->control, &is_made)) ||
	    !step->log_fn)
		return;
	snprintf(
		message, sizeof(message),
		"privileges: the user %s can't remove the control socket in %s at the end; the next "
		"command or start removes it; to change that: chown %s %s",
		account->user, step->config->control_dir, account->user, step->config->control_dir);
	step->log_fn(WEFT_LOG_WARN, message, step->log_ctx);
}

static void keep_needs(struct wf_privileges *privileges, const struct weft_needs *needs)
{
	if (needs->capabilities)
		wf_privileges_keep(privileges, needs->capabilities,
				   "host mode uses tc filters here, which must be removed at "
				   "the end; tcx links (Linux 6.6 and later) need no capability");
}

static void report_kept(const struct wf_hand_over *step)
{
	const struct wf_privileges *privileges = step->privileges;
	char text[WF_CAPABILITIES_TEXT_BYTES + WF_KEPT_BYTES];
	char message[sizeof(text) + 16];

	for (size_t i = 0; step->log_fn && i < privileges->kept_count; i++) {
		wf_kept_text(&privileges->kept[i], text, sizeof(text));
		snprintf(message, sizeof(message), "privileges: %s", text);
		step->log_fn(privileges->kept[i].level, message, step->log_ctx);
	}
}

static int fail(const struct wf_hand_over *step, int err)
{
	const struct wf_account *account = &step->privileges->account;
	char message[256];

	snprintf(message, sizeof(message),
		 "privileges: can't continue as the user %s and the group %s: %s", account->user,
		 account->group, strerror(-err));
	if (step->log_fn)
		step->log_fn(WEFT_LOG_ERROR, message, step->log_ctx);
	return err;
}

int wf_hand_over(const struct wf_hand_over *step, const struct weft_needs *needs)
{
	int err;

	if (step->policies && !needs->has_host_mode)
		wf_priority_raise();
	if (step->privileges->is_dropped)
		return 0;
	keep_needs(step->privileges, needs);
	give_dirs(step, needs);
	err = wf_privileges_drop(step->privileges);
	if (err)
		return fail(step, err);
	report_kept(step);
	check_dirs(step, needs);
	check_state_dir(step);
	return 0;
}
