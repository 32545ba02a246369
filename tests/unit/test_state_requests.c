// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of agent/store/ and state/state_metrics.c: requests that read, change and watch a store,
 * what they reject and why, pages of a list, and the labels of metrics.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "agent/request.h"
#include "agent/requests.h"
#include "state/core.h"
#include "state/state_metrics.h"
#include "state/store.h"

static struct wf_request_env env;

static int setup(void **state)
{
	const struct wf_store_opts opts = {.max_bytes = 4 << 20, .entries_max = 1500};

	return wf_store_new(&opts, &env.store);
}

static int teardown(void **state)
{
	wf_store_free(env.store);
	return 0;
}

/* Answers @text, a request; NULL if it is rejected. */
static json_t *ask(const char *text, struct wf_control_error *error)
{
	json_t *request = json_loads(text, 0, NULL);
	json_t *answer;

	assert_non_null(request);
	*error = (struct wf_control_error){.text = ""};
	answer = wf_requests_answer(json_string_value(json_object_get(request, "command")), request,
				    error, &env);
	json_decref(request);
	return answer;
}

/* Asserts that the answer to @text, without times, is @expected. */
static void expect(const char *text, const char *expected)
{
	struct wf_control_error error;
	json_t *answer = ask(text, &error);
	json_t *entry;
	char *got;
	size_t i;

	assert_string_equal(error.text, "");
	json_object_del(answer, "time");
	json_array_foreach(json_object_get(answer, "entries"), i, entry)
		json_object_del(entry, "time");
	json_array_foreach(json_object_get(answer, "versions"), i, entry)
		json_object_del(entry, "time");
	json_array_foreach(json_object_get(answer, "changes"), i, entry)
		json_object_del(entry, "time");
	got = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(got, expected);
	free(got);
	json_decref(answer);
}

static void expect_error(const char *text, bool is_usage, bool is_missing, const char *expected)
{
	struct wf_control_error error;

	assert_null(ask(text, &error));
	assert_int_equal(error.is_usage, is_usage);
	assert_int_equal(error.is_missing, is_missing);
	if (!strstr(error.text, expected))
		assert_string_equal(error.text, expected);
}

static void expect_refused(const char *text, bool is_usage, const char *expected)
{
	expect_error(text, is_usage, false, expected);
}

/* Asserts that the request @text names a key that does not exist. */
static void expect_missing(const char *text, const char *expected)
{
	expect_error(text, false, true, expected);
}

#define SET(key, value) "{\"command\":\"state_set\",\"key\":\"" key "\",\"value\":" value "}"
#define SET_IF(key, value, version)                                       \
	"{\"command\":\"state_set\",\"key\":\"" key "\",\"value\":" value \
	",\"if_version\":" version "}"
#define ASK(command, key) "{\"command\":\"" command "\",\"key\":\"" key "\"}"

TEST_WITH(state_requests_set_read_and_delete, setup, teardown)
{
	expect(SET("a/b", "[1,{\"x\":null}]"), "{\"key\":\"a/b\",\"version\":1}");
	expect(SET_IF("a/b", "false", "1"), "{\"key\":\"a/b\",\"version\":2}");
	expect(ASK("state_get", "a/b"), "{\"key\":\"a/b\",\"value\":false,\"version\":2}");
	expect(ASK("state_history", "a/b"),
	       "{\"versions\":[{\"key\":\"a/b\",\"value\":false,\"version\":2},"
	       "{\"key\":\"a/b\",\"value\":[1,{\"x\":null}],\"version\":1}]}");
	expect(ASK("state_delete", "a/b"), "{\"key\":\"a/b\",\"version\":3}");
	expect_missing(ASK("state_get", "a/b"), "a/b: there is no such key");
	expect_missing(ASK("state_history", "a/b"), "a/b: there is no such key");
	expect_missing(ASK("state_delete", "a/b"), "a/b: there is no such key");
}

