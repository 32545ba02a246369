// SPDX-License-Identifier: BSD-2-Clause
/* Tests of http/wire/openmetrics.c: the names of counter families, and the end mark. */
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "http/wire/openmetrics.h"

static void expect(const char *text, const char *expected)
{
	size_t bytes;
	char *converted = wf_openmetrics_new(text, &bytes);

	assert_string_equal(converted, expected);
	assert_int_equal(bytes, strlen(expected));
	free(converted);
}

TEST(openmetrics_counter_family_has_no_suffix)
{
	expect("# HELP a_total the total\n# TYPE a_total counter\na_total{x=\"_total \"} 1\n",
	       "# HELP a the total\n# TYPE a counter\na_total{x=\"_total \"} 1\n# EOF\n");
}

TEST(openmetrics_gauge_is_unchanged)
{
	expect("# HELP total_a x_total\n# TYPE total_a gauge\ntotal_a 1",
	       "# HELP total_a x_total\n# TYPE total_a gauge\ntotal_a 1\n# EOF\n");
}

TEST(openmetrics_of_nothing_ends)
{
	expect("", "# EOF\n");
	expect("# HELP _total\n", "# HELP _total\n# EOF\n");
}

TEST(openmetrics_is_sent_only_if_accepted)
{
	assert_true(wf_openmetrics_is_wanted("application/openmetrics-text;version=1.0.0;q=0.5,"
					     "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"));
	assert_false(wf_openmetrics_is_wanted("text/plain"));
	assert_false(wf_openmetrics_is_wanted("*/*"));
	assert_false(wf_openmetrics_is_wanted(""));
}
