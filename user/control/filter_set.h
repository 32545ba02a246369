/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_set.h - another filter for a running engine, as a whole.
 *
 *   compile ─► lay out beside the old one in each kernel map ─► workers change over, each
 *   between two batches ─► one store for each interface
 *
 * Whatever fails before the stores is undone. Thread: any; calls take turns.
 */
#ifndef WF_CONTROL_FILTER_SET_H
#define WF_CONTROL_FILTER_SET_H

#include <weft/filter.h>

struct wf_engine;

/* See weft_filter_set(). */
int wf_engine_filter_set(struct wf_engine *engine, const struct weft_filter_opts *opts);

#endif
