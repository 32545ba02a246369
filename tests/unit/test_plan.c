// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of agent/privileges/plan.c and drop.c: what is given up. Root and other users follow
 * different rules, and each is tested as the user that runs the test.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/privileges/hand_over.h"
#include "agent/privileges/plan.h"
#include "agent/privileges/probe.h"
#include "agent/privileges/report_privileges.h"
#include "config/config.h"

#define BIT(cap) (1ull << (cap))

static struct wf_config config;
static struct wf_privileges privileges;
static char message[1024];
static char dir[64];

static int setup(void **state)
{
	strcpy(dir, "/tmp/weft-plan-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return wf_config_init(&config);
}

static int teardown(void **state)
{
	wf_config_fini(&config);
	return rmdir(dir);
}

static void set(const char *key, const char *value)
{
	struct wf_config_error error;

	assert_int_equal(wf_config_set(&config, "test", key, value, &error), 0);
}

static void take_message(enum weft_log_level level, const char *text, void *ctx)
{
	snprintf(message, sizeof(message), "%s", text);
}

static int plan(char *const *files, size_t files_count)
{
	const struct wf_plan_opts opts = {
		.config = &config,
		.files = files,
		.files_count = files_count,
		.log_fn = take_message,
	};

	message[0] = '\0';
	return wf_plan_make(&opts, &privileges);
}

static bool is_root(void)
{
	const uint64_t needed = wf_plan_change_capabilities();

	return geteuid() == 0 && (wf_capabilities_now() & needed) == needed;
}

static uint64_t kept(void)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < privileges.kept_count; i++)
		bits |= privileges.kept[i].capabilities;
	return bits;
}

TEST_WITH(plan_live_changes_the_user_only_of_root, setup, teardown)
{
	assert_int_equal(plan(NULL, 0), 0);
	assert_int_equal(privileges.changes_user, is_root());
	if (is_root())
		assert_int_not_equal(privileges.account.uid, 0);
	assert_int_equal(kept(), 0);
	assert_true(privileges.wants_seccomp);
	assert_false(privileges.may_reopen);
}

TEST_WITH(plan_replay_keeps_the_user, setup, teardown)
{
	char *const files[] = {"/dev/null"};

	assert_int_equal(plan(files, 1), 0);
	assert_false(privileges.changes_user);
	assert_int_equal(privileges.account.uid, geteuid());
	assert_int_equal(kept(), 0);
}

TEST_WITH(plan_replay_of_a_directory_keeps_the_right_to_read, setup, teardown)
{
	char *const files[] = {"/dev/null", "-", "/nonexistent"};
	char *const folder[] = {dir};

	assert_int_equal(plan(files, 3), 0);
	assert_int_equal(kept(), 0);
	assert_int_equal(plan(folder, 1), 0);
	assert_int_equal(kept(), BIT(CAP_DAC_READ_SEARCH) & wf_capabilities_now());
}

TEST_WITH(plan_replay_of_an_unreadable_file_keeps_the_right_to_read, setup, teardown)
{
	char path[sizeof(dir) + 16];
	char *const files[] = {path};
	int fd;

	snprintf(path, sizeof(path), "%s/capture", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0);
	assert_true(fd >= 0);
	set("agent.user", is_root() ? "nobody" : "");
	assert_int_equal(plan(files, 1), 0);
	assert_int_equal(kept(), BIT(CAP_DAC_READ_SEARCH) & wf_capabilities_now());
	close(fd);
	unlink(path);
}

TEST_WITH(plan_unknown_user_is_rejected, setup, teardown)
{
	set("agent.user", "no such user");
	assert_int_equal(plan(NULL, 0), -EINVAL);
	assert_non_null(strstr(message, "there is no user 'no such user'"));
	set("agent.user", "root");
	set("agent.group", "no such group");
	assert_int_equal(plan(NULL, 0), -EINVAL);
	assert_non_null(strstr(message, "there is no group 'no such group'"));
}

TEST_WITH(plan_root_named_by_root_is_kept_and_named_by_another_rejected, setup, teardown)
{
	set("agent.user", "root");
	if (geteuid() == 0) {
		assert_int_equal(plan(NULL, 0), 0);
		assert_false(privileges.changes_user);
		assert_int_equal(privileges.kept_count, 1);
		assert_string_equal(privileges.kept[0].what, "user root");
	} else {
		assert_int_equal(plan(NULL, 0), -EPERM);
		assert_non_null(strstr(message, "can't become 'root'"));
	}
}

TEST_WITH(plan_directory_of_another_user_keeps_root_or_is_rejected, setup, teardown)
{
	assert_int_equal(chmod(dir, 0755), 0);
	set("sinks.streams", dir);
	assert_int_equal(plan(NULL, 0), 0);
	assert_false(privileges.changes_user);
	assert_int_equal(kept(), 0);
	if (!is_root())
		return;
	assert_int_equal(privileges.kept_count, 1);
	assert_non_null(strstr(privileges.kept[0].why, "may not write to"));
	set("agent.user", "nobody");
	assert_int_equal(plan(NULL, 0), -EPERM);
	assert_non_null(strstr(message, "chown nobody /tmp/weft-plan-"));
	/* The user "nobody" may write to its own directory. */
	assert_int_equal(chown(dir, 65534, -1), 0);
	assert_int_equal(plan(NULL, 0), 0);
	assert_true(privileges.changes_user);
	/* A process that stays root keeps a capability to write to another user's directory. */
	assert_int_equal(chmod(dir, 0755), 0);
	set("agent.user", "root");
	assert_int_equal(plan(NULL, 0), 0);
	assert_int_equal(kept(), BIT(CAP_DAC_OVERRIDE));
}

