// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_config_check.c - an invalid combination of settings is rejected with a message that has the
 * line and the conflicting numbers; the nearest valid value is accepted.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "config/config_check.h"

static struct wf_config config;
static struct wf_config_error error;

static int setup(void **state)
{
	return wf_config_init(&config);
}

static int teardown(void **state)
{
	wf_config_fini(&config);
	return 0;
}

static void set(const char *pair)
{
	if (wf_config_set_pair(&config, "--set", pair, &error))
		fail_msg("%s: %s", pair, error.text);
}

static void expect_taken(void)
{
	if (wf_config_check(&config, &error))
		fail_msg("refused: %s", error.text);
}

static void expect_refused(const char *text)
{
	assert_int_equal(wf_config_check(&config, &error), -EINVAL);
	assert_string_equal(error.text, text);
}

TEST_WITH(config_check_ring_that_is_no_power_of_two_is_refused, setup, teardown)
{
	set("capture.ring_frames=1000");
	expect_refused("--set capture.ring_frames: 1000 is not a power of two");
	set("capture.ring_frames=32");
	expect_refused("--set capture.ring_frames: 32 is neither 0 nor at least 64");
	set("capture.ring_frames=1024");
	expect_taken();
}

TEST_WITH(config_check_frame_of_neither_size_is_refused, setup, teardown)
{
	set("capture.frame_bytes=3000");
	expect_refused("--set capture.frame_bytes: 3000 is neither 2048 nor 4096");
	set("capture.frame_bytes=2048");
	expect_taken();
}

TEST_WITH(config_check_small_pages_not_below_medium_are_refused, setup, teardown)
{
	set("memory.small_page_bytes=1500");
	expect_refused("--set memory.small_page_bytes: 1500 must be less than 1500 "
		       "(memory.medium_page_bytes)");
	set("memory.small_page_bytes=1499");
	expect_taken();
}

TEST_WITH(config_check_medium_pages_not_below_large_are_refused, setup, teardown)
{
	set("memory.large_page_bytes=1400");
	expect_refused("memory.medium_page_bytes: 1500 must be less than 1400 "
		       "(--set memory.large_page_bytes)");
	set("memory.medium_page_bytes=1399");
	expect_taken();
}

TEST_WITH(config_check_sizes_of_classes_not_in_use_may_be_any, setup, teardown)
{
	set("memory.small_page_bytes=1500");
	set("memory.enable_adaptive_sizing=false");
	expect_taken();
}

TEST_WITH(config_check_low_not_below_high_is_refused, setup, teardown)
{
	set("memory.low_memory_percent=85");
	expect_refused("--set memory.low_memory_percent: 85 must be less than 85 "
		       "(memory.high_memory_percent)");
	set("memory.low_memory_percent=84");
	expect_taken();
}

TEST_WITH(config_check_high_not_below_critical_is_refused, setup, teardown)
{
	set("memory.critical_memory_percent=80");
	expect_refused("memory.high_memory_percent: 85 must be less than 80 "
		       "(--set memory.critical_memory_percent)");
	set("memory.critical_memory_percent=86");
	expect_taken();
}

TEST_WITH(config_check_rings_of_more_than_half_the_memory_are_refused, setup, teardown)
{
	set("capture.interfaces=eth0,eth1");
	set("memory.max_total_memory_mb=64");
	set("capture.ring_frames=8192");
	expect_refused("--set capture.ring_frames: 2 interfaces x 8192 frames x 4096 bytes = 64 "
		       "MiB of receive memory, more than half of 64 MiB "
		       "(--set memory.max_total_memory_mb); raise the latter to 128 or use shorter "
		       "rings");
	set("memory.max_total_memory_mb=127");
	assert_int_equal(wf_config_check(&config, &error), -EINVAL);
	set("memory.max_total_memory_mb=128");
	expect_taken();
	set("memory.max_total_memory_mb=64");
	set("capture.frame_bytes=2048");
	expect_taken();
}

TEST_WITH(config_check_more_workers_than_memory_for_them_are_refused, setup, teardown)
{
	set("capture.workers=9");
	set("memory.max_total_memory_mb=16");
	expect_refused("--set capture.workers: 9 workers x at least 2 MiB = 18 MiB, more than the "
		       "limit of 16 MiB (--set memory.max_total_memory_mb)");
	set("capture.workers=8");
	expect_taken();
}

