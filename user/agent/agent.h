/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent.h - one run from configuration to summary: source, sinks, signals, control socket.
 *
 * Thread: main; one run at a time in a process, because signals are the process's.
 */
#ifndef WF_AGENT_AGENT_H
#define WF_AGENT_AGENT_H

#include <jansson.h>
#include <stddef.h>

#include <weft/weft.h>

#include "config/config_table.h"

/** The steps of a run; the one that failed decides the exit status. */
enum wf_agent_step {
	WF_AGENT_OPTIONS = 0, /* weft_new(): an option or the filter */
	WF_AGENT_SOURCE,      /* a file or an interface */
	WF_AGENT_SINKS,	      /* an output can't be opened */
	WF_AGENT_CONTROL,     /* the control socket */
	WF_AGENT_START,
	WF_AGENT_RUN,	 /* the source ended with an error */
	WF_AGENT_OUTPUT, /* an output failed while running */
};

/**
 * struct wf_agent_opts - one run
 * @config:  borrowed
 * @file:    capture file, "-" is standard input; NULL: the run captures from the interfaces of
 *           @config and has a control socket
 * @tick_fn: called several times a second while it runs; may be NULL
 * @log_fn:  receives the messages of the agent and its sinks
 */
struct wf_agent_opts {
	const struct wf_config *config;
	const char *file;
	void (*tick_fn)(const struct weft *weft, void *ctx);
	void *tick_ctx;
	weft_log_fn log_fn;
	void *log_ctx;
};

/** struct wf_agent_result - how it ended; @report: owned by the caller, NULL if it never ran */
struct wf_agent_result {
	enum wf_agent_step step; /* that failed */
	json_t *report;
};

/**
 * wf_agent_run() - run until the file ends or a signal asks to stop
 *
 * SIGINT, SIGTERM and SIGHUP stop gracefully: what was received is delivered. A second
 * signal ends the process at once with status 1.
 *
 * Return: 0, or the negative errno of the first step that failed (it was logged).
 */
int wf_agent_run(const struct wf_agent_opts *opts, struct wf_agent_result *ret_result);

#endif