TEST_WITH(plan_wait_for_interface_keeps_the_capabilities_to_open_it, setup, teardown)
{
	set("capture.wait_for_interface", "true");
	assert_int_equal(plan(NULL, 0), 0);
	assert_true(privileges.may_reopen);
	assert_int_equal(kept(), wf_plan_reopen_capabilities() & wf_capabilities_now());
}

/* ---- hand_over.c ---- */

/* Called by a child: gives up its privileges. Return: 0, or the number of the check that failed. */
static int hand_over(uint64_t capabilities)
{
	const struct weft_needs needs = {.capabilities = capabilities};
	const struct wf_hand_over step = {.privileges = &privileges, .log_fn = take_message};
	const uint64_t expected = capabilities & wf_capabilities_now();

	if (wf_hand_over(&step, &needs) || !privileges.is_dropped)
		return 1;
	if (wf_capabilities_now() != expected || privileges.capabilities != expected)
		return 2;
	if (geteuid() != privileges.account.uid || getegid() != privileges.account.gid)
		return 3;
	if (!privileges.no_new_privs || privileges.has_seccomp != (config.seccomp == WEFT_ON))
		return 4;
	if (capabilities && !strstr(message, "not given up: CAP_NET_ADMIN: host mode"))
		return 5;
	/* A second call does nothing: the seccomp filter would not allow its system calls. */
	return wf_hand_over(&step, &needs);
}

static int status_of_hand_over(uint64_t capabilities)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(hand_over(capabilities));
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

TEST_WITH(hand_over_leaves_no_capability, setup, teardown)
{
	assert_int_equal(plan(NULL, 0), 0);
	assert_int_equal(status_of_hand_over(0), 0);
}

TEST_WITH(hand_over_leaves_what_the_handle_needs, setup, teardown)
{
	assert_int_equal(plan(NULL, 0), 0);
	assert_int_equal(status_of_hand_over(BIT(CAP_NET_ADMIN)), 0);
}

TEST_WITH(hand_over_without_seccomp, setup, teardown)
{
	set("agent.seccomp", "false");
	assert_int_equal(plan(NULL, 0), 0);
	assert_int_equal(status_of_hand_over(0), 0);
}

/* ---- report_privileges.c ---- */

TEST_WITH(report_lists_what_is_kept_by_name, setup, teardown)
{
	char text[WF_CAPABILITIES_TEXT_BYTES];
	json_t *report;
	json_t *entry;

	assert_string_equal(
		wf_capabilities_text(BIT(CAP_NET_ADMIN) | BIT(CAP_BPF), text, sizeof(text)),
		"CAP_NET_ADMIN, CAP_BPF");
	assert_string_equal(wf_capabilities_text(0, text, sizeof(text)), "");
	privileges =
		(struct wf_privileges){.capabilities = BIT(CAP_NET_ADMIN), .no_new_privs = true};
	wf_account_current(&privileges.account);
	wf_privileges_keep(&privileges, BIT(CAP_NET_ADMIN), "reason %d", 1);
	report = wf_privileges_report(&privileges);
	entry = json_array_get(json_object_get(report, "kept"), 0);
	assert_string_equal(json_string_value(json_object_get(entry, "what")), "CAP_NET_ADMIN");
	assert_string_equal(json_string_value(json_object_get(entry, "why")), "reason 1");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(report, "capabilities"), 0)),
		"CAP_NET_ADMIN");
	assert_true(json_is_true(json_object_get(report, "no_new_privs")));
	assert_true(json_is_false(json_object_get(report, "seccomp")));
	json_decref(report);
}

/* ---- probe.c ---- */

static char found[256], advice[256];
static enum weft_probe_status status;

static void take_probe(const struct weft_probe *probe, void *ctx)
{
	snprintf(found, sizeof(found), "%s: %s", probe->name, probe->found);
	snprintf(advice, sizeof(advice), "%s", probe->advice);
	status = probe->status;
}

TEST_WITH(probe_names_the_user_and_what_is_kept, setup, teardown)
{
	wf_privileges_probe(&config, true, take_probe, NULL);
	assert_non_null(strstr(found, "privileges: after the start: user "));
	if (is_root()) {
		assert_int_equal(status, WEFT_PROBE_OK);
		assert_string_equal(advice, "");
		assert_null(strstr(found, "user root"));
	}
	assert_non_null(strstr(found, "no capability, a seccomp filter"));
	wf_privileges_probe(&config, false, take_probe, NULL);
	assert_int_equal(status, WEFT_PROBE_WARN);
	assert_non_null(strstr(found, "CAP_NET_ADMIN in host mode"));
	assert_non_null(strstr(advice, "Linux 6.6"));
}