TEST_WITH(state_requests_reject_conflicts, setup, teardown)
{
	expect(SET_IF("a", "1", "0"), "{\"key\":\"a\",\"version\":1}");
	expect_refused(SET_IF("a", "2", "0"), false, "a: conflict: ");
	expect_refused(SET_IF("a", "2", "7"), false, "a: conflict: ");
	expect_refused("{\"command\":\"state_delete\",\"key\":\"a\",\"if_version\":7}", false,
		       "a: conflict: ");
	expect(ASK("state_get", "a"), "{\"key\":\"a\",\"value\":1,\"version\":1}");
}

TEST_WITH(state_requests_reject_wrong_keys, setup, teardown)
{
	static const char *const keys[] = {"",	  "/",	      "/a",   "a/",   "a//b",
					   ".",	  "..",	      "a/.",  "a/..", "../a",
					   "a b", "a\\u00e9", "a%2f", "a\\n"};
	char text[512], longest[300];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(text, sizeof(text), SET("%s", "1"), keys[i]);
		expect_refused(text, true, "key: ");
	}
	memset(longest, 'k', sizeof(longest));
	longest[256] = '\0';
	snprintf(text, sizeof(text), SET("%s", "1"), longest);
	expect_refused(text, true, "key: ");
	snprintf(text, sizeof(text), SET("%s", "1"), longest + 1);
	assert_int_equal(strlen(longest + 1), 255);
	json_decref(ask(text, &(struct wf_control_error){.is_usage = false}));
	expect(SET("..a/.b/c:@+-_.9", "1"), "{\"key\":\"..a/.b/c:@+-_.9\",\"version\":2}");
	expect_refused("{\"command\":\"state_get\",\"key\":5}", true, "key: ");
}

TEST_WITH(state_requests_reject_wrong_values_and_numbers, setup, teardown)
{
	char *text = malloc(80000);
	size_t used =
		(size_t)sprintf(text, "{\"command\":\"state_set\",\"key\":\"a\",\"value\":\"");

	memset(text + used, 'x', 65534);
	strcpy(text + used + 65534, "\"}");
	expect(text, "{\"key\":\"a\",\"version\":1}");
	strcpy(text + used + 65534, "x\"}");
	expect_refused(text, true, "value: more than 65536 bytes");
	used--;
	memset(text + used, '[', 64);
	memset(text + used + 64, ']', 64);
	strcpy(text + used + 128, "}");
	expect(text, "{\"key\":\"a\",\"version\":2}");
	memset(text + used, '[', 65);
	memset(text + used + 65, ']', 65);
	strcpy(text + used + 130, "}");
	expect_refused(text, true, "value: arrays and objects are nested more than 64 ");
	free(text);
	expect(SET("a", "\"[[\\\"[[{{\""), "{\"key\":\"a\",\"version\":3}");
	expect_refused(ASK("state_set", "a"), true, "value: the member is missing");
	expect_refused(SET_IF("a", "1", "-1"), true, "if_version: not a number from 0 to ");
	expect_refused(SET_IF("a", "1", "\"1\""), true, "if_version: ");
	expect_refused("{\"command\":\"state_list\",\"limit\":0}", true, "limit: ");
	expect_refused("{\"command\":\"state_list\",\"prefix\":[]}", true, "prefix: ");
}

TEST_WITH(state_list_has_pages, setup, teardown)
{
	char text[128];

	for (int i = 0; i < 1500; i++) {
		snprintf(text, sizeof(text), SET("k%04d", "%d"), i, i);
		json_decref(ask(text, &(struct wf_control_error){.is_usage = false}));
	}
	expect_refused(SET("more", "1"), false, "state.max_entries");
	for (int i = 0, first = 0; i < 2; i++, first = 1000) {
		struct wf_control_error error;
		json_t *answer, *entries;

		snprintf(text, sizeof(text), "{\"command\":\"state_list\",\"after\":\"%s\"}",
			 i ? "k0999" : "");
		answer = ask(text, &error);
		entries = json_object_get(answer, "entries");
		assert_int_equal(json_array_size(entries), i ? 500 : 1000);
		assert_int_equal(json_is_true(json_object_get(answer, "truncated")), !i);
		assert_int_equal(
			json_integer_value(json_object_get(json_array_get(entries, 0), "value")),
			first);
		json_decref(answer);
	}
	expect("{\"command\":\"state_list\",\"prefix\":\"k149\",\"after\":\"k1498\"}",
	       "{\"entries\":[{\"key\":\"k1499\",\"value\":1499,\"version\":1500}],"
	       "\"truncated\":false,\"version\":1500}");
}

