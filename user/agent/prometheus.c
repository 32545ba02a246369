// SPDX-License-Identifier: BSD-2-Clause
/*
 * prometheus.c - the request "prometheus": returns all metrics as one string in the text format of
 * Prometheus.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/weft.h>

#include "agent/request.h"

/* Return the text, owned by the caller; NULL if there is no memory. */
static char *text_new(const struct weft *weft, size_t *ret_bytes)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_bytes);
	int err;

	if (!out)
		return NULL;
	err = weft_stats_prometheus(weft, out);
	if (!fclose(out) && !err)
		return text;
	free(text);
	return NULL;
}

static json_t *answer_prometheus(const struct wf_request_env *env, const json_t *request,
				 struct wf_control_error *ret_error)
{
	size_t bytes;
	char *text = text_new(env->weft, &bytes);
	json_t *result = text ? json_stringn(text, bytes) : NULL;

	if (!result)
		snprintf(ret_error->text, sizeof(ret_error->text), "prometheus: out of memory");
	free(text);
	return result;
}

const struct wf_request wf_request_prometheus = {
	.name = "prometheus",
	.help = "report all metrics in the text format of Prometheus",
	.answer = answer_prometheus,
};
