// SPDX-License-Identifier: BSD-2-Clause
/* Tests of http/wire/query.c and http/wire/filter_text.c: parameters and bodies become requests,
 * and wrong ones are rejected.
 */
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "http/wire/filter_text.h"
#include "http/wire/query.h"

static const struct wf_http_param params[] = {
	{.name = "filter", .member = "expression"},
	{.name = "limit", .member = "count", .is_number = true, .is_required = true},
	{.name = NULL},
};
static const struct wf_http_route route = {
	.method = "GET", .path = "/flows", .command = "flows", .params = params};
static const struct wf_http_route bare = {.method = "GET", .path = "/stats", .command = "stats"};

/* Asserts that a query gives @status, and @expected: the request, or the error. */
static void expect_query(const struct wf_http_route *of, const char *argument, int status,
			 const char *expected)
{
	struct wf_query_error error = {.text = ""};
	json_t *request = json_object();
	char *text;

	assert_int_equal(wf_query_add(request, of, argument, &error), status);
	text = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(status ? error.text : text, expected);
	free(text);
	json_decref(request);
}

static void expect_body(const char *body, int status, const char *expected)
{
	struct wf_query_error error = {.text = ""};
	json_t *request = json_object();
	char *text;

	assert_int_equal(wf_query_add_body(request, &route, body, strlen(body), &error), status);
	text = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
	if (!status)
		assert_string_equal(text, expected);
	else
		assert_non_null(strstr(error.text, expected));
	free(text);
	json_decref(request);
}

TEST(query_parameter_becomes_member)
{
	expect_query(&route, "filter=tcp port 80", 0, "{\"expression\":\"tcp port 80\"}");
	expect_query(&route, "filter=a=b", 0, "{\"expression\":\"a=b\"}");
	expect_query(&route, "filter=", 0, "{\"expression\":\"\"}");
	expect_query(&route, "limit=5", 0, "{\"count\":5}");
}

TEST(query_wrong_parameter_is_rejected)
{
	expect_query(&route, "limit=", 400, "limit: not a number");
	expect_query(&route, "limit=-1", 400, "limit: not a number");
	expect_query(&route, "limit=5x", 400, "limit: not a number");
	expect_query(&route, "limit=99999999999999999999", 400, "limit: not a number");
	expect_query(&route, "filter=\xff", 400, "filter: not a text in UTF-8");
	expect_query(&route, "limits=5", 400,
		     "limits: unknown parameter; /flows has filter, limit");
	expect_query(&route, "=5", 400, ": unknown parameter; /flows has filter, limit");
	expect_query(&bare, "x=1", 400, "x: unknown parameter; /stats has no parameters");
}

TEST(query_filter_of_addresses_and_ports_is_accepted)
{
	static const char *const texts[] = {
		"",
		"tcp port 80 or portrange 1000-2000",
		"(src host 192.0.2.7 && !dst net 10.0.0.0/8) || host fe80::1",
		"net 10.0.0.0 mask 255.0.0.0 and not ip6 and vlan 5",
		"host ::ffff:192.0.2.7 and ip proto 6",
	};
	char why[200] = "";

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(wf_filter_text_check(texts[i], why, sizeof(why)), 0);
		assert_string_equal(why, "");
	}
}

TEST(query_filter_that_may_block_is_rejected)
{
	static const char *const texts[] = {
		"host www.example.com",	     "host de",	   "host 1.de",
		"host 10.0.0.1.example.com", "port http",  "tcp[13] = 2",
		"host fe80::1%eth0",	     "host \"x\"",
	};
	char why[200], text[600];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_not_equal(wf_filter_text_check(texts[i], why, sizeof(why)), 0);
		assert_non_null(strstr(why, "names are not resolved here"));
	}
	memset(text, '(', sizeof(text) - 1);
	text[512] = '\0';
	assert_int_equal(wf_filter_text_check(text, why, sizeof(why)), 0);
	text[512] = '(';
	text[513] = '\0';
	assert_int_not_equal(wf_filter_text_check(text, why, sizeof(why)), 0);
	assert_string_equal(why, "longer than 512 characters");
}

TEST(query_body_becomes_members)
{
	expect_body("{\"limit\":7,\"filter\":\"x\"}", 0, "{\"count\":7,\"expression\":\"x\"}");
	expect_body("{\"limit\":7}", 0, "{\"count\":7}");
}

TEST(query_wrong_body_is_rejected)
{
	expect_body("", 400, "body: not JSON");
	expect_body("{\"limit\":7", 400, "body: not JSON");
	expect_body("{\"limit\":7,\"limit\":8}", 400, "duplicate");
	expect_body("[]", 422, "body: not an object");
	expect_body("{}", 422, "limit: the member is missing");
	expect_body("{\"limit\":\"7\"}", 422, "limit: not a number");
	expect_body("{\"limit\":7.5}", 422, "limit: not a number");
	expect_body("{\"limit\":7,\"filter\":null}", 422, "filter: not a string");
	expect_body("{\"limit\":7,\"x\":1}", 422, "x: unknown parameter; /flows has filter, limit");
}

static const struct wf_http_route state_route = {.method = "PUT",
						 .path = "/state/",
						 .command = "set",
						 .rest_member = "key",
						 .body_member = "value",
						 .if_match_member = "version"};

/*
 * Asserts that adding @text, as an If-Match header or as a value, gives @status, and @expected: the
 * request, or the error.
 */
static void expect_added(int status, const char *text, const char *expected, bool is_header)
{
	struct wf_query_error error = {.text = ""};
	json_t *request = json_object();
	char *got;

	if (is_header)
		assert_int_equal(wf_query_add_if_match(request, &state_route, text, &error),
				 status);
	else
		assert_int_equal(
			wf_query_add_value(request, &state_route, text, strlen(text), &error),
			status);
	got = json_dumps(request, JSON_COMPACT);
	if (status)
		assert_non_null(strstr(error.text, expected));
	else
		assert_string_equal(got, expected);
	free(got);
	json_decref(request);
}

TEST(query_body_may_be_any_value)
{
	expect_added(0, "[1, null]", "{\"value\":[1,null]}", false);
	expect_added(0, "5", "{\"value\":5}", false);
	expect_added(400, "", "body: not JSON", false);
	expect_added(400, "{\"a\":1,\"a\":2}", "body: not JSON", false);
}

TEST(query_if_match_is_a_number_in_quotes_or_not)
{
	expect_added(0, "17", "{\"version\":17}", true);
	expect_added(0, "\"17\"", "{\"version\":17}", true);
	expect_added(400, "*", "If-Match: ", true);
	expect_added(400, "\"", "If-Match: ", true);
	expect_added(400, "", "If-Match: ", true);
	expect_added(400, "1, 2", "If-Match: ", true);
	expect_added(400, "12345678901234567890123456789012345", "If-Match: ", true);
}
