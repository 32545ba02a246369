// SPDX-License-Identifier: BSD-2-Clause
/*
 * report_new.c - builds the report from the library's named metrics and ledgers.
 */
#include "agent/report_new.h"

#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

#include "agent/control/clock.h"
#include "agent/privileges/report_privileges.h"
#include "agent/request.h"
#include "agent/watch/losses.h"
#include "config/config_table.h"
#include "sink/sink.h"

static void add_metric(const struct weft_metric *metric, void *ctx)
{
	json_t *metrics = ctx;
	json_t *entry = json_pack("{sIssss}", "value", (json_int_t)metric->value, "kind",
				  metric->kind == WEFT_METRIC_GAUGE ? "gauge" : "counter", "help",
				  metric->help);

	if (wf_losses_has(metric->name))
		json_object_set_new(entry, "loss", json_true());
	json_object_set_new(metrics, metric->name, entry);
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

static void add_sink_metric(const struct weft_metric *metric, void *ctx)
{
	json_object_set_new(ctx, metric->name, json_integer((json_int_t)metric->value));
}

static json_t *sink_new(const struct wf_sink *sink)
{
	struct wf_sink_stats stats;
	json_t *json;

	wf_sink_stats(sink, &stats);
	json = json_pack("{sssIsIsIsIsIsIsIsI}", "name", wf_sink_name(sink), "events",
			 (json_int_t)stats.events, "data_bytes", (json_int_t)stats.data_bytes,
			 "written_bytes", (json_int_t)stats.written_bytes, "files",
			 (json_int_t)stats.files, "failed_bytes", (json_int_t)stats.failed_bytes,
			 "failed_events", (json_int_t)stats.failed_events, "dropped_events",
			 (json_int_t)stats.dropped_events, "dropped_bytes",
			 (json_int_t)stats.dropped_bytes);
	wf_sink_metrics_each(sink, add_sink_metric, json);
	return json;
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

json_t *wf_report_pressure_new(const struct weft *weft)
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

static void add_worker(const struct weft_worker *worker, void *ctx)
{
	json_array_append_new(ctx, json_pack("{sIsIsIsIsIsIsI}", "index", (json_int_t)worker->index,
					     "busy_percent", (json_int_t)worker->busy_percent,
					     "last_seen_ms",
					     (json_int_t)(worker->last_seen_ns / 1000000), "frames",
					     (json_int_t)worker->frames, "delivered_bytes",
					     (json_int_t)worker->delivered_bytes, "connections",
					     (json_int_t)worker->connections, "ring_full_frames",
					     (json_int_t)worker->ring_full_frames));
}

json_t *wf_report_workers_new(const struct weft *weft)
{
	json_t *workers = json_array();

	if (workers)
		weft_workers_each(weft, add_worker, workers);
	return workers;
}

static void add_sub(const char *name, const struct weft_sub_stats *stats, void *ctx)
{
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
		{"queue_events", stats->waiting_events},
		{"queue_bytes", stats->waiting_bytes},
		{"queue_limit_bytes", stats->queue_bytes},
		{"high_water_bytes", stats->high_water_bytes},
		{"lag_ms", stats->lag_ns / 1000000},
		{"pushed_events", stats->pushed_events},
		{"pushed_bytes", stats->pushed_bytes},
		{"taken_events", stats->taken_events},
		{"taken_bytes", stats->taken_bytes},
		{"dropped_events", stats->dropped_events},
		{"dropped_bytes", stats->dropped_bytes},
		{"revoked_events", stats->revoked_events},
		{"revoked_bytes", stats->revoked_bytes},
	};
	json_t *sub = json_pack("{ssss}", "name", name, "state", weft_sub_end_name(stats->ended));

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		json_object_set_new(sub, counts[i].name, json_integer((json_int_t)counts[i].value));
	json_array_append_new(ctx, sub);
}

json_t *wf_report_subscriptions_new(const struct weft *weft)
{
	json_t *subs = json_array();

	if (subs)
		weft_subs_each(weft, add_sub, subs);
	return subs;
}

static void name_files(char *const *files, size_t files_count, char *buf, size_t buf_bytes)
{
	const char *first = strcmp(files[0], "-") ? files[0] : "standard input";

	if (files_count == 1)
		snprintf(buf, buf_bytes, "%s", first);
	else
		snprintf(buf, buf_bytes, "%s and %zu more", first, files_count - 1);
}

void wf_report_name_source(const struct wf_config *config, char *const *files, size_t files_count,
			   char *buf, size_t buf_bytes)
{
	size_t used = 0;

	if (files_count) {
		name_files(files, files_count, buf, buf_bytes);
		return;
	}
	buf[0] = '\0';
	for (size_t i = 0; i < config->interfaces_count && used < buf_bytes; i++)
		used += (size_t)snprintf(buf + used, buf_bytes - used, "%s%s", i ? "," : "",
					 config->interfaces[i]);
}

/* Return the time since the last loss of frames, in ms; null: no frame was lost. */
static json_t *loss_age_new(const struct wf_losses *losses)
{
	uint64_t age_ns = wf_losses_age_ns(losses, wf_clock_now_ns());

	return age_ns == UINT64_MAX ? json_null() : json_integer((json_int_t)(age_ns / 1000000));
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
	return json_pack("{sssssIsosososososososososo}", "version", weft_version(), "source",
			 env->source, "elapsed_ms", (json_int_t)elapsed_ms, "ledgers", ledgers,
			 "metrics", metrics, "sinks", list, "pressure",
			 wf_report_pressure_new(env->weft), "cleanup", cleanup, "interfaces",
			 interfaces, "workers", wf_report_workers_new(env->weft), "loss_age_ms",
			 loss_age_new(env->losses), "subscriptions",
			 wf_report_subscriptions_new(env->weft), "privileges",
			 wf_privileges_report(env->privileges));
}

static json_t *answer_stats(const struct wf_request_env *env, const json_t *request,
			    struct wf_control_error *ret_error)
{
	return wf_report_new(env);
}

const struct wf_request wf_request_stats = {
	.name = "stats",
	.help = "report all ledgers, metrics, sinks and the memory pressure",
	.http = {.method = "GET", .path = "/api/v1/stats"},
	.answer = answer_stats,
};
