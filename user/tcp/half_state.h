/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half_state.h - the state of one direction, which decides how the bytes of its sender are handled.
 *
 *   state      bytes are                             ends by itself after
 *   IN_ORDER   delivered on arrival or, if deliver   -
 *              is acked, once acknowledged
 *   STARTING   held: earlier ones may follow         the start patience (time, bytes)
 *   AT_HOLE    held after a hole                     the gap time-out; the acknowledgement patience
 *   UNACKED    held until acknowledged, but no       the one-sided gap time-out
 *              acknowledgement was seen
 *   LIMITED    counted, beyond the depth limit       -
 *   CUT        counted, bypassed by request          -
 *   RESUMED    not seen yet since the bypass ended   -
 *
 * There is no state for a finished direction, because a direction in state LIMITED or CUT can
 * finish too, and because a FIN may be recognised as forged later; see wf_flow_dir_is_finished().
 *
 * The deadlines of a state are cancelled when the direction leaves it (wf_half_enter() in
 * conn/half.h).
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
	WF_HALF_AT_HOLE,  /* bytes before the held ones, or before the FIN, are missing */
	WF_HALF_UNACKED,  /* the option deliver is acked, but no acknowledgement was ever seen */
	WF_HALF_LIMITED,
	WF_HALF_CUT,
	WF_HALF_RESUMED, /* a bypass ended; the next segment shows where the stream continues */
};
#define WF_HALF_STATE_COUNT (WF_HALF_RESUMED + 1)

/* Return true if a direction may change from state @from to @to. */
bool wf_half_state_may_follow(enum wf_half_state from, enum wf_half_state to);

/* Return true if @state may have a deadline. */
static inline bool wf_half_state_waits(uint8_t state)
{
	return state >= WF_HALF_STARTING && state <= WF_HALF_UNACKED;
}

static inline void wf_half_state_enter(uint8_t *state, enum wf_half_state to)
{
	wf_assert(wf_half_state_may_follow((enum wf_half_state) * state, to));
	*state = (uint8_t)to;
}

#endif
