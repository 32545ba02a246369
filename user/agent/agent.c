// SPDX-License-Identifier: BSD-2-Clause
/*
 * agent.c - opens all parts of a run in order, runs, and closes them in reverse order.
 *
 * Sink threads start after the workers: if weft_start() fails, a running sink would wait for an end
 * of data that never comes. Until the sink threads run, the queues hold the events.
 */
#include "agent/agent.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/control/clock.h"
#include "agent/control/control.h"
#include "agent/filter.h"
#include "agent/iface_wait.h"
#include "agent/nothing_found.h"
#include "agent/report_new.h"
#include "agent/request.h"
#include "agent/requests.h"
#include "agent/run_limit.h"
#include "agent/signals.h"
#include "sink/file_gaps.h"
#include "sink/sink.h"

enum { TICK_MS = 200, SOURCE_NAME_BYTES = 256, NOTHING_FOUND_BYTES = 1024 };

struct agent {
	const struct wf_agent_opts *opts;
	bool continues;	   /* outputs of an earlier capture of this process are continued */
	bool lacks_files;  /* at least one of several capture files can't be read */
	struct weft *weft; /* owned */
	struct wf_sink *sinks[WEFT_SUBSCRIPTIONS_MAX];
	size_t sinks_count;
	size_t sinks_started;
	struct wf_file_gaps *file_gaps; /* owned */
	struct wf_control *control;	/* owned; NULL in replay */
	struct wf_run_limit *limit;	/* limits of the run, borrowed; ignored in replay */
	json_t *filter;			/* owned; parts of the filter in use */
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

static void warn(const struct agent *agent, const char *line)
{
	if (agent->opts->log_fn)
		agent->opts->log_fn(WEFT_LOG_WARN, line, agent->opts->log_ctx);
}

/* ---- steps ---- */

static void name_files(struct agent *agent)
{
	const char *first = agent->opts->files[0];

	if (!strcmp(first, "-"))
		first = "standard input";
	if (agent->opts->files_count == 1)
		snprintf(agent->source, sizeof(agent->source), "%s", first);
	else
		snprintf(agent->source, sizeof(agent->source), "%s and %zu more", first,
			 agent->opts->files_count - 1);
}

static void name_source(struct agent *agent)
{
	const struct wf_config *config = agent->opts->config;
	size_t used = 0;

	if (agent->opts->files_count) {
		name_files(agent);
		return;
	}
	for (size_t i = 0; i < config->interfaces_count && used < sizeof(agent->source); i++)
		used += (size_t)snprintf(agent->source + used, sizeof(agent->source) - used, "%s%s",
					 i ? "," : "", config->interfaces[i]);
}

/* If some of several files can't be read, the run continues without them and ends with an error. */
static int add_files(struct agent *agent)
{
	size_t added = 0;
	int err = 0;

	for (size_t i = 0; i < agent->opts->files_count; i++) {
		err = weft_add_file(agent->weft, agent->opts->files[i]);
		if (err == -ENOMEM || err == -E2BIG)
			return err;
		added += !err;
		agent->lacks_files |= err != 0;
	}
	if (!added)
		return err;
	return wf_filter_apply(agent->opts->config, NULL, agent->weft);
}

static int add_source(struct agent *agent)
{
	const struct wf_config *config = agent->opts->config;

	if (agent->opts->files_count)
		return add_files(agent);

	for (size_t i = 0; i < config->interfaces_count; i++) {
		int err =
			weft_add_interface(agent->weft, config->interfaces[i], &config->interface);

		if (err)
			return err;
	}
	return 0;
}

/* Return the capture file of a replay of one file; NULL if its packets have several sources. */
static const char *only_file(const struct wf_agent_opts *opts)
{
	struct stat stat_buf;

	if (opts->files_count != 1 || stat(opts->files[0], &stat_buf) || !S_ISREG(stat_buf.st_mode))
		return NULL;
	return opts->files[0];
}

static int open_sinks(struct agent *agent)
{
	struct wf_sink_opts opts = agent->opts->config->sinks;
	const char *kind;
	int err = wf_file_gaps_new(&agent->file_gaps);

	if (err)
		return err;
	opts.file_gaps = agent->file_gaps;
	opts.continues = agent->continues;
	opts.pcap_filename = only_file(agent->opts);
	if (opts.on_disk_full == WF_DISK_FULL_AUTO)
		opts.on_disk_full =
			agent->opts->files_count ? WF_DISK_FULL_STOP : WF_DISK_FULL_CONTINUE;
	opts.log = agent->opts->log_fn;
	opts.log_ctx = agent->opts->log_ctx;
	while ((kind = wf_sink_wanted(&opts, agent->sinks_count)) != NULL) {
		err = wf_sink_open(agent->weft, kind, &opts, &agent->sinks[agent->sinks_count]);
		if (err)
			return err;
		agent->sinks_count++;
	}
	return 0;
}

static int open_control(struct agent *agent)
{
	const struct wf_config *config = agent->opts->config;
	struct wf_control_error error;
	int err;

	if (agent->opts->files_count)
		return 0;
	err = wf_control_open(config->control_dir, config->interfaces, config->interfaces_count,
			      wf_requests_answer, &agent->request_env, &agent->control, &error);
	if (err)
		agent_error(agent, "control: %s", error.text);
	return err;
}

/* Fill in the environment of requests. Call before wf_control_start(), which starts answering. */
static int set_request_env(struct agent *agent)
{
	agent->filter = wf_filter_parts_new(agent->opts->config);
	agent->request_env = (struct wf_request_env){
		.weft = agent->weft,
		.source = agent->source,
		.start_ns = wf_clock_now_ns(),
		.sinks = agent->sinks,
		.sinks_count = agent->sinks_count,
		.filter = &agent->filter,
	};
	return agent->filter ? 0 : -ENOMEM;
}

static int start(struct agent *agent)
{
	int err;

	if (wf_signals_is_stopped())
		return -EINTR;
	err = set_request_env(agent);
	if (!err)
		err = weft_start(agent->weft);
	if (err)
		return err;
	wf_run_limit_start(agent->limit);
	while (agent->sinks_started < agent->sinks_count) {
		err = wf_sink_start(agent->sinks[agent->sinks_started]);
		if (err)
			break;
		agent->sinks_started++;
	}
	/* Requests are answered only during the capture. */
	if (!err && agent->control)
		err = wf_control_start(agent->control);
	return err;
}

/* Close the sinks whose threads never ran, so that workers do not wait for room in their queues. */
static void close_unstarted(struct agent *agent)
{
	while (agent->sinks_count > agent->sinks_started)
		wf_sink_close(agent->sinks[--agent->sinks_count]);
}

/* Return true if there were outputs and a failure has ended each of them. */
static bool outputs_gone(const struct agent *agent)
{
	for (size_t i = 0; i < agent->sinks_started; i++)
		if (!wf_sink_gave_up(agent->sinks[i]))
			return false;
	return agent->sinks_started > 0;
}

/* In live capture: log why nothing was found. */
static void tell_nothing_found(struct agent *agent, struct wf_nothing_found *state)
{
	char line[NOTHING_FOUND_BYTES];

	if (!agent->opts->files_count &&
	    wf_nothing_found_tick(state, agent->weft, wf_clock_now_ns(), line, sizeof(line)))
		warn(agent, line);
}

/* Return true if the capture must end before its source does. */
static bool must_end(const struct agent *agent)
{
	if (outputs_gone(agent)) {
		agent_error(agent, "every output has failed, so weft ends");
		return true;
	}
	if (agent->opts->files_count)
		return false;
	/* The present capture ends, because the new one opens all interfaces. */
	if (agent->opts->config->wait_for_interface == WEFT_ON && wf_iface_is_back(agent->weft))
		return true;
	return wf_run_limit_is_reached(agent->limit, agent->weft);
}

static void reopen_outputs(struct agent *agent)
{
	for (size_t i = 0; i < agent->sinks_started; i++)
		wf_sink_reopen(agent->sinks[i]);
}

static int wait_for_end(struct agent *agent)
{
	struct wf_nothing_found state = {.next_ns = 0};
	bool stopped = false;
	int err;

	while ((err = weft_wait(agent->weft, TICK_MS)) == -ETIMEDOUT) {
		if (agent->opts->tick_fn)
			agent->opts->tick_fn(agent->weft, agent->opts->tick_ctx);
		tell_nothing_found(agent, &state);
		if (wf_signals_take_reopen())
			reopen_outputs(agent);
		if (!stopped && must_end(agent)) {
			weft_stop(agent->weft);
			stopped = true;
		}
	}
	return err;
}

/* Log why nothing was found in a capture file. */
static void warn_if_nothing_found(const struct agent *agent)
{
	struct wf_nothing_counts counts;
	char line[NOTHING_FOUND_BYTES];

	wf_nothing_found_read(agent->weft, &counts);
	if (agent->opts->files_count && wf_nothing_found_line(&counts, line, sizeof(line)))
		warn(agent, line);
}

/* Wait for all sinks. Return: the first failure; 0 if none failed. */
static int join_sinks(struct agent *agent)
{
	int first = 0;

	for (size_t i = 0; i < agent->sinks_started; i++) {
		int err = wf_sink_join(agent->sinks[i]);

		if (!first)
			first = err;
	}
	return first;
}

/* Run from weft_start() until all output is written. */
static int run(struct agent *agent, struct wf_agent_result *result)
{
	int err;
	int wait_err;
	int sink_err;

	result->step = WF_AGENT_START;
	err = start(agent);
	if (err) {
		close_unstarted(agent);
		weft_stop(agent->weft);
	}
	wait_err = err && !agent->sinks_started ? 0 : wait_for_end(agent);
	if (!wait_err && agent->lacks_files)
		wait_err = -EBADMSG;
	sink_err = join_sinks(agent);
	if (err)
		return err;

	warn_if_nothing_found(agent);
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
	if (err)
		return err;
	result->step = WF_AGENT_SOURCE;
	err = add_source(agent);
	if (err)
		return err;
	result->step = WF_AGENT_SINKS;
	return open_sinks(agent);
}

static void close_all(struct agent *agent)
{
	wf_control_close(agent->control);
	json_decref(agent->filter);
	while (agent->sinks_count > 0)
		wf_sink_close(agent->sinks[--agent->sinks_count]);
	wf_file_gaps_free(agent->file_gaps);
	wf_signals_set_handle(NULL);
	weft_free(agent->weft);
}

/* Without a configured limit of memory, the library chooses one that fits on this host. */
static int new_weft(struct agent *agent)
{
	struct weft_opts opts = agent->opts->config->library;

	if (!wf_config_place(agent->opts->config, "memory.max_total_memory_mb"))
		opts.memory_max_bytes = 0;
	return weft_new(&opts, &agent->weft);
}

/* A run. It consists of several captures if an interface disappears and is created again. */
struct agent_run {
	const struct wf_agent_opts *opts;
	bool is_continued; /* outputs of an earlier capture are continued */
	struct wf_run_limit limit;
};

/* Run one capture, from the creation of its handle to its end. */
static int capture(struct agent_run *run_state, struct wf_agent_result *result)
{
	const struct wf_agent_opts *opts = run_state->opts;
	struct agent agent = {
		.opts = opts,
		.continues = run_state->is_continued,
		.limit = &run_state->limit,
	};
	int err;

	json_decref(result->report);
	*result = (struct wf_agent_result){.step = WF_AGENT_OPTIONS};
	name_source(&agent);
	err = new_weft(&agent);
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
	struct agent_run run_state = {.opts = opts};
	struct wf_signals signals;
	int err = -ENODEV;

	*ret_result = (struct wf_agent_result){.step = WF_AGENT_OPTIONS};
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
	return err;
}
