// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscriptions.c - the request "subscriptions": the counts of each subscription.
 *
 *   {"command": "subscriptions"}
 *     -> {"subscriptions": [...]}, as in the report
 */
#include <jansson.h>

#include <weft/weft.h>

#include "agent/report_new.h"
#include "agent/request.h"

static json_t *answer_subscriptions(const struct wf_request_env *env, const json_t *request,
				    struct wf_control_error *ret_error)
{
	json_t *subs = wf_report_subscriptions_new(env->weft);

	if (!subs)
		return wf_request_refuse(ret_error, "subscriptions", "out of memory");
	return json_pack("{so}", "subscriptions", subs);
}

const struct wf_request wf_request_subscriptions = {
	.name = "subscriptions",
	.help = "report the counts of each subscription",
	.http = {.method = "GET", .path = "/api/v1/subscriptions"},
	.answer = answer_subscriptions,
};
