// SPDX-License-Identifier: BSD-2-Clause
/*
 * requests.c - the requests to the running agent, one row each.
 *
 * A row REQUEST(x) stands for `const struct wf_request wf_request_x`. This file also answers the
 * request "help", from the rows.
 */
#include "agent/requests.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/request.h"

#define REQUESTS                 \
	REQUEST(stats)           \
	REQUEST(prometheus)      \
	REQUEST(health)          \
	REQUEST(memory)          \
	REQUEST(workers)         \
	REQUEST(subscriptions)   \
	REQUEST(flows)           \
	REQUEST(flow)            \
	REQUEST(endpoints)       \
	REQUEST(endpoint_remove) \
	REQUEST(fleet)           \
	REQUEST(filter)          \
	REQUEST(policy)          \
	REQUEST(policy_history)  \
	REQUEST(policy_check)    \
	REQUEST(policy_set)      \
	REQUEST(reload)          \
	REQUEST(policy_rollback) \
	REQUEST(state_list)      \
	REQUEST(state_get)       \
	REQUEST(state_history)   \
	REQUEST(state_set)       \
	REQUEST(state_delete)    \
	REQUEST(state_watch)     \
	REQUEST(subscribe)

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

static const struct wf_request *find_request(const char *command)
{
	for (size_t i = 0; i < REQUESTS_COUNT; i++)
		if (!strcmp(requests[i]->name, command))
			return requests[i];
	return NULL;
}

json_t *wf_requests_answer(const char *command, const json_t *request,
			   struct wf_control_error *ret_error, void *env)
{
	const struct wf_request *found = find_request(command);
	json_t *result = NULL;

	*ret_error = (struct wf_control_error){.text = ""};
	if (found && found->answer)
		result = found->answer(env, request, ret_error);
	else if (found)
		wf_request_refuse(ret_error, command, "is answered on a control socket only");
	else if (!strcmp(command, "help"))
		result = help_new();
	else
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "unknown command: %.64s; \"help\" lists the commands", command);
	if (!result && !*ret_error->text)
		wf_request_refuse(ret_error, command, "out of memory");
	return result;
}

json_t *wf_requests_refuse(const char *command, const json_t *request,
			   struct wf_control_error *ret_error, void *env)
{
	*ret_error = (struct wf_control_error){.text = ""};
	return wf_request_refuse(ret_error, command,
				 "a replay answers the request subscribe (weft subscribe) only");
}

json_t *wf_requests_state(void *env)
{
	struct wf_control_error error;
	json_t *state = wf_requests_answer("stats", NULL, &error, env);
	json_t *health = wf_requests_answer("health", NULL, &error, env);

	if (state && health && !json_object_set(state, "health", health)) {
		json_decref(health);
		return state;
	}
	json_decref(health);
	json_decref(state);
	return NULL;
}

bool wf_requests_route(size_t index, struct wf_http_route *ret_route)
{
	for (size_t i = 0; i < REQUESTS_COUNT; i++) {
		if (!requests[i]->http.path || index-- > 0)
			continue;
		*ret_route = requests[i]->http;
		ret_route->command = requests[i]->name;
		return true;
	}
	return false;
}

int wf_requests_stream(const char *command, int fd, const json_t *request,
		       struct wf_control_error *ret_error, void *env)
{
	const struct wf_request *found = find_request(command);

	return found && found->stream ? found->stream(env, fd, request, ret_error) : -ENOENT;
}
