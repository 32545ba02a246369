/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * account.h - the user and group as which the agent runs.
 *
 * Thread: main, before other threads exist.
 */
#ifndef WF_AGENT_PRIVILEGES_ACCOUNT_H
#define WF_AGENT_PRIVILEGES_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { WF_ACCOUNT_NAME_BYTES = 64 };

/** struct wf_account - a user and a group */
struct wf_account {
	uid_t uid;
	gid_t gid;
	/* the user database lists the user, so the user's supplementary groups are known */
	bool is_listed;
	char user[WF_ACCOUNT_NAME_BYTES]; /* name, or number if it has none */
	char group[WF_ACCOUNT_NAME_BYTES];
};

/* Return the user and group of this process. */
void wf_account_current(struct wf_account *ret_account);

/*
 * Find the user @user, a name or a number, with the group @group; @group NULL: the user's own
 * group. Return: 0 on success; -ENOENT if there is no such user or group, with the reason in @why.
 */
int wf_account_find(const char *user, const char *group, struct wf_account *ret_account, char *why,
		    size_t why_bytes);

#endif
