/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refresh.h - requests the values that are shown, and sets the verdict of a connection.
 *
 * Each request blocks until the agent answers, state->stop_fd is readable, or 5 s have passed. The
 * requests of a refresh also end when state->wake_fd is readable, so that keys work while the agent
 * does not answer.
 */
#ifndef WF_CLI_TOP_REFRESH_H
#define WF_CLI_TOP_REFRESH_H

#include "cli/top/state.h"

/* Return the request for the connections that match @filter; owned by the caller. */
json_t *wf_top_flows_request(const char *filter, size_t order);

/*
 * Request everything that the view shows. If the agent does not answer, state->is_gone is set; if a
 * key cancels the request, state->is_stale is set instead.
 */
void wf_top_refresh(struct wf_top_state *state);

/*
 * Request the connections that match @filter, and use @filter from now on. If the request fails,
 * the old filter stays, and state->message has the reason.
 */
void wf_top_set_filter(struct wf_top_state *state, const char *filter);

/* Set the verdict of the selected connection; state->message has the outcome. */
void wf_top_set_verdict(struct wf_top_state *state, enum wf_top_verdict verdict);

/* Set the message, which is shown until the next key. */
void wf_top_say(struct wf_top_state *state, bool is_error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