TEST_WITH(config_check_queues_of_more_than_half_the_memory_are_refused, setup, teardown)
{
	set("capture.workers=4");
	set("memory.max_total_memory_mb=64");
	set("sinks.streams=streams");
	set("sinks.events=events");
	set("delivery.queue_bytes=64M");
	expect_refused("--set delivery.queue_bytes: 4 workers x 2 sinks x 64 MiB / 8 = 64 MiB of "
		       "rings, more than half of 64 MiB (--set memory.max_total_memory_mb)");
	set("delivery.queue_bytes=32M");
	expect_taken();
}

/* The default number of workers depends on the machine; the check assumes one, the minimum. */
TEST_WITH(config_check_queues_count_one_worker_where_none_is_given, setup, teardown)
{
	set("memory.max_total_memory_mb=16");
	set("sinks.events=events");
	set("delivery.queue_bytes=128M");
	expect_refused("--set delivery.queue_bytes: 1 workers x 1 sinks x 128 MiB / 8 = 16 MiB of "
		       "rings, more than half of 16 MiB (--set memory.max_total_memory_mb)");
	set("delivery.queue_bytes=64M");
	expect_taken();
}

TEST_WITH(config_check_outputs_that_cannot_be_are_refused, setup, teardown)
{
	set("sinks.streams=-");
	expect_refused("--set sinks.streams: '-': each stream is written to a file of its own, so "
		       "a directory is needed; a directory called - is named ./-");
	set("sinks.streams=./-");
	set("sinks.append=true");
	expect_taken();
	set("sinks.force=true");
	expect_refused("--set sinks.append: conflicts with --set sinks.force: files of an earlier "
		       "run are either kept or deleted");
}

TEST_WITH(config_check_expression_is_compiled, setup, teardown)
{
	set("filter.expression=tcp port 80");
	expect_taken();
	set("filter.expression=portt 80");
	assert_int_equal(wf_config_check(&config, &error), -EINVAL);
	assert_non_null(strstr(error.text, "--set filter.expression: 'portt 80': not a filter "));
}

TEST_WITH(config_check_wrong_http_address_is_refused, setup, teardown)
{
	set("sinks.http.listen=nowhere:80");
	expect_refused(
		"--set sinks.http.listen: 'nowhere:80' is not an address; use ADDR:PORT with "
		"a numeric address, an IPv6 address in brackets, or PORT for 127.0.0.1");
	set("sinks.http.listen=[::1]:80");
	expect_taken();
}

TEST_WITH(config_check_wrong_nats_options_are_refused, setup, teardown)
{
	static const char *const wrong_streams[] = {"",	   "a b", " ",	  "a.b",     "*",
						    "a>b", "a/b", "a\\b", "\xc3\xa4"};

	set("sinks.nats.url=nats://a:b");
	expect_refused("--set sinks.nats.url: URL 1: the port is not a number from 1 to 65535; "
		       "expected nats://HOST:PORT or tls://HOST:PORT");
	set("sinks.nats.url=nats://a:4222");
	set("sinks.nats.sensor=rack.3");
	expect_refused("--set sinks.nats.sensor: 'rack.3' is not a name of a sensor: 1 to 63 "
		       "letters, digits, '-' and '_'");
	set("sinks.nats.sensor=rack-3");
	for (size_t i = 0; i < sizeof(wrong_streams) / sizeof(wrong_streams[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "sinks.nats.stream=%s", wrong_streams[i]);
		set(text);
		snprintf(
			text, sizeof(text),
			"--set sinks.nats.stream: '%s' is not a name of a stream: 1 to 64 letters, "
			"digits, '-' and '_'",
			wrong_streams[i]);
		expect_refused(text);
	}
	set("sinks.nats.stream=WEFT-2");
	set("sinks.nats.stream_max_age_sec=60");
	expect_refused("sinks.nats.duplicate_window_sec: 120 is more than 60 (--set "
		       "sinks.nats.stream_max_age_sec)");
	set("sinks.nats.duplicate_window_sec=60");
	expect_taken();
}
