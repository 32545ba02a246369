// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_subscribe_request.c - each member of the request "subscribe" sets its option; all else is
 * rejected by name.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <string.h>

#include "serve/subscribe_request.h"

static struct weft_sub_opts opts;
static bool is_shared;
static struct wf_control_error error;

/* Reads @text; texts in opts are valid until @ret_request is released. */
static int read_text(const char *text, json_t **ret_request)
{
	*ret_request = json_loads(text, 0, NULL);
	error = (struct wf_control_error){.text = ""};
	assert_non_null(*ret_request);
	return wf_subscribe_request_read(*ret_request, &opts, &is_shared, &error);
}

static void assert_refused(const char *text, const char *why)
{
	json_t *request;

	assert_int_equal(read_text(text, &request), -EINVAL);
	assert_true(error.is_usage);
	assert_non_null(strstr(error.text, why));
	json_decref(request);
}

TEST(subscribe_request_without_members_is_all_defaults)
{
	json_t *request;

	assert_int_equal(read_text("{\"command\":\"subscribe\"}", &request), 0);
	assert_int_equal(opts.events, 0);
	assert_int_equal(opts.overflow, WEFT_OVERFLOW_DEFAULT);
	assert_null(opts.name);
	assert_null(opts.filter);
	assert_true(opts.is_pollable);
	json_decref(request);
}

TEST(subscribe_request_sets_each_option)
{
	json_t *request;

	assert_int_equal(
		read_text("{\"command\":\"subscribe\",\"version\":1,\"name\":\"a.b_c-1\","
			  "\"filter\":\"port 80\",\"events\":[\"data\",\"close\"],"
			  "\"directions\":[\"toclient\"],\"first_bytes\":1,\"queue_bytes\":2,"
			  "\"queue_bytes_max\":3,\"queue_events\":4,\"overflow\":\"resize\","
			  "\"block_timeout_ms\":5,\"idle_ttl_ms\":4294967295}",
			  &request),
		0);
	assert_string_equal(opts.name, "a.b_c-1");
	assert_string_equal(opts.filter, "port 80");
	assert_int_equal(opts.events,
			 WEFT_EVENT_BIT(WEFT_EVENT_DATA) | WEFT_EVENT_BIT(WEFT_EVENT_CLOSE));
	assert_int_equal(opts.directions, WEFT_DIR_BIT(WEFT_TO_CLIENT));
	assert_int_equal(opts.first_bytes, 1);
	assert_int_equal(opts.queue_bytes, 2);
	assert_int_equal(opts.queue_bytes_max, 3);
	assert_int_equal(opts.queue_events, 4);
	assert_int_equal(opts.overflow, WEFT_OVERFLOW_RESIZE);
	assert_int_equal(opts.block_timeout_ms, 5);
	assert_int_equal(opts.idle_ttl_ms, UINT32_MAX);
	json_decref(request);
}

TEST(subscribe_request_with_an_unknown_member_is_refused)
{
	assert_refused("{\"filtr\":\"port 80\"}", "no member \"filtr\"");
}

TEST(subscribe_request_of_another_version_is_refused)
{
	assert_refused("{\"version\":2}", "this agent has version 1");
	assert_refused("{\"version\":\"1\"}", "this agent has version 1");
}

TEST(subscribe_request_with_a_wrong_word_lists_the_right_ones)
{
	assert_refused("{\"overflow\":\"drop\"}",
		       "overflow: not one of drop-oldest, drop-newest, block, block-with-timeout, "
		       "resize");
	assert_refused("{\"events\":[\"data\",7]}", "events: not one of open, data, gap");
	assert_refused("{\"events\":[]}", "events: an array");
	assert_refused("{\"events\":\"data\"}", "events: an array");
	assert_refused("{\"directions\":[\"both\"]}", "directions: not one of toserver, toclient");
}

TEST(subscribe_request_with_a_wrong_number_is_refused)
{
	assert_refused("{\"queue_bytes\":-1}", "queue_bytes: a number");
	assert_refused("{\"queue_bytes\":\"1M\"}", "queue_bytes: a number");
	assert_refused("{\"queue_bytes\":1.5}", "queue_bytes: a number");
	assert_refused("{\"idle_ttl_ms\":4294967296}", "idle_ttl_ms: a number");
}

TEST(subscribe_request_with_a_name_that_is_no_label_is_refused)
{
	assert_refused("{\"name\":\"\"}", "name: 1 to 31");
	assert_refused("{\"name\":\"a b\"}", "name: 1 to 31");
	assert_refused("{\"name\":\"0123456789012345678901234567890x\"}", "name: 1 to 31");
	assert_refused("{\"name\":7}", "name: 1 to 31");
}

TEST(subscribe_request_with_a_wrong_filter_is_refused)
{
	assert_refused("{\"filter\":\"prot 80\"}", "syntax of tcpdump");
	assert_refused("{\"filter\":null}", "filter: a string");
}
