/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * act.h - carries out the action of a key.
 */
#ifndef WF_CLI_TOP_ACT_H
#define WF_CLI_TOP_ACT_H

#include "cli/top/state.h"

/* Carry out the action of @key, a character or a KEY_ code of ncurses, or put it into the input. */
void wf_top_act(struct wf_top_state *state, int key);

#endif
