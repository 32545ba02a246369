// SPDX-License-Identifier: BSD-2-Clause
/*
 * drop.c - changes the user, drops capabilities, sets no_new_privs, and installs the seccomp
 * filter, in this order.
 *
 * The seccomp filter is last, so that it does not have to allow the other steps.
 */
#include "agent/privileges/drop.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/privileges/sanitizer.h"
#include "agent/privileges/seccomp_filter.h"

uint64_t wf_capabilities_now(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};

	if (syscall(SYS_capget, &header, data))
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static struct wf_kept *add_kept(struct wf_privileges *privileges)
{
	size_t at = privileges->kept_count;

	if (at == WF_KEPT_MAX)
		return NULL;
	privileges->kept_count++;
	privileges->kept[at] = (struct wf_kept){.level = WEFT_LOG_INFO};
	return &privileges->kept[at];
}

void wf_privileges_keep(struct wf_privileges *privileges, uint64_t capabilities, const char *format,
			...)
{
	struct wf_kept *kept = add_kept(privileges);
	va_list args;

	if (!kept)
		return;
	kept->capabilities = capabilities;
	va_start(args, format);
	vsnprintf(kept->why, sizeof(kept->why), format, args);
	va_end(args);
}

void wf_privileges_note(struct wf_privileges *privileges, enum weft_log_level level,
			const char *what, const char *format, ...)
{
	struct wf_kept *kept = add_kept(privileges);
	va_list args;

	if (!kept)
		return;
	kept->level = level;
	snprintf(kept->what, sizeof(kept->what), "%s", what);
	va_start(args, format);
	vsnprintf(kept->why, sizeof(kept->why), format, args);
	va_end(args);
}

static uint64_t kept_capabilities(const struct wf_privileges *privileges)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < privileges->kept_count; i++)
		bits |= privileges->kept[i].capabilities;
	return bits;
}

/* Keep the capabilities in @kept that the process has, and clear all others. */
static void choose_capabilities(uint64_t kept)
{
	uint64_t had = wf_capabilities_now();

	capng_get_caps_process();
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned int cap = 0; cap < 64; cap++)
		if (kept & had & 1ull << cap)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, cap);
}

int wf_privileges_become(const struct wf_privileges *privileges)
{
	const struct wf_account *account = &privileges->account;
	const uint64_t had = wf_capabilities_now();
	int flags = CAPNG_CLEAR_AMBIENT;
	int uid = -1, gid = -1;

	choose_capabilities(kept_capabilities(privileges));
	/* Without CAP_SETPCAP the bounding set stays; no_new_privs makes it ineffective. */
	if (had >> CAP_SETPCAP & 1)
		flags |= CAPNG_CLEAR_BOUNDING;
	if (privileges->changes_user) {
		uid = (int)account->uid;
		gid = (int)account->gid;
		flags |= account->is_listed ? CAPNG_INIT_SUPP_GRP : CAPNG_DROP_SUPP_GRP;
	}
	return capng_change_id(uid, gid, (capng_flags_t)flags) ? -EPERM : 0;
}

/* Check the result, so that a step that had no effect is noticed. */
static int check(const struct wf_privileges *privileges)
{
	const struct wf_account *account = &privileges->account;
	uid_t uids[3];
	gid_t gids[3];

	if (wf_capabilities_now() & ~kept_capabilities(privileges))
		return -EPERM;
	if (getresuid(&uids[0], &uids[1], &uids[2]) || getresgid(&gids[0], &gids[1], &gids[2]))
		return -errno;
	for (int i = 0; i < 3 && privileges->changes_user; i++)
		if (uids[i] != account->uid || gids[i] != account->gid)
			return -EPERM;
	return 0;
}

static void install_seccomp(struct wf_privileges *privileges)
{
	const struct wf_seccomp_opts seccomp = {.may_reopen = privileges->may_reopen,
						.may_connect = privileges->may_connect};
	int err;

	if (!privileges->wants_seccomp) {
		wf_privileges_note(privileges, WEFT_LOG_INFO, "system calls",
				   "agent.seccomp is off");
		return;
	}
	err = wf_seccomp_install(&seccomp);
	privileges->has_seccomp = !err;
	if (err)
		wf_privileges_note(privileges, WEFT_LOG_WARN, "system calls",
				   "the seccomp filter can't be installed: %s", strerror(-err));
}

int wf_privileges_drop(struct wf_privileges *privileges)
{
	int err = wf_privileges_become(privileges);

	if (!err)
		err = check(privileges);
	if (err)
		return err;
	privileges->capabilities = wf_capabilities_now();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	privileges->no_new_privs = true;
	if (WF_IS_SANITIZED)
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	install_seccomp(privileges);
	privileges->is_dropped = true;
	return 0;
}
