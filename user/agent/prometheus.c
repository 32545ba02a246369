// SPDX-License-Identifier: BSD-2-Clause
/*
 * prometheus.c - the request "prometheus": returns all metrics as one string in the text format of
 * Prometheus.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "agent/request.h"
#include "endpoints/endpoints_metrics.h"
#include "policy/policies.h"
#include "sink/sink.h"
#include "state/state_metrics.h"

#define NS_PER_SEC 1000000000u

/* Print a metric of a sink; one in ns is printed in seconds. */
static void print_metric(const struct weft_metric *metric, void *ctx)
{
	const char *unit = strrchr(metric->name, '_');
	FILE *out = ctx;

	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s ", metric->family, metric->help,
		metric->family, metric->kind == WEFT_METRIC_GAUGE ? "gauge" : "counter",
		metric->family);
	if (unit && !strcmp(unit, "_ns"))
		fprintf(out, "%" PRIu64 ".%09" PRIu64 "\n", metric->value / NS_PER_SEC,
			metric->value % NS_PER_SEC);
	else
		fprintf(out, "%" PRIu64 "\n", metric->value);
}

/* Return the text, owned by the caller; NULL if metrics can't be read or there is no memory. */
static char *text_new(const struct wf_request_env *env, size_t *ret_bytes)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_bytes);
	int err;

	if (!out)
		return NULL;
	err = weft_stats_prometheus(env->weft, out);
	if (!err && env->store)
		err = wf_state_metrics_print(env->store, out);
	if (!err && env->policies)
		wf_policies_print_metrics(env->policies, out);
	if (env->endpoints)
		wf_endpoints_metrics_print(env->endpoints, out);
	for (size_t i = 0; !err && i < env->sinks_count; i++)
		wf_sink_metrics_each(env->sinks[i], print_metric, out);
	if (ferror(out))
		err = -EIO;
	if (!fclose(out) && !err)
		return text;
	free(text);
	return NULL;
}

static json_t *answer_prometheus(const struct wf_request_env *env, const json_t *request,
				 struct wf_control_error *ret_error)
{
	size_t bytes;
	char *text = text_new(env, &bytes);
	json_t *result = text ? json_stringn(text, bytes) : NULL;

	if (!result)
		snprintf(ret_error->text, sizeof(ret_error->text), "prometheus: out of memory");
	free(text);
	return result;
}

const struct wf_request wf_request_prometheus = {
	.name = "prometheus",
	.help = "report all metrics in the text format of Prometheus",
	.http = {.method = "GET", .path = "/metrics", .form = WF_HTTP_METRICS},
	.answer = answer_prometheus,
};
