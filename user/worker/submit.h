/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * submit.h - accepts packets from any thread and queues them for the worker that owns their flow.
 *
 *   weft_submit(), any thread: check, hash, ring of the owner  ──►  worker: pipeline
 */
#ifndef WF_WORKER_SUBMIT_H
#define WF_WORKER_SUBMIT_H

#include <stdint.h>

#include <weft/submit.h>

#include "base/turns.h"
#include "decode/decode.h"

struct wf_crew;
struct wf_metrics;

/*
 * The state of weft_submit() for one crew. After weft_start(), only @turns changes.
 */
struct wf_submit {
	struct wf_crew *crew;	   /* borrowed */
	struct wf_decoder decoder; /* computes the steering hash */
	/* order of the threads that submit parts of the same connections */
	struct wf_turns turns;
	bool live; /* true: timers follow the system clock; false: they follow the packet times */
};

/*
 * Submit packets: see weft_submit(). If a ring stays full, the packet and all later ones of the
 * call are rejected and counted. Thread: any; a worker of the crew never waits: if a ring is full
 * and @timeout_ms is not 0, its call ends at once, counts no rejected packets, and returns -EDEADLK
 * if no packet was accepted.
 */
int wf_submit(struct wf_submit *submit, const struct weft_packet *packets, uint32_t count,
	      int timeout_ms);

/*
 * Close the rings and end all waits: later submissions fail with -ESHUTDOWN. Thread: the one that
 * stops the engine.
 */
void wf_submit_close(struct wf_submit *submit, struct wf_crew *crew);

/* Add the metrics that submitting threads count. Thread: any. */
void wf_submit_stats_add(const struct wf_crew *crew, struct wf_metrics *sum);

#endif
