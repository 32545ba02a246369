/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_set.h - replaces the filter of a running engine as a whole.
 *
 *   compile ─► write it beside the old one in each kernel map ─► each worker changes over
 *   between two batches ─► one store for each interface
 *
 * If a step before the stores fails, the earlier ones are undone. Thread: any; calls take turns.
 */
#ifndef WF_CONTROL_FILTER_SET_H
#define WF_CONTROL_FILTER_SET_H

#include <weft/filter.h>

struct wf_engine;

/* See weft_filter_set(). */
int wf_engine_filter_set(struct wf_engine *engine, const struct weft_filter_opts *opts);

#endif
