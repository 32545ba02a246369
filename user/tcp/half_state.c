// SPDX-License-Identifier: BSD-2-Clause
/*
 * half_state.c - the table of transitions between the states of one direction.
 *
 * The table lists the states that may follow each state. LIMITED lasts until the connection ends,
 * because a stream that has reached its depth limit never becomes shorter. CUT is entered when a
 * requested bypass begins, and left when it ends.
 */
#include "tcp/half_state.h"

#define TO(state) (1u << WF_HALF_##state)

static const uint8_t followers[WF_HALF_STATE_COUNT] = {
	[WF_HALF_IN_ORDER] = TO(STARTING) | TO(AT_HOLE) | TO(UNACKED) | TO(LIMITED) | TO(CUT),
	[WF_HALF_STARTING] = TO(IN_ORDER) | TO(CUT),
	[WF_HALF_AT_HOLE] = TO(IN_ORDER) | TO(UNACKED) | TO(LIMITED) | TO(CUT),
	[WF_HALF_UNACKED] = TO(IN_ORDER) | TO(AT_HOLE) | TO(LIMITED) | TO(CUT),
	[WF_HALF_LIMITED] = 0,
	[WF_HALF_CUT] = TO(RESUMED),
	[WF_HALF_RESUMED] = TO(IN_ORDER) | TO(LIMITED) | TO(CUT),
};

bool wf_half_state_may_follow(enum wf_half_state from, enum wf_half_state to)
{
	return from == to || followers[from] & 1u << to;
}
