// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of weft/probe.h, run by any user on any host: each finding is complete, and has advice
 * unless its status is OK.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <weft/probe.h>

struct findings {
	unsigned count;
	bool link; /* a finding about the interface itself was reported */
};

static void take(const struct weft_probe *probe, void *ctx)
{
	struct findings *findings = ctx;

	findings->count++;
	assert_true(*probe->name);
	assert_true(*probe->found);
	/* A finding has advice if its status is not OK, and none if it is OK. */
	assert_int_equal(*probe->advice != '\0', probe->status != WEFT_PROBE_OK);
	findings->link = findings->link || !strcmp(probe->name, "link");
}

TEST(probe_host_reports_whole_findings)
{
	struct findings findings = {0};

	weft_probe_host(take, &findings);
	assert_in_range(findings.count, 15, 30);
	assert_false(findings.link);
}

TEST(probe_interface_that_exists_is_reported)
{
	struct findings findings = {0};

	assert_int_equal(weft_probe_interface("lo", take, &findings), 0);
	assert_true(findings.link);
}

TEST(probe_interface_that_is_none_reports_nothing)
{
	struct findings findings = {0};

	assert_int_equal(weft_probe_interface("nosuch0", take, &findings), -ENODEV);
	assert_int_equal(weft_probe_interface("", take, &findings), -ENODEV);
	assert_int_equal(findings.count, 0);
}
