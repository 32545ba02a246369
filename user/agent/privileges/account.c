// SPDX-License-Identifier: BSD-2-Clause
/*
 * account.c - finds users and groups in the databases of the system.
 */
#include "agent/privileges/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/control/peer.h"

static void name_user(const struct passwd *entry, struct wf_account *account)
{
	account->is_listed = entry != NULL;
	if (entry)
		snprintf(account->user, sizeof(account->user), "%s", entry->pw_name);
	else
		snprintf(account->user, sizeof(account->user), "%u", (unsigned int)account->uid);
}

static void name_group(const struct group *entry, struct wf_account *account)
{
	if (entry)
		snprintf(account->group, sizeof(account->group), "%s", entry->gr_name);
	else
		snprintf(account->group, sizeof(account->group), "%u", (unsigned int)account->gid);
}

void wf_account_current(struct wf_account *ret_account)
{
	*ret_account = (struct wf_account){.uid = geteuid(), .gid = getegid()};
	name_user(getpwuid(ret_account->uid), ret_account);
	name_group(getgrgid(ret_account->gid), ret_account);
}

static int find_user(const char *user, struct wf_account *account)
{
	const struct passwd *entry = getpwnam(user);
	id_t id;

	if (!entry) {
		if (wf_control_parse_id(user, &id))
			return -ENOENT;
		account->uid = id;
		/* a user that the user database does not list gets the group of the same number */
		account->gid = id;
		entry = getpwuid(id);
	}
	if (entry) {
		account->uid = entry->pw_uid;
		account->gid = entry->pw_gid;
	}
	name_user(entry, account);
	return 0;
}

int wf_account_find(const char *user, const char *group, struct wf_account *ret_account, char *why,
		    size_t why_bytes)
{
	struct wf_account account = {.uid = 0};

	if (find_user(user, &account)) {
		snprintf(why, why_bytes,
			 "agent.user: there is no user '%.64s' (see 'getent passwd'); to create "
			 "one: useradd --system --no-create-home %.64s",
			 user, user);
		return -ENOENT;
	}
	if (group && wf_control_find_group(group, &account.gid)) {
		snprintf(why, why_bytes,
			 "agent.group: there is no group '%.64s' (see 'getent group')", group);
		return -ENOENT;
	}
	name_group(getgrgid(account.gid), &account);
	*ret_account = account;
	return 0;
}
