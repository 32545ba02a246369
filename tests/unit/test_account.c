// SPDX-License-Identifier: BSD-2-Clause
/* Tests of agent/privileges/account.c: finds users and groups by name and by number. */
#include "unit/support/test.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/privileges/account.h"

static struct wf_account account;
static char why[512];

static int find(const char *user, const char *group)
{
	memset(&account, 0xff, sizeof(account));
	why[0] = '\0';
	return wf_account_find(user, group, &account, why, sizeof(why));
}

TEST(account_by_name_has_the_ids_of_the_user)
{
	assert_int_equal(find("root", NULL), 0);
	assert_int_equal(account.uid, 0);
	assert_int_equal(account.gid, 0);
	assert_true(account.is_listed);
	assert_string_equal(account.user, "root");
	assert_string_equal(account.group, "root");
}

TEST(account_by_number_is_the_same_user)
{
	assert_int_equal(find("0", NULL), 0);
	assert_int_equal(account.uid, 0);
	assert_string_equal(account.user, "root");
}

TEST(account_number_without_a_name_is_a_user_without_other_groups)
{
	assert_int_equal(find("3999999999", NULL), 0);
	assert_int_equal(account.uid, 3999999999);
	assert_int_equal(account.gid, 3999999999);
	assert_false(account.is_listed);
	assert_string_equal(account.user, "3999999999");
}

TEST(account_group_replaces_that_of_the_user)
{
	assert_int_equal(find("nobody", "root"), 0);
	assert_int_not_equal(account.uid, 0);
	assert_int_equal(account.gid, 0);
	assert_int_equal(find("root", "3999999999"), 0);
	assert_int_equal(account.gid, 3999999999);
	assert_string_equal(account.group, "3999999999");
}

TEST(account_unknown_user_is_rejected_with_its_name)
{
	assert_int_equal(find("no such user", NULL), -ENOENT);
	assert_non_null(strstr(why, "agent.user: there is no user 'no such user'"));
}

TEST(account_unknown_group_is_rejected_with_its_name)
{
	assert_int_equal(find("root", "no such group"), -ENOENT);
	assert_non_null(strstr(why, "agent.group: there is no group 'no such group'"));
}

TEST(account_numbers_that_are_no_ids_are_rejected)
{
	assert_int_equal(find("4294967295", NULL), -ENOENT);
	assert_int_equal(find("99999999999999999999", NULL), -ENOENT);
	assert_int_equal(find("12x", NULL), -ENOENT);
	assert_int_equal(find("-1", NULL), -ENOENT);
	assert_int_equal(find("", NULL), -ENOENT);
	assert_int_equal(find("root", "4294967295"), -ENOENT);
}

TEST(account_current_is_that_of_the_process)
{
	wf_account_current(&account);
	assert_int_equal(account.uid, geteuid());
	assert_int_equal(account.gid, getegid());
}
