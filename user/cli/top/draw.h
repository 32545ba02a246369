/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * draw.h - the whole screen as a page.
 */
#ifndef WF_CLI_TOP_DRAW_H
#define WF_CLI_TOP_DRAW_H

#include "cli/top/state.h"

/*
 * Fill @page with @rows lines, at most WF_TOP_LINES_MAX, of at most @columns characters; if the
 * screen is too small, with one line that says so. If the view can be scrolled, state->first is
 * moved to a line that exists, and state->rows and state->lines are set.
 */
void wf_top_draw(struct wf_top_state *state, struct wf_top_page *page, size_t columns, size_t rows);

#endif
