/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h - the code shared by `weft run` and `weft replay`: a run of the agent, its summary and
 * its exit status; and the arguments FILTER, which `weft filter` has, too.
 */
#ifndef WF_CLI_SESSION_H
#define WF_CLI_SESSION_H

#include "cli/cmd.h"

struct weft;

/**
 * struct wf_session - one run
 * @files_count:  number of capture files and directories, the first of options->args; 0: capture
 *                from interfaces
 * @filter_first: index in options->args of the first word of FILTER
 * @subscribers:  replay: number of clients to wait for; 0: clients can't connect
 * @tick_fn:      called several times a second during the run; may be NULL
 */
struct wf_session {
	struct wf_options *options;
	int files_count;
	int filter_first;
	unsigned int subscribers;
	void (*tick_fn)(const struct weft *weft, uint64_t elapsed_ns);
};

/* Run the agent and print the summary. Return: an enum wf_exit. */
int wf_session_run(const struct wf_session *session);

/*
 * Set filter.expression to the arguments from filter_first on, if there are any. Return: 0 on
 * success; negative errno (reported).
 */
int wf_session_set_filter(const struct wf_session *session);

#endif
