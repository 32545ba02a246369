// SPDX-License-Identifier: BSD-2-Clause
/*
 * agent.c - opens all parts of a run in order, runs, and closes them, those for requests first.
 *
 * Sink threads start after the workers: if weft_start() fails, a running sink would wait for an end
 * of data that never comes. Until the sink threads run, the queues hold the events.
 */
#include "agent/agent.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "agent/control/clock.h"
#include "agent/control/control.h"
#include "agent/filter.h"
#include "agent/watch/iface_wait.h"
#include "agent/outputs.h"
#include "agent/privileges/hand_over.h"
#include "agent/privileges/plan.h"
#include "agent/privileges/priority.h"
#include "agent/report_new.h"
#include "agent/request.h"
#include "agent/requests.h"
#include "agent/watch/run_limit.h"
#include "agent/serve.h"
#include "agent/signals.h"
#include "agent/source.h"
#include "agent/state.h"
#include "agent/subscribe.h"
#include "agent/watch/losses.h"
#include "agent/watch/nothing_found.h"
#include "endpoints/tracker.h"
#include "serve/subscribers.h"
#include "policy/policies.h"
#include "state/upkeep.h"

enum { TICK_MS = 200, SOURCE_NAME_BYTES = 256 };

struct agent {
	const struct wf_agent_opts *opts;
	bool continues;	   /* outputs of an earlier capture of this process are continued */
	bool lacks_files;  /* at least one of several capture files can't be read */
	struct weft *weft; /* owned */
	struct wf_outputs outputs;
	struct wf_control *control;	    /* owned; NULL in replay without subscribers */
	struct wf_subscribers *subscribers; /* owned; NULL if control is */
	struct wf_serve serve;
	struct wf_privileges *privileges; /* borrowed */
	struct wf_run_limit *limit;	  /* limits of the run, borrowed; ignored in replay */
	struct wf_agent_state *state;	  /* borrowed; empty in replay */
	struct wf_state_upkeep upkeep;
	struct wf_tracker *tracker; /* owned; NULL in replay, or without endpoints */
	struct wf_losses losses;
	struct wf_request_env request_env;
	char source[SOURCE_NAME_BYTES];
};