TEST_WITH(state_watch_reports_changes_in_order, setup, teardown)
{
	json_decref(ask(SET("a/old", "1"), &(struct wf_control_error){.is_usage = false}));
	expect("{\"command\":\"state_watch\",\"prefix\":\"a/\"}", "{\"version\":1,\"watch\":1}");
	expect(SET("a/x", "1"), "{\"key\":\"a/x\",\"version\":2}");
	expect(SET("b/x", "1"), "{\"key\":\"b/x\",\"version\":3}");
	expect(ASK("state_delete", "a/x"), "{\"key\":\"a/x\",\"version\":4}");
	expect("{\"command\":\"state_watch\",\"watch\":1}",
	       "{\"changes\":[{\"key\":\"a/x\",\"value\":1,\"version\":2},"
	       "{\"deleted\":true,\"key\":\"a/x\",\"version\":4}],\"lost\":false}");
	expect("{\"command\":\"state_watch\",\"watch\":1}", "{\"changes\":[],\"lost\":false}");
	expect("{\"command\":\"state_watch\",\"watch\":1,\"close\":true}", "{}");
	expect_refused("{\"command\":\"state_watch\",\"watch\":1}", false, "watch: it has ended");
	expect_refused("{\"command\":\"state_watch\",\"watch\":-1}", true, "watch: not a number");
}

TEST_WITH(state_metrics_have_a_bounded_number_of_labels, setup, teardown)
{
	char text[128], *metrics = NULL;
	size_t bytes;
	FILE *out;

	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), SET("p%02d/%d", "1"), i, i);
		json_decref(ask(text, &(struct wf_control_error){.is_usage = false}));
	}
	json_decref(ask(SET("p03", "1"), &(struct wf_control_error){.is_usage = false}));
	json_decref(ask(SET("other/x", "1"), &(struct wf_control_error){.is_usage = false}));
	out = open_memstream(&metrics, &bytes);
	assert_int_equal(wf_state_metrics_print(env.store, out), 0);
	fclose(out);
	assert_non_null(strstr(metrics, "weft_state_entries{prefix=\"p03\"} 2\n"));
	assert_non_null(strstr(metrics, "weft_state_entries{prefix=\"p15\"} 1\n"));
	assert_null(strstr(metrics, "p16"));
	assert_non_null(strstr(metrics, "weft_state_entries{prefix=\"other\"} 5\n"));
	assert_non_null(strstr(metrics, "weft_state_limit_bytes 4194304\n"));
	free(metrics);
}

/* A lock of the store that stays taken makes the request fail. */
TEST(prometheus_gives_the_reason_of_its_failure)
{
	const struct wf_store_opts opts = {.max_bytes = 4 << 20, .lock_timeout_ms = 1};
	WEFT_OPTS(weft_opts, handle, .memory_max_bytes = 16 << 20, .workers = 1);
	struct wf_request_env busy = {.weft = NULL};
	struct wf_control_error error = {.text = ""};

	assert_int_equal(weft_new(&handle, &busy.weft), 0);
	assert_int_equal(wf_store_new(&opts, &busy.store), 0);
	assert_int_equal(wf_lock_take(&busy.store->shards[0].lock, "a test"), 0);
	assert_null(wf_requests_answer("prometheus", NULL, &error, &busy));
	assert_string_equal(error.text, "prometheus: the agent is too busy to answer; try again");
	assert_int_equal(error.err, -ETIMEDOUT);
	wf_lock_put(&busy.store->shards[0].lock);
	json_decref(wf_requests_answer("prometheus", NULL, &error, &busy));
	wf_store_free(busy.store);
	weft_free(busy.weft);
}
