/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state.h - the state of `weft top`: the answers of the agent, and the choices of the user.
 */
#ifndef WF_CLI_TOP_STATE_H
#define WF_CLI_TOP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/top/conns.h"
#include "cli/top/keys.h"
#include "cli/top/model.h"
#include "cli/top/page.h"

struct wf_options;

enum { WF_TOP_FILTER_BYTES = 240, WF_TOP_COLUMNS_MIN = 80, WF_TOP_ROWS_MIN = 24 };

enum wf_top_view {
	WF_TOP_CONNECTIONS = 0,
	WF_TOP_INSIDE, /* ledgers, workers, memory, subscriptions */
	WF_TOP_HELP_VIEW,
	WF_TOP_DETAILS_VIEW,
};

/** The purpose of the line of text that the user edits. */
enum wf_top_prompt { WF_TOP_NO_PROMPT = 0, WF_TOP_FILTER_PROMPT, WF_TOP_ORDER_PROMPT };

struct wf_top_state {
	const struct wf_options *options;
	int stop_fd; /* readable when a signal asks to end; -1: none */
	int wake_fd; /* readable when stop_fd is, or when a key was pressed; -1: none */
	unsigned int interval_ms;

	/* answers of the agent */
	struct wf_top_model model;
	struct wf_top_conns conns;
	bool is_stale;	/* the last refresh was cancelled by a key, and must be repeated */
	bool is_gone;	/* the last request failed: the answers above are older ones */
	char gone[200]; /* the reason of the failure */

	/* choices of the user */
	enum wf_top_view view;
	enum wf_top_view base; /* the view below the help or the details */
	bool is_paused;
	size_t order;
	char filter[WF_TOP_FILTER_BYTES];
	bool has_selected;
	uint64_t selected; /* id of the selected connection */
	size_t first;	   /* first line or connection that is shown */
	size_t rows;	   /* number of lines or connections that fitted when last drawn */
	size_t lines;	   /* number of all lines or connections when last drawn */
	enum wf_top_prompt prompt;
	char input[WF_TOP_FILTER_BYTES];
	char message[320];
	bool is_error; /* @message reports an error */
	bool is_done;
};

#endif
