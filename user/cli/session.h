/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h - the part that `weft run` and `weft replay` share: a run of the agent, its summary
 * and its exit status.
 */
#ifndef WF_CLI_SESSION_H
#define WF_CLI_SESSION_H

#include "cli/cmd.h"

struct weft;

/**
 * struct wf_session - one run
 * @file:         NULL: interfaces
 * @filter_first: index of FILTER's first word in options->args
 * @tick_fn:      NULL: nothing to show meanwhile
 */
struct wf_session {
	struct wf_options *options;
	const char *file;
	int filter_first;
	void (*tick_fn)(const struct weft *weft, void *ctx);
	void *tick_ctx;
};

/* Return: an enum wf_exit. */
int wf_session_run(const struct wf_session *session);

/*
 * Sets filter.expression to the arguments from filter_first on. Return: 0; negative errno,
 * reported.
 */
int wf_session_set_filter(const struct wf_session *session);

#endif
