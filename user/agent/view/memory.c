// SPDX-License-Identifier: BSD-2-Clause
/*
 * memory.c - the request "memory": the memory held by each owner, the pages of each class, and the
 * memory pressure.
 *
 *   {"command": "memory"}
 *     -> {"limit_bytes", "used_bytes", "peak_bytes", "owners": {"frames": BYTES, ...},
 *         "classes": {"small": {"spans", "free", "used", "allocations", ...}, ...},
 *         "pressure": {report.h}}
 *
 * Owners and classes are those of the metrics, so that a new one needs no line here.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

#include "agent/report_new.h"
#include "agent/request.h"

enum { LABEL_BYTES = 32 };

/*
 * Metrics of page classes, and the name of the member in the response; NULL: the label "state" of
 * the metric is the name.
 */
static const char *const class_families[][2] = {
	{"weft_page_spans", "spans"},
	{"weft_pages", NULL},
	{"weft_page_allocations_total", "allocations"},
	{"weft_page_failures_total", "failures"},
	{"weft_page_unused_bytes_total", "unused_bytes"},
};

/* Copy the value of the label @key in "key=value,...". Return: false if there is none. */
static bool label_of(const char *labels, const char *key, char ret_value[LABEL_BYTES])
{
	size_t key_chars = strlen(key);

	while (*labels) {
		size_t chars = strcspn(labels, ",");

		if (chars > key_chars && !strncmp(labels, key, key_chars) &&
		    labels[key_chars] == '=') {
			snprintf(ret_value, LABEL_BYTES, "%.*s", (int)(chars - key_chars - 1),
				 labels + key_chars + 1);
			return true;
		}
		labels += chars + (labels[chars] == ',');
	}
	return false;
}

static void add_class(json_t *classes, const struct weft_metric *metric, const char *member)
{
	char name[LABEL_BYTES], state[LABEL_BYTES];
	json_t *class;

	if (!label_of(metric->labels, "class", name))
		return;
	class = json_object_get(classes, name);
	if (!class) {
		class = json_object();
		json_object_set_new(classes, name, class);
	}
	if (!member && label_of(metric->labels, "state", state))
		member = state;
	if (member)
		json_object_set_new(class, member, json_integer((json_int_t)metric->value));
}

static void add_metric(const struct weft_metric *metric, void *ctx)
{
	static const char *const totals[][2] = {
		{"memory_limit_bytes", "limit_bytes"},
		{"memory_used_bytes", "used_bytes"},
		{"memory_peak_bytes", "peak_bytes"},
	};
	json_t *memory = ctx;
	char owner[LABEL_BYTES];

	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
		if (!strcmp(metric->name, totals[i][0]))
			json_object_set_new(memory, totals[i][1],
					    json_integer((json_int_t)metric->value));
	if (!metric->family)
		return;
	if (!strcmp(metric->family, "weft_memory_used_bytes") &&
	    label_of(metric->labels, "owner", owner))
		json_object_set_new(json_object_get(memory, "owners"), owner,
				    json_integer((json_int_t)metric->value));
	for (size_t i = 0; i < sizeof(class_families) / sizeof(class_families[0]); i++)
		if (!strcmp(metric->family, class_families[i][0]))
			add_class(json_object_get(memory, "classes"), metric, class_families[i][1]);
}

static json_t *answer_memory(const struct wf_request_env *env, const json_t *request,
			     struct wf_control_error *ret_error)
{
	json_t *memory = json_pack("{s{}s{}so}", "owners", "classes", "pressure",
				   wf_report_pressure_new(env->weft));

	if (!memory)
		return wf_request_refuse(ret_error, "memory", "out of memory");
	weft_stats_each(env->weft, add_metric, memory);
	return memory;
}

const struct wf_request wf_request_memory = {
	.name = "memory",
	.help = "report the memory held by each owner, the pages of each class, and the pressure",
	.http = {.method = "GET", .path = "/api/v1/memory"},
	.answer = answer_memory,
};
