/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_set.h - replaces the filter of a running engine as a whole.
 *
 *   compile the new filter ─► write it to each kernel map, beside the old one ─► each worker
 *   switches between two batches ─► one store switches the program of each interface
 *
 * If a step before these stores fails, the earlier steps are undone. Thread: any; calls are
 * serialized.
 */
#ifndef WF_CONTROL_FILTER_SET_H
#define WF_CONTROL_FILTER_SET_H

#include <weft/filter.h>

struct wf_engine;

/* Replace the filter, see weft_filter_set(). */
int wf_engine_filter_set(struct wf_engine *engine, const struct weft_filter_opts *opts);

#endif
