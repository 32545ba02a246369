// SPDX-License-Identifier: BSD-2-Clause
/*
 * workers.c - the request "workers": the load and the counts of each worker.
 *
 *   {"command": "workers"}
 *     -> {"workers": [{"index", "busy_percent", "last_seen_ms", "frames", "delivered_bytes",
 *         "connections", "ring_full_frames"}...]}
 */
#include <jansson.h>

#include "agent/report_new.h"
#include "agent/request.h"

static json_t *answer_workers(const struct wf_request_env *env, const json_t *request,
			      struct wf_control_error *ret_error)
{
	json_t *workers = wf_report_workers_new(env->weft);

	if (!workers)
		return wf_request_refuse(ret_error, "workers", "out of memory");
	return json_pack("{so}", "workers", workers);
}

const struct wf_request wf_request_workers = {
	.name = "workers",
	.help = "report the load and the counts of each worker",
	.http = {.method = "GET", .path = "/api/v1/workers"},
	.answer = answer_workers,
};
