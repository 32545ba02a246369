// SPDX-License-Identifier: BSD-2-Clause
/* Tests of bus/urls.c: lists of servers, right and wrong. */
#include "unit/support/test.h"

#include <errno.h>
#include <string.h>

#include "bus/urls.h"

static struct wf_bus_urls urls;
static char error[WF_BUS_ERROR_BYTES];

static void expect_refused(const char *text, const char *reason)
{
	assert_int_equal(wf_bus_urls_parse(text, &urls, error), -EINVAL);
	if (!strstr(error, reason))
		fail_msg("'%s': '%s' does not contain '%s'", text, error, reason);
}

TEST(bus_urls_of_all_forms_are_accepted)
{
	assert_int_equal(wf_bus_urls_parse("a,nats://b,nats://u:p@c:4223,[::1]:4222", &urls, error),
			 0);
	assert_int_equal(urls.count, 4);
	assert_string_equal(urls.url[0], "a");
	assert_string_equal(urls.url[2], "nats://u:p@c:4223");
	assert_string_equal(urls.servers, "a:4222,b:4222,c:4223,[::1]:4222");
	assert_false(urls.is_tls);
	assert_int_equal(wf_bus_urls_parse("nats://a,TLS://b", &urls, error), 0);
	assert_true(urls.is_tls);
}

TEST(bus_urls_that_are_wrong_are_refused_with_their_number)
{
	expect_refused("http://a", "URL 1: the scheme is neither nats:// nor tls://");
	expect_refused("a,,b", "URL 2: the host is missing");
	expect_refused("", "URL 1: the host is missing");
	expect_refused("nats://", "the host is missing");
	expect_refused("nats://::1:4222", "an IPv6 address is written in brackets: [ADDRESS]:PORT");
	expect_refused("2001:db8::7", "an IPv6 address is written in brackets: [ADDRESS]:PORT");
	expect_refused("nats://a:", "the port is not a number from 1 to 65535");
	expect_refused("nats://a:0", "the port");
	expect_refused("nats://a:65536", "the port");
	expect_refused("nats://a:+80", "the port");
	expect_refused("nats://a:80x", "the port");
	expect_refused("nats://a/b", "slashes");
	expect_refused("nats://a b", "spaces");
	expect_refused("nats://[::1:4222", "an IPv6 address ends with ']'");
}

TEST(bus_urls_errors_have_no_password)
{
	expect_refused("nats://user:secret@a:x", "the port");
	assert_null(strstr(error, "secret"));
}

TEST(bus_urls_have_limits)
{
	char many[2048] = "h";

	for (int i = 1; i < WF_BUS_URLS_MAX; i++)
		strcat(many, ",h");
	assert_int_equal(wf_bus_urls_parse(many, &urls, error), 0);
	strcat(many, ",h");
	expect_refused(many, "more than 16 servers");
	memset(many, 'h', WF_BUS_URLS_BYTES);
	many[WF_BUS_URLS_BYTES] = '\0';
	expect_refused(many, "more than 1023 characters");
}
