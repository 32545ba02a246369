// SPDX-License-Identifier: BSD-2-Clause
/*
 * session.c - runs the agent with the options of a command, prints its summary, and returns the
 * exit status.
 */
#include "cli/session.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
		/*
		 * -E2BIG: the host has less memory than the limit; -EPERM: the user can't be
		 * changed, or may not write the streams; -EBUSY: another agent captures from an
		 * interface, or uses the file of the policy
		 */
		if (err == -E2BIG || err == -EPERM || err == -EBUSY)
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
		return err == -EINVAL ? WF_EXIT_USAGE : WF_EXIT_FAILED;
	case WF_AGENT_OUTPUT:
		return WF_EXIT_FAILED;
	}
	return WF_EXIT_FAILED;
}

/* Set filter.expression in @config to the arguments of the session, if there are any. */
static int set_filter(const struct wf_session *session, struct wf_config *config,
		      struct wf_config_error *ret_error)
{
	char *filter;
	int err;

	if (session->filter_first >= session->options->args_count)
		return 0;
	filter = wf_options_join(session->options, session->filter_first);
	err = filter ? wf_config_set(config, "FILTER", "filter.expression", filter, ret_error)
		     : -ENOMEM;
	if (!err)
		err = wf_config_check(config, ret_error);
	free(filter);
	return err;
}

int wf_session_set_filter(const struct wf_session *session)
{
	struct wf_config_error error = {"out of memory"};
	int err = set_filter(session, &session->options->config, &error);

	if (err)
		wf_say_error("%s", error.text);
	if (err && session->files_count && session->filter_first < session->options->args_count)
		wf_say_error("FILTER begins with '%s', the first argument that names no file",
			     session->options->args[session->filter_first]);
	return err;
}

static bool is_stdout(const char *path)
{
	return path && !strcmp(path, "-");
}

/* Print an error if two outputs write to standard output. Return: true if they do. */
static bool outputs_collide(const struct wf_options *options)
{
	const struct {
		const char *name;
		bool is_used;
	} outputs[] = {
		{"--json", options->json},
		{"'--events -'", is_stdout(options->config.sinks.events_path)},
		{"'--pcap -'", is_stdout(options->config.sinks.pcap_path)},
	};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		if (!outputs[i].is_used)
			continue;
		if (first) {
			wf_say_error("%s and %s both write to standard output; name a FILE for one "
				     "of them",
				     first, outputs[i].name);
			return true;
		}
		first = outputs[i].name;
	}
	return false;
}

static bool is_same_file(const char *path, const struct stat *wanted)
{
	struct stat stat_buf;

	return !stat(path, &stat_buf) && stat_buf.st_dev == wanted->st_dev &&
	       stat_buf.st_ino == wanted->st_ino;
}

/* Return true if @path is a file with data that a replay reads, itself or with its directory. */
static bool is_input(const struct wf_session *session, const char *path)
{
	struct stat file, parent;
	char *copy = strdup(path);
	bool has_parent = copy && !stat(dirname(copy), &parent);
	bool found = false;

	free(copy);
	if (stat(path, &file) || !S_ISREG(file.st_mode) || !file.st_size)
		return false;
	for (int i = 0; i < session->files_count && !found; i++)
		found = is_same_file(session->options->args[i], &file) ||
			(has_parent && is_same_file(session->options->args[i], &parent));
	return found;
}

/* Print an error if an output would overwrite or extend a capture file that is read. */
static bool overwrites_input(const struct wf_session *session)
{
	const struct wf_sink_opts *sinks = &session->options->config.sinks;
	const char *const paths[] = {sinks->events_path, sinks->pcap_path};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (paths[i] && !is_stdout(paths[i]) && is_input(session, paths[i])) {
			wf_say_error("%s: this file is read, so it can't be written", paths[i]);
			return true;
		}
	return false;
}

static void log_agent(enum weft_log_level level, const char *message, void *ctx)
{
	if (level == WEFT_LOG_INFO)
		wf_say_note("%s", message);
	else if (level != WEFT_LOG_DEBUG)
		wf_say_error("%s%s", level == WEFT_LOG_WARN ? "warning: " : "", message);
}

static void write_report(const struct wf_options *options, const json_t *report)
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

/* Read the configuration of the session again; see wf_reload_fn. */
static int reload(struct wf_config *config, struct wf_config_error *ret_error, void *ctx)
{
	const struct wf_session *session = ctx;
	int err = wf_options_load(session->options, config, ret_error);

	return err ? err : set_filter(session, config, ret_error);
}

int wf_session_run(const struct wf_session *session)
{
	struct wf_agent_opts opts = {
		.config = &session->options->config,
		.files = session->options->args,
		.files_count = (size_t)session->files_count,
		.subscribers = session->subscribers,
		.tick_fn = session->tick_fn,
		.reload_fn = reload,
		.reload_ctx = (void *)session,
		.log_fn = log_agent,
	};
	struct wf_agent_result result;
	int err;

	if (outputs_collide(session->options) || overwrites_input(session))
		return WF_EXIT_USAGE;
	if (wf_session_set_filter(session))
		return WF_EXIT_USAGE;
	if (session->options->explain) {
		wf_filter_explain(&session->options->config, !session->files_count, stdout);
		return WF_EXIT_DONE;
	}

	err = wf_agent_run(&opts, &result);
	wf_say_status("");
	write_report(session->options, result.report);
	json_decref(result.report);
	return err ? status_of(session, result.step, err) : WF_EXIT_DONE;
}
