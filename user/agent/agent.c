// SPDX-License-Identifier: BSD-2-Clause
/*
 * agent.c - opens in order, runs, closes in reverse order.
 *
 * Sink threads start after the workers: had weft_start() failed, a sink would wait for
 * an end of data that nobody sends. Until they run, their queues take what comes.
 */
#include "agent/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/control.h"
#include "agent/filter.h"
#include "agent/flows.h"
#include "agent/report.h"
#include "sink/sink.h"

enum { SINKS_MAX = 2, TICK_MS = 200, SOURCE_NAME_BYTES = 256 };

struct agent {
	const struct wf_agent_opts *opts;
	struct weft *weft; /* owned */
	struct wf_sink *sinks[SINKS_MAX];
	size_t sinks_count;
	size_t sinks_started;
	struct wf_control *control; /* owned; NULL for a file */
	uint64_t start_ns;
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

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- signals ---- */

static struct weft *_Atomic signal_weft; /* whom to stop; a handler has no other argument */
static atomic_int signal_count;

static void on_signal(int signo)
{
	struct weft *weft = atomic_load(&signal_weft);

	if (atomic_fetch_add(&signal_count, 1) > 0)
		_exit(1); /* interfaces go back to normal with our file descriptors */
	if (weft)
		weft_stop(weft);
}

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { STOP_SIGNALS = sizeof(stop_signals) / sizeof(stop_signals[0]) };

struct saved_signals {
	struct sigaction stop[STOP_SIGNALS];
	struct sigaction pipe;
};

static void signals_take(struct weft *weft, struct saved_signals *ret_saved)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	atomic_store(&signal_count, 0);
	atomic_store(&signal_weft, weft);
	for (int i = 0; i < STOP_SIGNALS; i++) {
		sigaction(stop_signals[i], NULL, &ret_saved->stop[i]);
		/* nohup(1) has it ignored on purpose. */
		if (stop_signals[i] != SIGHUP || ret_saved->stop[i].sa_handler != SIG_IGN)
			sigaction(stop_signals[i], &action, NULL);
	}
	/* A reader of our output that went away is an error of that sink alone. */
	sigaction(SIGPIPE, &ignore, &ret_saved->pipe);
}

static void signals_give_back(const struct saved_signals *saved)
{
	for (int i = 0; i < STOP_SIGNALS; i++)
		sigaction(stop_signals[i], &saved->stop[i], NULL);
	sigaction(SIGPIPE, &saved->pipe, NULL);
	atomic_store(&signal_weft, NULL);
}

/* ---- steps ---- */

static void name_source(struct agent *agent)
{
	const struct wf_config *config = agent->opts->config;
	size_t used = 0;

	if (agent->opts->file) {
		snprintf(agent->source, sizeof(agent->source), "%s",
			 strcmp(agent->opts->file, "-") ? agent->opts->file : "standard input");
		return;
	}
	for (size_t i = 0; i < config->interfaces_count && used < sizeof(agent->source); i++)
		used += (size_t)snprintf(agent->source + used, sizeof(agent->source) - used, "%s%s",
					 i ? "," : "", config->interfaces[i]);
}

static int add_source(struct agent *agent)
{
	const struct wf_config *config = agent->opts->config;
	struct weft_interface_opts opts;

	if (agent->opts->file)
		return weft_add_file(agent->weft, agent->opts->file);

	wf_config_to_interface_opts(config, &opts);
	for (size_t i = 0; i < config->interfaces_count; i++) {
		int err = weft_add_interface(agent->weft, config->interfaces[i], &opts);

		if (err)
			return err;
	}
	return 0;
}

static int open_sink(struct agent *agent, const char *kind, const char *target)
{
	const struct wf_config *config = agent->opts->config;
	struct wf_sink_opts opts = {
		.target = target,
		.pad_gaps = config->pad_gaps,
		.stats_interval_sec = (uint32_t)config->stats_interval_sec,
		.queue_bytes = config->queue_bytes,
		.overflow = (enum weft_overflow)config->overflow,
		.log = agent->opts->log_fn,
		.log_ctx = agent->opts->log_ctx,
	};
	int err;

	if (!*target)
		return 0;
	err = wf_sink_open(agent->weft, kind, &opts, &agent->sinks[agent->sinks_count]);
	if (!err)
		agent->sinks_count++;
	return err;
}

