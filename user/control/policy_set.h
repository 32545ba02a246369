/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_set.h - replaces the policy of a running engine as a whole, or its filter, which may also
 * be set before the start if the engine has no interfaces.
 *
 *   compile the new filter ─► write it to each kernel map, beside the old one ─► each worker
 *   switches between two batches ─► one store switches the program of each interface ─► frames
 *   have the number of the new policy
 *
 * Meanwhile, a worker gets frames that the kernel has tested with the old filter. They have the
 * number of the old policy, so the worker tests them with the complete new filter. Therefore each
 * segment is accepted and processed by one whole policy, never by parts of two. The stores cannot
 * fail; if an earlier step fails, the steps before it are undone. Thread: any; calls are
 * serialized.
 */
#ifndef WF_CONTROL_POLICY_SET_H
#define WF_CONTROL_POLICY_SET_H

#include <weft/filter.h>
#include <weft/policy.h>

struct wf_engine;

/* Replace the filter, see weft_filter_set(). */
int wf_engine_filter_set(struct wf_engine *engine, const struct weft_filter_opts *opts);

/* Replace the policy, see weft_policy_set(). */
int wf_engine_policy_set(struct wf_engine *engine, const struct weft_policy_opts *opts);

#endif
