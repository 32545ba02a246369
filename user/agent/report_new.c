// SPDX-License-Identifier: BSD-2-Clause
/*
 * report_new.c - builds the report from the library's named metrics and ledgers.
 */
#include "agent/report_new.h"

#include <weft/weft.h>

#include "agent/control/clock.h"
#include "agent/request.h"
#include "sink/sink.h"

static void add_metric(const struct weft_metric *metric, void *ctx)
{
	json_t *metrics = ctx;

	json_object_set_new(metrics, metric->name,
			    json_pack("{sIssss}", "value", (json_int_t)metric->value, "kind",
				      metric->kind == WEFT_METRIC_GAUGE ? "gauge" : "counter",
				      "help", metric->help));
}

static json_int_t value_of(const json_t *metrics, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(metrics, name), "value"));
}

static json_t *entry_new(const json_t *metrics, const char *name)
{
	return json_pack("{sssI}", "name", name, "value", value_of(metrics, name));
}

static json_t *ledger_new(const struct weft_ledger *ledger, const json_t *metrics)
{
	json_int_t difference = value_of(metrics, ledger->total);
	json_t *parts = json_array();

	for (const char *const *part = ledger->parts; *part; part++) {
		difference -= value_of(metrics, *part);
		json_array_append_new(parts, entry_new(metrics, *part));
	}
	return json_pack("{sssososIsb}", "name", ledger->name, "total",
			 entry_new(metrics, ledger->total), "parts", parts, "difference",
			 difference, "closed", difference == 0);
}

static json_t *sink_new(const struct wf_sink *sink)
{
	struct wf_sink_stats stats;

	wf_sink_stats(sink, &stats);
	return json_pack("{sssIsIsIsIsIsIsIsI}", "name", wf_sink_name(sink), "events",
			 (json_int_t)stats.events, "data_bytes", (json_int_t)stats.data_bytes,
			 "written_bytes", (json_int_t)stats.written_bytes, "files",
			 (json_int_t)stats.files, "failed_bytes", (json_int_t)stats.failed_bytes,
			 "failed_events", (json_int_t)stats.failed_events, "dropped_events",
			 (json_int_t)stats.dropped_events, "dropped_bytes",
			 (json_int_t)stats.dropped_bytes);
}

static void add_source(const struct weft_pressure_source *source, void *ctx)
{
	json_array_append_new(ctx, json_pack("{sssIsosI}", "name", source->name, "percent",
					     (json_int_t)source->percent, "known",
					     json_boolean(!source->err), "errors",
					     (json_int_t)source->errors));
}

static json_t *change_new(const struct weft_pressure_change *change)
{
	return json_pack("{sIsIsssssIss}", "number", (json_int_t)change->number, "time_ns",
			 (json_int_t)change->time_ns, "from",
			 weft_pressure_level_name(change->from), "to",
			 weft_pressure_level_name(change->to), "percent",
			 (json_int_t)change->percent, "source", change->source);
}

static json_t *pressure_new(const struct weft *weft)
{
	struct weft_pressure_change changes[WEFT_PRESSURE_CHANGES_MAX];
	size_t count = weft_pressure_changes(weft, 0, changes, WEFT_PRESSURE_CHANGES_MAX);
	enum weft_pressure_level level = count ? changes[count - 1].to : WEFT_PRESSURE_NORMAL;
	json_t *sources = json_array();
	json_t *list = json_array();

	weft_pressure_sources_each(weft, add_source, sources);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, change_new(&changes[i]));
	return json_pack("{sssoso}", "level", weft_pressure_level_name(level), "sources", sources,
			 "changes", list);
}

static void add_interface(const struct weft_interface *interface, void *ctx)
{
	json_array_append_new(ctx, json_pack("{ssss}", "name", interface->name, "state",
					     weft_interface_state_name(interface->state)));
}

static void add_task(const struct weft_cleanup *task, void *ctx)
{
	json_array_append_new(ctx, json_pack("{sssIsIsIsIsI}", "name", task->name, "interval_ms",
					     (json_int_t)(task->interval_ns / 1000000), "ttl_ms",
					     (json_int_t)(task->ttl_ns / 1000000), "runs",
					     (json_int_t)task->runs, "removed",
					     (json_int_t)task->removed, "errors",
					     (json_int_t)task->errors));
}

json_t *wf_report_new(const struct wf_request_env *env)
{
	uint64_t elapsed_ms = (wf_clock_now_ns() - env->start_ns) / 1000000;
	json_t *metrics = json_object();
	json_t *ledgers = json_array();
	json_t *list = json_array();
	json_t *cleanup = json_array();
	json_t *interfaces = json_array();

	weft_stats_each(env->weft, add_metric, metrics);
	for (const struct weft_ledger *ledger = weft_ledgers(); ledger->name; ledger++)
		json_array_append_new(ledgers, ledger_new(ledger, metrics));
	for (size_t i = 0; i < env->sinks_count; i++)
		json_array_append_new(list, sink_new(env->sinks[i]));
	weft_cleanup_each(env->weft, add_task, cleanup);
	weft_interfaces_each(env->weft, add_interface, interfaces);
	/* json_pack() takes the references to the parts, and releases them if any part is NULL. */
	return json_pack("{sssssIsosososososo}", "version", weft_version(), "source", env->source,
			 "elapsed_ms", (json_int_t)elapsed_ms, "ledgers", ledgers, "metrics",
			 metrics, "sinks", list, "pressure", pressure_new(env->weft), "cleanup",
			 cleanup, "interfaces", interfaces);
}

static json_t *answer_stats(const struct wf_request_env *env, const json_t *request,
			    struct wf_control_error *ret_error)
{
	return wf_report_new(env);
}

const struct wf_request wf_request_stats = {
	.name = "stats",
	.help = "report all ledgers, metrics, sinks and the memory pressure",
	.answer = answer_stats,
};
