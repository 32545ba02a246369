/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drain.h - delivers held data that is next in order.
 */
#ifndef WF_CONN_DRAIN_H
#define WF_CONN_DRAIN_H

#include "conn/half.h"

/* Deliver all that is next in order, below @limit_off. */
void wf_drain_below(const struct wf_half *half, uint64_t limit_off);

/* The same without a limit, acknowledged or not. */
void wf_drain_all(const struct wf_half *half);

/* The same as far as the mode of delivery and the state allow it. */
void wf_drain_ready(const struct wf_half *half);

/* The start of the stream is settled: deliver what waited for that. */
void wf_drain_start(const struct wf_half *half);

#endif
