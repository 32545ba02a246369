/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipeline.h - one worker's stages in their order, up to the connections.
 *
 *   frame → filter → decode → (defragment) → flow table → TCP tracking → reassembly → dispatch
 *
 * Time is taken from the packets: a flow's expired timers run, as of their deadline, before its
 * next packet is processed. The outcome therefore does not depend on the times of ticks, on other
 * flows or on the number of workers.
 *
 * Thread: the worker.
 */
#ifndef WF_WORKER_PIPELINE_H
#define WF_WORKER_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/look_ahead.h"
#include "worker/pipeline_opts.h"

struct wf_conns;
struct wf_flow_request;
struct weft_flow_key;
struct wf_frame;
struct wf_mailbox;
struct wf_pcap_filter;
struct wf_rules;
struct wf_segment_filter;
struct wf_pipeline;

int wf_pipeline_new(const struct wf_pipeline_opts *opts, struct wf_pipeline **ret_pipeline);

/* Process a batch, and prefetch a record of @ahead for each frame. Takes their page references. */
void wf_pipeline_run_ahead(struct wf_pipeline *pipeline, const struct wf_frame *frames,
			   uint32_t count, struct wf_look_ahead *ahead);

/* Process a batch that no known records follow. Takes each frame's page reference. */
static inline void wf_pipeline_run(struct wf_pipeline *pipeline, const struct wf_frame *frames,
				   uint32_t count)
{
	struct wf_look_ahead none = {0};

	wf_pipeline_run_ahead(pipeline, frames, count, &none);
}

/*
 * Record that a receive ring overflowed: holes seen now are probably capture losses, so the
 * pipeline waits for them for a shorter time.
 */
void wf_pipeline_note_overrun(struct wf_pipeline *pipeline);

/* Run every timer due at @now_ns (CLOCK_MONOTONIC, or the time of packet/stamp_clock.h). */
void wf_pipeline_tick(struct wf_pipeline *pipeline, uint64_t now_ns);

/*
 * Handle the requests in @mailbox, and do one bounded step of the resulting work. Call between two
 * batches. Return: true if a step was done, so that work may be left; then call again even if no
 * packet arrives.
 */
bool wf_pipeline_handle(struct wf_pipeline *pipeline, struct wf_mailbox *mailbox);

/* Do the periodic work under memory pressure. Call a few times a second. */
void wf_pipeline_housekeep(struct wf_pipeline *pipeline);

/* Finish at the end of data: turn holes into gaps, deliver waiting bytes, close every flow. */
void wf_pipeline_flush(struct wf_pipeline *pipeline);

/*
 * struct wf_pipeline_policy - a policy; all pointers are borrowed until the policy is replaced
 * @number: the kernel writes this number, modulo 256, to frames after it has begun to use the
 *          policy's filter
 */
struct wf_pipeline_policy {
	const struct wf_pcap_filter *filter;		/* NULL: every packet is wanted */
	const struct wf_segment_filter *segment_filter; /* NULL: every segment is wanted */
	const struct wf_rules *rules; /* the struct is copied, its lists are not */
	uint32_t number;
};

/*
 * Use the filters of this policy from the next group of frames on, and its rules from the next
 * connection on. Return: 0; -ENOSPC: too many different depths, see rules/depths.h; the old policy
 * stays.
 */
int wf_pipeline_set_policy(struct wf_pipeline *pipeline, const struct wf_pipeline_policy *policy);

/* Set a verdict on a flow, or end it, for the application: see wf_verdicts_request(). */
int wf_pipeline_request(struct wf_pipeline *pipeline, const struct wf_flow_request *request);

/* Return the connections of the pipeline, for control calls (mailbox.h). */
struct wf_conns *wf_pipeline_conns(struct wf_pipeline *pipeline);

void wf_pipeline_free(struct wf_pipeline *pipeline);

#endif