static void agent_error(const struct agent *agent, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void agent_error(const struct agent *agent, const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (agent->opts->log_fn)
		agent->opts->log_fn(WEFT_LOG_ERROR, message, agent->opts->log_ctx);
}

/* ---- steps ---- */

static int open_outputs(struct agent *agent)
{
	const struct wf_outputs_opts opts = {
		.config = agent->opts->config,
		.files = agent->opts->files,
		.files_count = agent->opts->files_count,
		.continues = agent->continues,
		.privileges = agent->privileges,
		.request_env = &agent->request_env,
		.log_fn = agent->opts->log_fn,
		.log_ctx = agent->opts->log_ctx,
	};

	return wf_outputs_open(&agent->outputs, agent->weft, &opts);
}

static int add_source(struct agent *agent)
{
	const struct wf_agent_opts *opts = agent->opts;

	if (!opts->files_count)
		return wf_source_add_interfaces(opts->config, agent->weft);
	return wf_source_add_files(opts->config, opts->files, opts->files_count, agent->weft,
				   &agent->lacks_files);
}

/* A table of endpoints that does not fit in the memory limit is left out with a warning. */
static int open_tracker(struct agent *agent)
{
	const struct wf_config *config = agent->opts->config;
	const struct wf_tracker_opts opts = {
		.hosts_max = config->endpoints_max,
		.ttl_sec = config->endpoints_ttl_sec,
		.cleanup_sec = config->library.cleanup_interval_sec,
	};
	int err;

	if (agent->opts->files_count || config->endpoints_record != WEFT_ON)
		return 0;
	err = wf_tracker_open(agent->weft, &opts, &agent->tracker);
	if (err != -ENOBUFS)
		return err;
	if (agent->opts->log_fn)
		agent->opts->log_fn(WEFT_LOG_WARN,
				    "endpoints: not recorded, because their table does not fit in "
				    "the memory limit",
				    agent->opts->log_ctx);
	return 0;
}

static int open_control(struct agent *agent)
{
	const struct wf_config *config = agent->opts->config;
	const bool is_replay = agent->opts->files_count > 0;
	struct wf_control_error error;
	int err;

	if (is_replay && !agent->opts->subscribers)
		return 0;
	err = wf_agent_control_open(config, is_replay, agent->privileges, &agent->request_env,
				    &agent->control, &error);
	if (!err)
		err = wf_subscribers_new(agent->weft, config->max_subscribers, config->shm_group,
					 agent->control, &agent->subscribers, &error);
	if (err) {
		agent_error(agent, "control: %s", error.text);
		return err;
	}
	wf_subscribers_set_log(agent->subscribers, agent->opts->log_fn, agent->opts->log_ctx);
	wf_control_set_stream(agent->control, wf_requests_stream);
	return 0;
}

/* Fill in the environment of requests, which must be done before wf_control_start(). */
static void set_request_env(struct agent *agent)
{
	agent->request_env = (struct wf_request_env){
		.weft = agent->weft,
		.source = agent->source,
		.start_ns = wf_clock_now_ns(),
		.sinks = agent->outputs.sink,
		.sinks_count = agent->outputs.count,
		.privileges = agent->privileges,
		.losses = &agent->losses,
		.drops = agent->outputs.drops,
		.store = agent->state->store,
		.policies = agent->state->policies,
		.reload = &agent->state->reload,
		.endpoints = wf_tracker_table(agent->tracker),
		.subscribers = agent->subscribers,
		.fleet = agent->serve.fleet,
		.limit = agent->limit,
		.serve = &agent->serve,
	};
}

/* Give up privileges. In live capture, weft_start() calls this before threads exist. */
static int give_up_privileges(const struct weft_needs *needs, void *ctx)
{
	const struct agent *agent = ctx;
	const struct wf_hand_over step = {
		.privileges = agent->privileges,
		.config = agent->opts->config,
		.control = agent->control,
		.policies = agent->state->policies,
		.log_fn = agent->opts->log_fn,
		.log_ctx = agent->opts->log_ctx,
	};

	return wf_hand_over(&step, needs);
}

/* Prepare weft_start() of a replay, which opens files with the privileges that plan.c keeps. */
static int prepare_replay(struct agent *agent)
{
	const struct wf_agent_opts *opts = agent->opts;
	const struct weft_needs nothing = {0};
	int err = give_up_privileges(&nothing, agent);

	if (err || !agent->subscribers)
		return err;
	err = wf_subscribe_await(agent->subscribers, agent->control, opts->subscribers,
				 opts->config, opts->log_fn, opts->log_ctx);
	agent->request_env.start_ns = wf_clock_now_ns();
	return err;
}

/* Serve clients and answer requests in live capture. */
static int start_control(struct agent *agent)
{
	int err = wf_subscribers_start(agent->subscribers);

	/*
	 * Requests are not answered before all that they read has started: wf_serve_start() starts
	 * the reader of sensors' states before the HTTP server.
	 */
	if (!err)
		err = wf_serve_start(&agent->serve);
	return err ? err : wf_control_start(agent->control);
}

static int start(struct agent *agent)
{
	int err = 0;

	if (wf_signals_is_stopped())
		return -EINTR;
	set_request_env(agent);
	if (agent->opts->files_count)
		err = prepare_replay(agent);
	else
		err = weft_before_threads(agent->weft, give_up_privileges, agent);
	if (!err)
		err = weft_start(agent->weft);
	wf_priority_restore();
	if (err)
		return err;
	wf_run_limit_start(agent->limit);
	if (agent->state->policies)
		wf_policies_set_handle(agent->state->policies, agent->weft);
	err = agent->tracker ? wf_tracker_start(agent->tracker) : 0;
	if (!err)
		err = wf_outputs_start(&agent->outputs);
	if (!err && agent->state->policies) {
		wf_policies_start(agent->state->policies);
		wf_agent_state_follow(agent->state, &agent->request_env);
	}
	return err || agent->opts->files_count ? err : start_control(agent);
}

/* Return true if the capture must end before its source does. */
static bool must_end(const struct agent *agent)
{
	if (wf_outputs_are_gone(&agent->outputs)) {
		agent_error(agent, "every output has failed, so weft ends");
		return true;
	}
	if (agent->opts->files_count)
		return false;
	/* Only a new capture opens the interface again, so the present one ends. */
	if (agent->opts->config->wait_for_interface == WEFT_ON && wf_iface_is_back(agent->weft))
		return true;
	return wf_run_limit_is_reached(agent->limit, agent->weft);
}

static int wait_for_end(struct agent *agent)
{
	struct wf_nothing_found state = {.next_ns = 0};
	bool stopped = false;
	int err;

	while ((err = weft_wait(agent->weft, TICK_MS)) == -ETIMEDOUT) {
		if (agent->opts->tick_fn)
			agent->opts->tick_fn(agent->weft,
					     wf_clock_now_ns() - agent->request_env.start_ns);
		if (!agent->opts->files_count)
			wf_nothing_found_warn_live(&state, agent->weft, wf_clock_now_ns(),
						   agent->opts->log_fn, agent->opts->log_ctx);
		wf_losses_tick(&agent->losses, agent->weft, wf_clock_now_ns());
		wf_outputs_tick(&agent->outputs);
		wf_state_upkeep(&agent->upkeep, agent->state->store, agent->weft,
				wf_clock_now_ns());
		if (wf_signals_take_reopen()) {
			wf_outputs_reopen(&agent->outputs);
			wf_reload_and_log(&agent->state->reload, agent->opts->log_fn,
					  agent->opts->log_ctx);
		}
		if (!stopped && must_end(agent)) {
			weft_stop(agent->weft);
			stopped = true;
		}
		if (stopped || wf_signals_is_stopped())
			wf_serve_drain(&agent->serve);
	}
	return err;
}

/* Run the capture, from weft_start() until all output is written. */
static int run(struct agent *agent, struct wf_agent_result *result)
{
	int err;
	int wait_err;
	int sink_err;

	result->step = WF_AGENT_START;
	err = start(agent);
	if (err) {
		wf_outputs_close_unstarted(&agent->outputs);
		weft_stop(agent->weft);
	}
	wait_err = err && !agent->outputs.started ? 0 : wait_for_end(agent);
	if (!wait_err && agent->lacks_files)
		wait_err = -EBADMSG;
	sink_err = wf_outputs_join(&agent->outputs);
	if (agent->subscribers)
		wf_subscribe_end(agent->subscribers, agent->opts->files_count > 0, err);
	if (err)
		return err;

	if (agent->opts->files_count)
		wf_nothing_found_warn(agent->weft, agent->opts->log_fn, agent->opts->log_ctx);
	result->report = wf_report_new(&agent->request_env);
	if (wait_err) {
		result->step = WF_AGENT_RUN;
		return wait_err;
	}
	result->step = WF_AGENT_OUTPUT;
	return sink_err;
}

static int open_all(struct agent *agent, struct wf_agent_result *result)
{
	int err;

	/*
	 * Open the control socket first: if another agent uses it, that agent's pins must not be
	 * replaced.
	 */
	result->step = WF_AGENT_CONTROL;
	err = open_control(agent);
	agent->request_env.weft = agent->weft;
	if (!err)
		err = wf_serve_open(&agent->serve, agent->opts->config,
				    agent->opts->files_count ? NULL : agent->control,
				    &agent->request_env, agent->opts->log_fn, agent->opts->log_ctx);
	if (err)
		return err;
	result->step = WF_AGENT_SOURCE;
	err = add_source(agent);
	if (err)
		return err;
	result->step = WF_AGENT_SINKS;
	err = open_outputs(agent);
	return err ? err : open_tracker(agent);
}

static void close_all(struct agent *agent)
{
	/* First, because requests for a change, which use all parts, are answered until the end. */
	if (agent->state->policies) {
		wf_policies_set_handle(agent->state->policies, NULL);
		wf_agent_state_follow(agent->state, NULL);
	}
	wf_serve_close(&agent->serve);
	wf_control_close(agent->control);
	wf_serve_fini(&agent->serve);
	wf_subscribers_free(agent->subscribers);
	wf_outputs_close(&agent->outputs);
	wf_tracker_stop(agent->tracker);
	wf_signals_set_handle(NULL);
	weft_free(agent->weft);
	wf_tracker_free(agent->tracker);
}

/*
 * A run. With capture.wait_for_interface, the run consists of several captures if an interface
 * disappears and is created again.
 */
struct agent_run {
	const struct wf_agent_opts *opts;
	bool is_continued; /* outputs of an earlier capture are continued */
	struct wf_privileges privileges;
	struct wf_run_limit limit;
	struct wf_agent_state state;
};

/* Run one capture, from the creation of its handle to its end. */
static int capture(struct agent_run *run_state, struct wf_agent_result *result)
{
	const struct wf_agent_opts *opts = run_state->opts;
	struct agent agent = {
		.opts = opts,
		.continues = run_state->is_continued,
		.limit = &run_state->limit,
		.state = &run_state->state,
		.privileges = &run_state->privileges,
	};
	int err;

	json_decref(result->report);
	*result = (struct wf_agent_result){.step = WF_AGENT_OPTIONS};
	wf_report_name_source(opts->config, opts->files, opts->files_count, agent.source,
			      sizeof(agent.source));
	err = run_state->state.policies ? wf_policies_prepare(run_state->state.policies) : 0;
	if (!err)
		err = wf_source_new_weft(opts->config, opts->files_count > 0, &agent.weft);
	if (err)
		return err;
	wf_signals_set_handle(agent.weft);
	err = open_all(&agent, result);
	if (!err)
		err = run(&agent, result);
	wf_run_limit_add(&run_state->limit, agent.weft);
	close_all(&agent);
	run_state->is_continued = true;
	return err;
}

static bool waits_for_interface(const struct wf_agent_opts *opts)
{
	return !opts->files_count && opts->config->wait_for_interface == WEFT_ON;
}

static bool is_run_ended(const void *ctx)
{
	const struct agent_run *run_state = ctx;

	return wf_signals_is_stopped() || wf_run_limit_is_reached(&run_state->limit, NULL);
}

int wf_agent_run(const struct wf_agent_opts *opts, struct wf_agent_result *ret_result)
{
	struct agent_run run_state = {
		.opts = opts,
		.state = {.reload = {.fn = opts->reload_fn,
				     .ctx = opts->reload_ctx,
				     .user = run_state.privileges.account.user}}};
	const struct wf_plan_opts plan = {opts->config, opts->files, opts->files_count,
					  opts->log_fn, opts->log_ctx};
	struct wf_signals signals;
	int err;

	*ret_result = (struct wf_agent_result){.step = WF_AGENT_OPTIONS};
	err = wf_plan_make(&plan, &run_state.privileges);
	if (!err && !opts->files_count)
		err = wf_agent_state_open(&run_state.state, opts->config, &run_state.privileges,
					  opts->log_fn, opts->log_ctx);
	if (err) {
		wf_agent_state_close(&run_state.state);
		return err;
	}
	err = -ENODEV;
	wf_run_limit_init(&run_state.limit, opts->config);
	wf_signals_take(&signals);
	if (!waits_for_interface(opts))
		err = capture(&run_state, ret_result);
	while (waits_for_interface(opts) && err == -ENODEV) {
		err = 0;
		if (wf_iface_wait(opts->config, is_run_ended, &run_state, opts->log_fn,
				  opts->log_ctx))
			err = capture(&run_state, ret_result);
	}
	wf_signals_give_back(&signals);
	wf_agent_state_close(&run_state.state);
	return err;
}
