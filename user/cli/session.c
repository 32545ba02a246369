// SPDX-License-Identifier: BSD-2-Clause
/*
 * session.c - runs the agent with the options of a command, prints its summary, and returns the
 * exit status.
 */
#include "cli/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "config/config.h"
#include "config/config_check.h"
#include "agent/filter.h"
#include "agent/report.h"
#include "cli/say.h"

static int status_of_source(bool is_file, int err)
{
	switch (err) {
	case -ENOMEM:
	case -ENOBUFS:
	case -EAGAIN: /* the thread limit is reached */
	case -EINTR:
		return WF_EXIT_FAILED;
	case -EINVAL:
		return is_file ? WF_EXIT_INPUT : WF_EXIT_USAGE;
	case -EPERM:
	case -EACCES:
	case -EROFS:
	case -EOPNOTSUPP:
	case -EADDRINUSE:
	case -EBUSY: /* the interface is in use by the host, another agent or another XDP program */
		return is_file ? WF_EXIT_INPUT : WF_EXIT_NOT_ALLOWED;
	default:
		return is_file || err == -ENODEV ? WF_EXIT_INPUT : WF_EXIT_FAILED;
	}
}

static int status_of(const struct wf_session *session, enum wf_agent_step step, int err)
{
	switch (step) {
	case WF_AGENT_OPTIONS:
		if (err == -E2BIG) /* this host has less memory than the limit */
			return WF_EXIT_NOT_ALLOWED;
		return err == -EINVAL ? WF_EXIT_USAGE : WF_EXIT_FAILED;
	case WF_AGENT_SOURCE:
	case WF_AGENT_START: /* weft_start() opens the sources that were added */
		return status_of_source(session->files_count > 0, err);
	case WF_AGENT_RUN:
		return err == -EBADMSG ? WF_EXIT_INPUT : WF_EXIT_FAILED;
	case WF_AGENT_CONTROL:
		return status_of_source(false, err);
	case WF_AGENT_SINKS:
	case WF_AGENT_OUTPUT:
		return WF_EXIT_FAILED;
	}
	return WF_EXIT_FAILED;
}

int wf_session_set_filter(const struct wf_session *session)
{
	struct wf_config_error error = {"out of memory"};
	char *filter;
	int err;

	if (session->filter_first >= session->options->args_count)
		return 0;
	filter = wf_options_join(session->options, session->filter_first);
	err = filter ? wf_config_set(&session->options->config, "FILTER", "filter.expression",
				     filter, &error)
		     : -ENOMEM;
	if (!err)
		err = wf_config_check(&session->options->config, &error);
	if (err)
		wf_say_error("%s", error.text);
	free(filter);
	return err;
}

static bool outputs_collide(const struct wf_options *options)
{
	return options->json && options->config.sinks.events_path &&
	       !strcmp(options->config.sinks.events_path, "-");
}

static void log_agent(enum weft_log_level level, const char *message, void *ctx)
{
	if (level == WEFT_LOG_INFO)
		wf_say_note("%s", message);
	else if (level != WEFT_LOG_DEBUG)
		wf_say_error("%s%s", level == WEFT_LOG_WARN ? "warning: " : "", message);
}

static void tell(const struct wf_options *options, const json_t *report)
{
	if (!report)
		return;
	if (!options->quiet)
		wf_report_print_summary(report, stderr);
	if (options->json) {
		json_dumpf(report, stdout, JSON_INDENT(2));
		putchar('\n');
	}
}

int wf_session_run(const struct wf_session *session)
{
	struct wf_agent_opts opts = {
		.config = &session->options->config,
		.files = session->options->args,
		.files_count = (size_t)session->files_count,
		.tick_fn = session->tick_fn,
		.tick_ctx = session->tick_ctx,
		.log_fn = log_agent,
	};
	struct wf_agent_result result;
	int err;

	if (outputs_collide(session->options)) {
		wf_say_error("--json and '--events -' both write to standard output; use '--events "
			     "FILE' instead");
		return WF_EXIT_USAGE;
	}
	if (wf_session_set_filter(session))
		return WF_EXIT_USAGE;
	if (session->options->explain) {
		wf_filter_explain(&session->options->config, !session->files_count, stdout);
		return WF_EXIT_DONE;
	}

	err = wf_agent_run(&opts, &result);
	wf_say_status("");
	tell(session->options, result.report);
	json_decref(result.report);
	return err ? status_of(session, result.step, err) : WF_EXIT_DONE;
}