static int open_sinks(struct agent *agent)
{
	int err = open_sink(agent, "streams", agent->opts->config->streams_dir);

	return err ? err : open_sink(agent, "events", agent->opts->config->events_path);
}

static json_t *report_now(const struct agent *agent)
{
	return wf_report_new(agent->weft, agent->source, (now_ns() - agent->start_ns) / 1000000,
			     agent->sinks, agent->sinks_count);
}

/* On the control thread. */
static json_t *answer(const char *command, const json_t *request,
		      struct wf_control_error *ret_error, void *ctx)
{
	struct agent *agent = ctx;

	if (!strcmp(command, "stats"))
		return report_now(agent);
	if (!strcmp(command, "prometheus"))
		return wf_report_prometheus_new(agent->weft);
	if (!strcmp(command, "flows"))
		return wf_flows_new(agent->weft, request, ret_error);
	if (!strcmp(command, "flow"))
		return wf_flow_set_new(agent->weft, request, ret_error);
	if (!strcmp(command, "filter"))
		return wf_filter_set_new(agent->weft, request, ret_error);
	return NULL;
}

static int open_control(struct agent *agent)
{
	const struct wf_config *config = agent->opts->config;
	struct wf_control_error error;
	int err;

	if (agent->opts->file)
		return 0;
	err = wf_control_open(config->control_dir, config->interfaces, config->interfaces_count,
			      answer, agent, &agent->control, &error);
	if (err)
		agent_error(agent, "control: %s", error.text);
	return err;
}

static int start(struct agent *agent)
{
	int err;

	if (atomic_load(&signal_count) > 0)
		return -EINTR;
	agent->start_ns = now_ns();
	err = weft_start(agent->weft);
	if (err)
		return err;
	while (agent->sinks_started < agent->sinks_count) {
		err = wf_sink_start(agent->sinks[agent->sinks_started]);
		if (err)
			break;
		agent->sinks_started++;
	}
	/* From here on, an answer means that capture runs. */
	if (!err && agent->control)
		err = wf_control_start(agent->control);
	return err;
}

/* Ends those whose thread never ran; their queues must not hold up the workers' end. */
static void close_unstarted(struct agent *agent)
{
	while (agent->sinks_count > agent->sinks_started)
		wf_sink_close(agent->sinks[--agent->sinks_count]);
}

static int wait_for_end(struct agent *agent)
{
	int err;

	while ((err = weft_wait(agent->weft, TICK_MS)) == -ETIMEDOUT)
		if (agent->opts->tick_fn)
			agent->opts->tick_fn(agent->weft, agent->opts->tick_ctx);
	return err;
}

/* The first failure of any. */
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

/* From weft_start() to the last written byte. */
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
	sink_err = join_sinks(agent);
	if (err)
		return err;

	result->report = report_now(agent);
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

	/* First: the pins of an agent that is alive are not ours to replace. */
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

int wf_agent_run(const struct wf_agent_opts *opts, struct wf_agent_result *ret_result)
{
	struct agent agent = {.opts = opts, .start_ns = now_ns()};
	struct saved_signals saved;
	struct weft_opts weft_opts;
	int err;

	*ret_result = (struct wf_agent_result){.step = WF_AGENT_OPTIONS};
	name_source(&agent);
	wf_config_to_opts(opts->config, &weft_opts);
	err = weft_new(&weft_opts, &agent.weft);
	if (err)
		return err;

	signals_take(agent.weft, &saved);
	err = open_all(&agent, ret_result);
	if (!err)
		err = run(&agent, ret_result);

	wf_control_close(agent.control);
	while (agent.sinks_count > 0)
		wf_sink_close(agent.sinks[--agent.sinks_count]);
	signals_give_back(&saved);
	weft_free(agent.weft);
	return err;
}
