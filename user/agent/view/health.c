// SPDX-License-Identifier: BSD-2-Clause
/*
 * health.c - the request "health": reads the state of the agent and applies the checks to it.
 */
#include "agent/view/health.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weft/weft.h>

#include "agent/view/health_checks.h"
#include "agent/watch/drops.h"
#include "agent/watch/losses.h"
#include "agent/control/clock.h"
#include "agent/privileges/report_privileges.h"
#include "agent/request.h"
#include "sink/sink.h"

enum { TROUBLE_BYTES = 320 };

/* The facts, and the texts to which they point. */
struct state {
	const struct wf_request_env *env;
	struct wf_health_facts facts;
	char troubles[WEFT_SUBSCRIPTIONS_MAX][TROUBLE_BYTES];
};

/* ---- the state of the agent ---- */

static void add_worker(const struct weft_worker *worker, void *ctx)
{
	struct wf_health_facts *facts = ctx;

	if (facts->workers_count < WEFT_WORKERS_MAX)
		facts->workers[facts->workers_count++] = *worker;
}

static void add_interface(const struct weft_interface *interface, void *ctx)
{
	struct wf_health_facts *facts = ctx;

	if (facts->interfaces_count < WEFT_INTERFACES_MAX)
		facts->interfaces[facts->interfaces_count++] =
			(struct wf_health_interface){interface->name, interface->state};
}

static void add_metric(const struct weft_metric *metric, void *ctx)
{
	struct wf_health_facts *facts = ctx;

	if (!strcmp(metric->name, "shed_percent"))
		facts->shed_percent = metric->value;
}

static void read_pressure(const struct weft *weft, struct wf_health_facts *facts)
{
	struct weft_pressure_change changes[WEFT_PRESSURE_CHANGES_MAX];
	size_t count = weft_pressure_changes(weft, 0, changes, WEFT_PRESSURE_CHANGES_MAX);
	struct timespec now;
	uint64_t now_ns;

	if (!count)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	facts->pressure = changes[count - 1].to;
	if (now_ns > changes[count - 1].time_ns)
		facts->pressure_age_ns = now_ns - changes[count - 1].time_ns;
}

/*
 * Add the subscription of an output. Those of clients are left out: a slow client does not make the
 * agent degraded.
 */
static void add_sub(struct wf_health_facts *facts, const struct wf_sink *sink)
{
	struct weft_sub_stats stats;

	if (wf_sink_queue_stats(sink, &stats))
		facts->subs[facts->subs_count++] =
			(struct wf_health_sub){wf_sink_name(sink), stats.lag_ns, stats.ended};
}

static void add_sink(struct state *state, size_t index)
{
	const struct wf_sink *sink = state->env->sinks[index];
	const struct wf_drops *drops = &state->env->drops[index];
	struct wf_health_facts *facts = &state->facts;
	char *trouble = state->troubles[index];

	add_sub(facts, sink);
	facts->sinks[facts->sinks_count++] = (struct wf_health_sink){
		.name = wf_sink_name(sink),
		.failure = wf_sink_failure(sink),
		.disk_is_full = wf_sink_disk_is_full(sink),
		.reopen_failed = wf_sink_reopen_has_failed(sink),
		.trouble = wf_sink_trouble(sink, trouble, TROUBLE_BYTES) ? trouble : NULL,
		.limit_key = wf_sink_limit_key(sink),
		.dropped_events = atomic_load(&drops->events),
		.dropped_bytes = atomic_load(&drops->bytes),
		.drop_age_ns = wf_drops_age_ns(drops, wf_clock_now_ns()),
	};
}

static void read_state(const struct wf_request_env *env, struct state *state)
{
	struct wf_health_facts *facts = &state->facts;

	state->env = env;
	weft_workers_each(env->weft, add_worker, facts);
	weft_interfaces_each(env->weft, add_interface, facts);
	weft_stats_each(env->weft, add_metric, facts);
	read_pressure(env->weft, facts);
	facts->loss_age_ns = wf_losses_age_ns(env->losses, wf_clock_now_ns());
	for (size_t i = 0; i < env->sinks_count; i++)
		add_sink(state, i);
}

/* ---- the request ---- */

static void add_reason(const char *what, const char *detail, enum wf_health_status status,
		       void *ctx)
{
	json_array_append_new(ctx, json_pack("{ssssss}", "what", what, "detail", detail, "help",
					     wf_health_help(what)));
}

static json_t *answer_health(const struct wf_request_env *env, const json_t *request,
			     struct wf_control_error *ret_error)
{
	struct state *state = calloc(1, sizeof(*state));
	json_t *reasons = json_array();
	json_t *privileges = wf_privileges_report(env->privileges);
	enum wf_health_status status;
	json_t *health;

	if (!state || !reasons || !privileges) {
		free(state);
		json_decref(reasons);
		json_decref(privileges);
		return wf_request_refuse(ret_error, "health", strerror(ENOMEM));
	}
	read_state(env, state);
	status = wf_health_check(&state->facts, add_reason, reasons);
	free(state);
	/* Privileges that were not given up are listed, but do not make the agent degraded. */
	health = json_pack("{sssosO}", "status", wf_health_status_name(status), "reasons", reasons,
			   "not_given_up", json_object_get(privileges, "kept"));
	json_decref(privileges);
	return health;
}

const struct wf_request wf_request_health = {
	.name = "health",
	.help = "report whether the agent is ok, degraded or unhealthy, and why",
	.http = {.method = "GET", .path = "/health", .form = WF_HTTP_HEALTH},
	.answer = answer_health,
};

/* ---- printing ---- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}

void wf_health_print(const json_t *health, FILE *out)
{
	const json_t *reason;
	size_t i;

	fprintf(out, "%s\n", text_of(health, "status"));
	json_array_foreach(json_object_get(health, "reasons"), i, reason)
	{
		fprintf(out, "  %s: %s\n    what helps: %s\n", text_of(reason, "what"),
			text_of(reason, "detail"), text_of(reason, "help"));
	}
	json_array_foreach(json_object_get(health, "not_given_up"), i, reason)
	{
		fprintf(out, "  not given up: %s: %s\n", text_of(reason, "what"),
			text_of(reason, "why"));
	}
}

bool wf_health_is_bad(const json_t *health)
{
	return !strcmp(text_of(health, "status"), wf_health_status_name(WF_HEALTH_UNHEALTHY));
}
