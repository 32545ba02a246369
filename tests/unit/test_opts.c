// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <weft/log.h>

#include "api/opts.h"

static char last_message[256];

static void keep_message(enum weft_log_level level, const char *message, void *ctx)
{
	snprintf(last_message, sizeof(last_message), "%s", message);
}

TEST(opts_null_gives_all_defaults)
{
	struct weft_opts opts;

	assert_int_equal(wf_opts_resolve(NULL, &opts), 0);
	assert_true(opts.workers >= 1);
	assert_int_equal(opts.memory_max_bytes, (uint64_t)WEFT_MEMORY_MB << 20);
	assert_int_equal(opts.flows_max, WEFT_FLOWS_MAX);
	assert_int_equal(opts.overlap, WEFT_OVERLAP_LINUX);
	assert_int_equal(opts.stream_pages_max, WEFT_STREAM_PAGES_MAX);
}

TEST(opts_of_shorter_caller_zero_means_default)
{
	struct weft_opts opts;
	struct weft_opts old = {.sz = offsetof(struct weft_opts, filter), .workers = 3};

	old.flows_max = 7; /* beyond the old struct's size: must not be read */
	assert_int_equal(wf_opts_resolve(&old, &opts), 0);
	assert_int_equal(opts.workers, 3);
	assert_int_equal(opts.flows_max, WEFT_FLOWS_MAX);
}

TEST(opts_of_newer_caller_is_refused_only_if_used)
{
	struct weft_opts opts;
	struct {
		struct weft_opts known;
		uint64_t unknown;
	} newer = {.known.sz = sizeof(newer)};

	assert_int_equal(wf_opts_resolve(&newer.known, &opts), 0);
	newer.unknown = 1;
	assert_int_equal(wf_opts_resolve(&newer.known, &opts), -EINVAL);
}

TEST(opts_out_of_range_names_value_and_range)
{
	struct weft_opts opts;
	WEFT_OPTS(weft_opts, bad, .workers = 65);

	assert_int_equal(wf_opts_resolve(&bad, &opts), -EINVAL);
	assert_string_equal(last_message, "options: workers is 65; allowed: 0 to 64 threads");
}

TEST(opts_unknown_policy_is_refused)
{
	struct weft_opts opts;
	WEFT_OPTS(weft_opts, bad, .overlap = (enum weft_overlap)WEFT_OVERLAP_COUNT);

	assert_int_equal(wf_opts_resolve(&bad, &opts), -EINVAL);
}

TEST(opts_switch_that_is_off_stays_off)
{
	struct weft_opts opts;
	WEFT_OPTS(weft_opts, off, .midstream = WEFT_OFF);
	WEFT_OPTS(weft_opts, unset, .midstream = WEFT_DEFAULT);

	assert_int_equal(wf_opts_resolve(&off, &opts), 0);
	assert_int_equal(opts.midstream, WEFT_OFF);
	assert_int_equal(wf_opts_resolve(&unset, &opts), 0);
	assert_int_equal(opts.midstream, WEFT_ON);
}

TEST(opts_race_detection_implies_safe_mode)
{
	struct weft_opts opts;
	WEFT_OPTS(weft_opts, wanted, .detect_races = WEFT_ON);

	assert_int_equal(wf_opts_resolve(&wanted, &opts), 0);
	assert_int_equal(opts.performance_mode, WEFT_PERFORMANCE_SAFE);
}

static void expect_rejected_interface(const struct weft_interface_opts *bad, const char *message)
{
	struct weft_interface_opts opts;

	assert_int_equal(wf_opts_resolve_interface(bad, &opts), -EINVAL);
	assert_string_equal(last_message, message);
}

TEST(opts_of_interface_are_checked_and_completed)
{
	struct weft_interface_opts opts;
	struct weft_prefix prefix = {.bits = 129};
	WEFT_OPTS(weft_interface_opts, ring, .ring_frames = 1000);
	WEFT_OPTS(weft_interface_opts, small, .ring_frames = 32);
	WEFT_OPTS(weft_interface_opts, frame, .frame_bytes = 3000);
	WEFT_OPTS(weft_interface_opts, poll, .busy_poll_us = 1001);
	WEFT_OPTS(weft_interface_opts, share, .sample = 1.5);
	WEFT_OPTS(weft_interface_opts, deny, .deny = &prefix, .deny_count = 1);

	assert_int_equal(wf_opts_resolve_interface(NULL, &opts), 0);
	assert_int_equal(opts.ring_frames, 0);
	assert_int_equal(opts.shed, WEFT_ON);
	assert_true(opts.sample == 1);
	expect_rejected_interface(&ring,
				  "options: ring_frames is 1000, which is not a power of two");
	expect_rejected_interface(&small, "options: ring_frames is 32; allowed: 0, or 64 to 65536");
	expect_rejected_interface(&frame,
				  "options: frame_bytes is 3000, which is neither 2048 nor 4096");
	expect_rejected_interface(&poll,
				  "options: busy_poll_us is 1001; allowed: 0 to 1000 microseconds");
	expect_rejected_interface(&share,
				  "options: sample is 1.5; allowed: more than 0, at most 1");
	expect_rejected_interface(&deny, "options: deny: entry 0 is out of range");
}

static int prepare(void **state)
{
	weft_log_set(keep_message, NULL);
	return 0;
}

TEST_GROUP(prepare, NULL);
