// SPDX-License-Identifier: BSD-2-Clause
/*
 * fleet.c - the request "fleet": all sensors that publish on NATS.
 *
 *   {"command": "fleet"}
 *     -> {"sensors": [...], "left_out", "connected": true while the agent reads the states of
 *         sensors, "reason": why it does not}; "sensors" and "left_out" as `weft fleet --json`
 *         prints them
 */
#include <errno.h>

#include <jansson.h>

#include "agent/request.h"
#include "fleet/watch.h"

static json_t *answer_fleet(const struct wf_request_env *env, const json_t *request,
			    struct wf_control_error *ret_error)
{
	json_t *fleet;

	if (!env->fleet) {
		ret_error->err = -ENOENT;
		return wf_request_refuse(ret_error, "fleet",
					 "needs sinks.nats.url and sinks.http.listen");
	}
	fleet = wf_fleet_watch_json_new(env->fleet);
	return fleet ? fleet : wf_request_refuse(ret_error, "fleet", "the table is busy");
}

const struct wf_request wf_request_fleet = {
	.name = "fleet",
	.help = "report all sensors that publish on NATS (needs sinks.nats.url and the HTTP server)",
	.http = {.method = "GET", .path = "/api/v1/fleet"},
	.answer = answer_fleet,
};
