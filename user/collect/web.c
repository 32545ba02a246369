// SPDX-License-Identifier: BSD-2-Clause
/*
 * web.c - answers the two requests of the HTTP server from the counters.
 */
#include "collect/web.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/disk/store.h"
#include "http/http.h"

static const struct wf_http_route routes[] = {
	{.method = "GET", .path = "/metrics", .command = "metrics", .form = WF_HTTP_METRICS},
	{.method = "GET", .path = "/health", .command = "health", .form = WF_HTTP_HEALTH},
};

static bool route(size_t index, struct wf_http_route *ret_route)
{
	if (index >= sizeof(routes) / sizeof(routes[0]))
		return false;
	*ret_route = routes[index];
	return true;
}

static void add_reason(json_t *reasons, bool applies, const char *what, const char *detail)
{
	if (applies)
		json_array_append_new(reasons, json_pack("{ssss}", "what", what, "detail", detail));
}

/* A collector that waits loses nothing, because messages wait in NATS: it is only degraded. */
static json_t *health(const struct wf_collect_counts *counts)
{
	json_t *reasons = json_array();

	add_reason(reasons, !atomic_load(&counts->is_connected), "nats_disconnected",
		   "NATS can't be reached, or the stream is missing");
	add_reason(reasons, atomic_load(&counts->is_waiting_for_disk), "disk_full",
		   "the disk is full; messages wait in NATS");
	add_reason(reasons, atomic_load(&counts->failed_bytes), "files_failed",
		   "some stream files could not be written");
	return json_pack("{ssso}", "status", json_array_size(reasons) ? "degraded" : "ok",
			 "reasons", reasons);
}

static json_t *answer(const char *command, const json_t *request,
		      struct wf_control_error *ret_error, void *ctx)
{
	const struct wf_collect_counts *counts = ctx;
	json_t *result;
	char *text;

	if (!strcmp(command, "health"))
		return health(counts);
	text = wf_collect_metrics_new(counts);
	result = text ? json_string(text) : NULL;
	free(text);
	if (!result)
		snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
	return result;
}

int wf_collect_web_open(const char *listen, const struct wf_collect_counts *counts, weft_log_fn log,
			void *log_ctx, struct wf_http **ret_http, char *ret_error)
{
	const struct wf_http_opts opts = {
		.listen = listen,
		.route = route,
		.answer = answer,
		.answer_ctx = (void *)counts,
		.log = log,
		.log_ctx = log_ctx,
	};
	struct wf_control_error error = {.text = "out of memory"};
	struct wf_http *http = NULL;
	int err = wf_http_open(&opts, &http, &error);

	if (!err) {
		err = wf_http_start(http);
		if (err)
			snprintf(error.text, sizeof(error.text), "%s: %s", listen, strerror(-err));
	}
	if (err) {
		snprintf(ret_error, WF_COLLECT_ERROR_BYTES, "%s", error.text);
		wf_http_close(http);
		return err;
	}
	*ret_http = http;
	return 0;
}
