// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of capture/host/kernel_features.c: the table is correct for the kernel that runs the test,
 * and a kernel that is too old is rejected. Checks that need root are skipped otherwise.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <weft/weft.h>

#include "capture/host/kernel_features.h"

static char logged[256];
static unsigned int logged_count;

static void take_log(enum weft_log_level level, const char *message, void *ctx)
{
	logged_count++;
	snprintf(logged, sizeof(logged), "%s", message);
}

static int setup(void **state)
{
	logged_count = 0;
	*logged = '\0';
	weft_log_set(take_log, NULL);
	return 0;
}

/* Select a personality in which uname() reports release 2.6.x. */
static int setup_old(void **state)
{
	personality(UNAME26);
	return setup(state);
}

static int teardown(void **state)
{
	personality(PER_LINUX);
	weft_log_set(NULL, NULL);
	return 0;
}

TEST(kernel_is_compares_numbers)
{
	assert_true(wf_kernel_is("6.6.0", "6.6"));
	assert_true(wf_kernel_is("6.10.3-cloud", "6.6"));
	assert_true(wf_kernel_is("10.0-rc1", "6.6"));
	assert_false(wf_kernel_is("6.1.0-13-amd64", "6.6"));
	assert_false(wf_kernel_is("5.18.0", "6.1"));
}

TEST(features_required_are_in_the_oldest_supported_kernel)
{
	for (int i = 0; i < WF_KERNEL_FEATURE_COUNT; i++) {
		const struct wf_kernel_feature_row *row =
			wf_kernel_feature_row((enum wf_kernel_feature)i);

		assert_true(!row->is_required || wf_kernel_is(WF_KERNEL_OLDEST, row->since));
	}
}

/* BTF is not checked: some kernels are built without it. */
TEST(features_are_here_if_the_kernel_is_new_enough)
{
	struct utsname name;

	if (geteuid() != 0)
		skip();
	uname(&name);
	for (int i = 0; i < WF_KERNEL_FEATURE_COUNT; i++) {
		const struct wf_kernel_feature_row *row =
			wf_kernel_feature_row((enum wf_kernel_feature)i);
		int err = wf_kernel_try((enum wf_kernel_feature)i);

		if (i == WF_KERNEL_BTF)
			continue;
		printf("# %s (since Linux %s): %s\n", row->name, row->since,
		       err ? strerror(-err) : "yes");
		assert_int_equal(!err, wf_kernel_is(name.release, row->since));
		assert_int_equal(wf_kernel_has((enum wf_kernel_feature)i), !err);
	}
}

TEST_WITH(check_of_this_kernel_passes_silently, setup, teardown)
{
	assert_int_equal(weft_probe_kernel(), 0);
	assert_int_equal(logged_count, 0);
}

static void assert_refused(int err)
{
	unsigned int minor;

	assert_int_equal(err, -EOPNOTSUPP);
	assert_int_equal(logged_count, 1);
	assert_int_equal(sscanf(logged,
				"Linux 6.1 or newer is needed "
				"(this is 2.%u)",
				&minor),
			 1);
}

TEST_WITH(check_refuses_an_old_kernel_in_one_line, setup_old, teardown)
{
	assert_refused(weft_probe_kernel());
}

TEST_WITH(add_interface_refuses_an_old_kernel, setup_old, teardown)
{
	struct weft *weft;

	assert_int_equal(weft_new(NULL, &weft), 0);
	logged_count = 0; /* weft_new() logs a message on a machine with little memory */
	assert_refused(weft_add_interface(weft, "lo", NULL));
	weft_free(weft);
}
