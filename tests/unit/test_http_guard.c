// SPDX-License-Identifier: BSD-2-Clause
/* Tests of http/wire/guard.c and http/wire/listen.c: Host, Origin, token, and addresses. */
#include "unit/support/test.h"

#include <errno.h>
#include <string.h>

#include "http/wire/guard.h"
#include "http/wire/listen.h"

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static bool is_host(const char *host)
{
	static char *const names[] = {"sensor.example", "192.0.2.9"};

	return wf_guard_is_host(host, "127.0.0.1", names, 2);
}

TEST(guard_host_of_this_server_is_accepted)
{
	static const char *const hosts[] = {
		"127.0.0.1",	  "127.0.0.1:9191",	 "localhost",	   "LocalHost:80",
		"sensor.example", "Sensor.Example:9191", "192.0.2.9:9191",
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		assert_true(is_host(hosts[i]));
	assert_true(wf_guard_is_host("[::1]:9191", "::1", NULL, 0));
	assert_true(wf_guard_is_host("[0:0:0:0:0:0:0:1]", "::1", NULL, 0));
}

TEST(guard_host_of_another_server_is_rejected)
{
	static const char *const hosts[] = {
		"",
		"evil.example",
		"127.0.0.2",
		"127.0.0.1.evil.example",
		"localhost.evil.example",
		"localhost:",
		"localhost:x",
		"localhost:80:80",
		"localhost:123456",
		"localhost@evil.example",
		"localhost, evil.example",
		" localhost",
		"[::1",
		"[::1]x",
		"[]",
		":80",
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		assert_false(is_host(hosts[i]));
}

TEST(guard_host_longer_than_any_name_is_rejected)
{
	char host[400];

	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	assert_false(is_host(host));
}

TEST(guard_origin_must_be_a_page_of_this_server)
{
	assert_true(wf_guard_is_origin("http://localhost:9191", "localhost:9191"));
	assert_true(wf_guard_is_origin("https://sensor.example", "sensor.example"));
	assert_false(wf_guard_is_origin("http://localhost:8080", "localhost:9191"));
	assert_false(wf_guard_is_origin("http://evil.example", "localhost:9191"));
	assert_false(wf_guard_is_origin("http://localhost:9191.evil.example", "localhost:9191"));
	assert_false(wf_guard_is_origin("null", "localhost:9191"));
	assert_false(wf_guard_is_origin("file://localhost:9191", "localhost:9191"));
	assert_false(wf_guard_is_origin("", "localhost:9191"));
}

TEST(guard_token_must_be_whole)
{
	assert_true(wf_guard_is_token("Bearer " TOKEN, TOKEN));
	assert_true(wf_guard_is_token("bearer   " TOKEN, TOKEN));
	assert_false(wf_guard_is_token("Bearer " TOKEN "0", TOKEN));
	assert_false(wf_guard_is_token("Bearer 0", TOKEN));
	assert_false(wf_guard_is_token("Bearer ", TOKEN));
	assert_false(wf_guard_is_token("Basic " TOKEN, TOKEN));
	assert_false(wf_guard_is_token(TOKEN, TOKEN));
	assert_false(wf_guard_is_token("", TOKEN));
	assert_false(wf_guard_is_token(
		"Bearer 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdee", TOKEN));
	assert_false(wf_guard_is_token("Bearer ", "")); /* there is no token */
}

TEST(guard_names_in_a_list)
{
	assert_true(wf_guard_has_name("weft.v1", "weft.v1"));
	assert_true(wf_guard_has_name("a,weft.v1 , b", "weft.v1"));
	assert_false(wf_guard_has_name("", "weft.v1"));
	assert_false(wf_guard_has_name(" ,, ", "weft.v1"));
	assert_false(wf_guard_has_name("weft.v10,weft.v", "weft.v1"));
	assert_true(wf_guard_has_token_name("weft.v1, t." TOKEN, "t.", TOKEN));
	assert_false(wf_guard_has_token_name("t." TOKEN "0", "t.", TOKEN));
	assert_false(wf_guard_has_token_name("t.,t.0," TOKEN, "t.", TOKEN));
}

TEST(listen_address_in_each_form)
{
	static const struct {
		const char *text;
		const char *addr; /* NULL: rejected */
	} cases[] = {
		{"9191", "127.0.0.1"},
		{":9191", "127.0.0.1"},
		{"127.0.0.1:0", "127.0.0.1"},
		{"0.0.0.0:80", "0.0.0.0"},
		{"[::1]:9191", "::1"},
		{"[::]:9191", "::"},
		{"localhost:9191", NULL},
		{"127.0.0.1", NULL},
		{"127.0.0.1:", NULL},
		{"127.0.0.1:65536", NULL},
		{"127.0.0.1:-1", NULL},
		{"::1:9191", NULL},
		{"[::1]", NULL},
		{"[::1:9191", NULL},
		{"", NULL},
		{":", NULL},
		{"1.2.3.4.5:80", NULL},
		{"0000000000000000000000000000000000000000000000000000000000000000000000:80", NULL},
	};
	struct sockaddr_storage addr;
	char text[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(wf_listen_parse(cases[i].text, &addr),
				 cases[i].addr ? 0 : -EINVAL);
		if (!cases[i].addr)
			continue;
		wf_listen_addr_text(&addr, text, sizeof(text));
		assert_string_equal(text, cases[i].addr);
	}
}
