/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent.h - runs weft from a configuration: opens the source, the sinks and the control socket,
 * runs until the capture ends (see wf_agent_run()), and returns a report.
 *
 * Thread: main; one run at a time per process, because signal handlers are per process.
 */
#ifndef WF_AGENT_AGENT_H
#define WF_AGENT_AGENT_H

#include <jansson.h>
#include <stddef.h>

#include <weft/weft.h>

#include "agent/watch/reload.h"
#include "config/config_table.h"

/** The steps of a run; the exit status depends on the step that failed. */
enum wf_agent_step {
	/* an option, the stored policy or the plan for privileges can't be used */
	WF_AGENT_OPTIONS = 0,
	WF_AGENT_SOURCE,  /* a file, an interface or the filter of a replay cannot be used */
	WF_AGENT_SINKS,	  /* an output, or the table of endpoints, cannot be opened */
	WF_AGENT_CONTROL, /* the control socket or the HTTP server cannot be opened */
	WF_AGENT_START,
	WF_AGENT_RUN,	 /* the source ended with an error, or one of several files can't be read */
	WF_AGENT_OUTPUT, /* an output failed while running */
};

/**
 * struct wf_agent_opts - one run
 * @config:  borrowed; its policy is replaced by the stored one if that is used
 * @files:   capture files and directories, "-" is standard input; read as one capture
 * @files_count: 0: the run captures from the interfaces of @config and has a control socket
 * @subscribers: number of clients for which a replay waits before it reads; 0: a replay has no
 *               control socket
 * @tick_fn: called several times a second while the capture runs, with the time since its start;
 * may be NULL
 * @reload_fn: reads the configuration again; NULL: it can't be read again
 * @log_fn:  receives the messages of the agent and its sinks; may be NULL
 */
struct wf_agent_opts {
	struct wf_config *config;
	char *const *files;
	size_t files_count;
	unsigned int subscribers;
	void (*tick_fn)(const struct weft *weft, uint64_t elapsed_ns);
	wf_reload_fn reload_fn;
	void *reload_ctx;
	weft_log_fn log_fn;
	void *log_ctx;
};

/**
 * struct wf_agent_result - the outcome of a run
 * @step:   the step that failed; valid if wf_agent_run() returned an error
 * @report: report on the last capture, owned by the caller; NULL if its start failed
 */
struct wf_agent_result {
	enum wf_agent_step step;
	json_t *report;
};

/**
 * wf_agent_run() - run until the capture files or the interfaces end, a signal stops the run
 * (signals.h), a live run has reached its duration or its number of packets, or a failure has ended
 * each output. With capture.wait_for_interface, the run does not end with an interface.
 *
 * Return: 0 on success, also if a signal ended the wait for an interface; negative errno of the
 * first step that failed (already logged, except -ENOMEM); -EINTR if a signal has requested the end
 * while a capture was opened.
 */
int wf_agent_run(const struct wf_agent_opts *opts, struct wf_agent_result *ret_result);

#endif
