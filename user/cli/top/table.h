/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - the lines of the table of connections, and those of the details of one connection.
 */
#ifndef WF_CLI_TOP_TABLE_H
#define WF_CLI_TOP_TABLE_H

#include "cli/top/state.h"

/* Add the head of the table, and connections from state->first on, until @page has @rows_max lines.
 */
void wf_top_table_add(const struct wf_top_state *state, struct wf_top_page *page, size_t rows_max);

/* Add the details of the selected connection. */
void wf_top_details_add(const struct wf_top_state *state, struct wf_top_page *page);

#endif
