// SPDX-License-Identifier: BSD-2-Clause
/*
 * half.c - changes of state.
 */
#include "conn/half.h"

void wf_half_enter(const struct wf_half *half, enum wf_half_state state)
{
	struct wf_flow_ext *ext = wf_half_ext(half);

	if (wf_half_is(half, state))
		return;
	wf_half_state_enter(&half->tcp->state, state);
	if (!ext)
		return;
	ext->half[half->dir].timeout_ns = WF_NEVER_NS;
	ext->half[half->dir].patience_ns = WF_NEVER_NS;
}
