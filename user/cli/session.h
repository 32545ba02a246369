/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h - what `weft run` and `weft replay` have in common: a run of the agent, its
 * summary, its exit status.
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

/* Makes the arguments from filter_first on filter.expression. Return: 0; negative errno: told. */
int wf_session_set_filter(const struct wf_session *session);

#endif
