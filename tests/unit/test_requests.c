// SPDX-License-Identifier: BSD-2-Clause
/* Tests of agent/requests.c: requests are found by name, and the table lists every request. */
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "agent/requests.h"

TEST(requests_help_has_a_line_for_each_request)
{
	static const char *const names[] = {"stats",	     "prometheus", "health",
					    "memory",	     "workers",	   "subscriptions",
					    "flows",	     "flow",	   "filter",
					    "subscribe",     "state_list", "state_get",
					    "state_history", "state_set",  "state_delete",
					    "state_watch",   "policy",	   "policy_history",
					    "policy_check",  "policy_set", "policy_rollback",
					    "reload",	     "endpoints",  "endpoint_remove",
					    "fleet"};
	struct wf_control_error error = {.text = ""};
	json_t *help = wf_requests_answer("help", NULL, &error, NULL);

	assert_int_equal(json_object_size(help), sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(json_string_length(json_object_get(help, names[i])) > 10);
	json_decref(help);
}

TEST(requests_of_unknown_command_is_refused_by_name)
{
	struct wf_control_error error = {.text = ""};

	assert_null(wf_requests_answer("dance", NULL, &error, NULL));
	assert_string_equal(error.text, "unknown command: dance; \"help\" lists the commands");
}

TEST(requests_of_known_command_are_answered_by_it)
{
	struct wf_control_error error = {.text = ""};
	json_t *request = json_pack("{ssss}", "command", "flows", "sort", "no such order");

	assert_null(wf_requests_answer("flows", request, &error, NULL));
	assert_non_null(strstr(error.text, "sort: "));
	json_decref(request);
}

static void *no_memory(size_t bytes)
{
	return NULL;
}

TEST(requests_without_memory_are_refused_with_that_reason)
{
	struct wf_control_error error = {.text = ""};
	json_t *help;

	json_set_alloc_funcs(no_memory, free);
	help = wf_requests_answer("help", NULL, &error, NULL);
	json_set_alloc_funcs(malloc, free);
	assert_null(help);
	assert_string_equal(error.text, "help: out of memory");
}
