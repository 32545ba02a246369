/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * submit.h - takes packets from any thread for the worker that owns their flow.
 *
 *   weft_submit(), any thread: check, hash, ring of the owner  ──►  worker: page, pipeline
 */
#ifndef WF_WORKER_SUBMIT_H
#define WF_WORKER_SUBMIT_H

#include <stdint.h>

#include <weft/submit.h>

#include "decode/decode.h"

struct wf_crew;
struct wf_metrics;

/* How to submit to a crew: fixed before its threads start. */
struct wf_submit {
	struct wf_crew *crew;	   /* borrowed */
	struct wf_decoder decoder; /* for the steering hash */
	bool live;		   /* time goes on without packets */
};

/* See weft_submit(). Thread: any but the crew's workers if @timeout_ms is not 0. */
int wf_submit(const struct wf_submit *submit, const struct weft_packet *packets, uint32_t count,
	      int timeout_ms);

/* Later submissions fail. Thread: main. */
void wf_submit_close(struct wf_crew *crew);

/* Add the metrics that submitting threads count. Thread: any. */
void wf_submit_stats_add(const struct wf_crew *crew, struct wf_metrics *sum);

#endif
