// SPDX-License-Identifier: BSD-2-Clause
/* Tests of config/suggest.c: the nearest valid word is suggested for a misspelt one. */
#include "unit/support/test.h"

#include <string.h>

#include "config/suggest.h"

static const char *nearest(const char *wanted)
{
	static const char *const names[] = {"run", "replay", "demo", "doctor", "stats", "config"};
	struct wf_suggest suggest;

	wf_suggest_init(&suggest, wanted);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		wf_suggest_offer(&suggest, names[i]);
	return suggest.nearest ? suggest.nearest : "";
}

TEST(suggest_of_slip_finds_the_name)
{
	assert_string_equal(nearest("rpelay"), "replay");
	assert_string_equal(nearest("repaly"), "replay");
	assert_string_equal(nearest("doktor"), "doctor");
	assert_string_equal(nearest("stat"), "stats");
	assert_string_equal(nearest("rum"), "run");
}

TEST(suggest_of_another_word_finds_nothing)
{
	char long_name[200];

	assert_string_equal(nearest("elephant"), "");
	assert_string_equal(nearest(""), "");
	memset(long_name, 'r', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_string_equal(nearest(long_name), "");
}

TEST(suggest_name_that_begins_with_the_wanted_one_is_preferred)
{
	struct wf_suggest suggest;

	wf_suggest_init(&suggest, "reassembly.depth");
	wf_suggest_offer(&suggest, "reassembly.deliver");
	wf_suggest_offer(&suggest, "reassembly.depth_bytes_a_flow");
	wf_suggest_offer(&suggest, "reassembly.depth_bytes");
	wf_suggest_offer(&suggest, "reassembly.deptj");
	assert_string_equal(suggest.nearest, "reassembly.depth_bytes");
}

TEST(suggest_text_without_nearest_is_empty)
{
	struct wf_suggest suggest;
	char buf[64];

	wf_suggest_init(&suggest, "abc");
	assert_string_equal(wf_suggest_text(&suggest, buf, sizeof(buf)), "");
	wf_suggest_offer(&suggest, "abd");
	assert_string_equal(wf_suggest_text(&suggest, buf, sizeof(buf)), "; did you mean 'abd'?");
}
