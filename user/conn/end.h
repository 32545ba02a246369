/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * end.h - the end of a direction: all held data is delivered, every hole becomes a gap.
 */
#ifndef WF_CONN_END_H
#define WF_CONN_END_H

#include "conn/half.h"

/* No data comes any more that precedes the held data in order, nor acknowledges it: deliver it. */
void wf_end_wait(const struct wf_half *half);

/* Everything that is still held is delivered, everything missing is reported. */
void wf_end_half(const struct wf_half *half, uint64_t now_ns);

#endif
