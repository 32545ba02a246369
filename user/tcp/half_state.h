/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half_state.h - the state of one direction, which decides what happens to the bytes of its sender.
 *
 *   state      bytes are                             ends by itself after
 *   IN_ORDER   delivered as they come                -
 *   STARTING   held: earlier ones may still come     the start patience (time, bytes)
 *   AT_HOLE    held behind a hole                    the gap time-out; the acknowledgement patience
 *   UNACKED    held for an acknowledgement that      the gap time-out
 *              nobody was seen to send
 *   LIMITED    counted, beyond the depth limit       -
 *   CUT        counted, bypassed by request          -
 *   RESUMED    none yet since the bypass ended       -
 *
 * There is no state for a finished direction, but wf_flow_dir_is_finished(): a direction that is
 * limited or cut finishes too, and a FIN may turn out to be forged.
 *
 * Deadlines belong to the state: leaving it cancels them (conn/wait.c).
 *
 * Thread: the flow's worker.
 */
#ifndef WF_TCP_HALF_STATE_H
#define WF_TCP_HALF_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"

enum wf_half_state {
	WF_HALF_IN_ORDER = 0,
	WF_HALF_STARTING, /* the first byte seen may not be the stream's first */
	WF_HALF_AT_HOLE,  /* bytes before those held, or before the FIN, are missing */
	WF_HALF_UNACKED,  /* deliver: acked, but no acknowledgement was ever seen */
	WF_HALF_LIMITED,
	WF_HALF_CUT,
	WF_HALF_RESUMED, /* its next segment shows where the stream continues */
};
#define WF_HALF_STATE_COUNT (WF_HALF_RESUMED + 1)

/* Return true if a direction may change from state @from to @to. */
bool wf_half_state_may_follow(enum wf_half_state from, enum wf_half_state to);

static inline void wf_half_state_enter(uint8_t *state, enum wf_half_state to)
{
	wf_assert(wf_half_state_may_follow((enum wf_half_state) * state, to));
	*state = (uint8_t)to;
}

#endif
