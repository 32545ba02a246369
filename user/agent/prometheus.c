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

static int print_all(const struct wf_request_env *env, FILE *out)
{
	int err = weft_stats_prometheus(env->weft, out);

	if (!err && env->store)
		err = wf_state_metrics_print(env->store, out);
	if (!err && env->policies)
		wf_policies_print_metrics(env->policies, out);
	if (env->endpoints)
		wf_endpoints_metrics_print(env->endpoints, out);
	for (size_t i = 0; !err && i < env->sinks_count; i++)
		wf_sink_metrics_each(env->sinks[i], print_metric, out);
	return err;
}

/* *@ret_text: the text, owned by the caller. Return: 0; negative errno. */
static int text_new(const struct wf_request_env *env, char **ret_text, size_t *ret_bytes)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_bytes);
	int err;

	if (!out)
		return -errno;
	err = print_all(env, out);
	/* Only a lack of memory makes a write to a memory stream fail. */
	if (!err && ferror(out))
		err = -ENOMEM;
	if (fclose(out) && !err)
		err = -ENOMEM;
	if (err)
		free(text);
	else
		*ret_text = text;
	return err;
}

static json_t *refuse(struct wf_control_error *ret_error, int err)
{
	ret_error->err = err;
	return wf_request_refuse(ret_error, "prometheus",
				 err == -ETIMEDOUT ? "the agent is too busy to answer; try again"
						   : strerror(-err));
}

static json_t *answer_prometheus(const struct wf_request_env *env, const json_t *request,
				 struct wf_control_error *ret_error)
{
	char *text = NULL;
	size_t bytes = 0;
	json_t *result;
	int err = text_new(env, &text, &bytes);

	if (err)
		return refuse(ret_error, err);
	result = json_stringn(text, bytes);
	free(text);
	return result ? result : refuse(ret_error, -ENOMEM);
}

const struct wf_request wf_request_prometheus = {
	.name = "prometheus",
	.help = "report all metrics in the text format of Prometheus",
	.http = {.method = "GET", .path = "/metrics", .form = WF_HTTP_METRICS},
	.answer = answer_prometheus,
};
