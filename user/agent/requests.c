// SPDX-License-Identifier: BSD-2-Clause
/*
 * requests.c - the requests to the running agent, one row each.
 *
 * A row REQUEST(x) stands for `const struct wf_request wf_request_x`. This file also answers the
 * request "help", from the rows.
 */
#include "agent/requests.h"

#include <stdio.h>
#include <string.h>

#include "agent/request.h"

#define REQUESTS            \
	REQUEST(stats)      \
	REQUEST(prometheus) \
	REQUEST(flows)      \
	REQUEST(flow)       \
	REQUEST(filter)

#define REQUEST(name) extern const struct wf_request wf_request_##name;
REQUESTS
#undef REQUEST

#define REQUEST(name) &wf_request_##name,
static const struct wf_request *const requests[] = {REQUESTS};
#undef REQUEST

enum { REQUESTS_COUNT = sizeof(requests) / sizeof(requests[0]) };

static json_t *help_new(void)
{
	json_t *help = json_object();

	for (size_t i = 0; i < REQUESTS_COUNT; i++)
		json_object_set_new(help, requests[i]->name, json_string(requests[i]->help));
	return help;
}

json_t *wf_requests_answer(const char *command, const json_t *request,
			   struct wf_control_error *ret_error, void *env)
{
	for (size_t i = 0; i < REQUESTS_COUNT; i++)
		if (!strcmp(requests[i]->name, command))
			return requests[i]->answer(env, request, ret_error);
	if (!strcmp(command, "help"))
		return help_new();
	snprintf(ret_error->text, sizeof(ret_error->text),
		 "unknown command: %.64s; \"help\" lists the commands", command);
	return NULL;
}
