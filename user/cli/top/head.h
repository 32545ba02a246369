/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * head.h - the lines above every view but the help: health, rates, losses, memory.
 */
#ifndef WF_CLI_TOP_HEAD_H
#define WF_CLI_TOP_HEAD_H

#include "cli/top/state.h"

void wf_top_head_add(const struct wf_top_state *state, struct wf_top_page *page);

#endif
