/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asking.h - a question of the control plane to one worker, answered on the worker's thread.
 *
 *   asker:  question, wake, sleep until done        worker:  looks once a round (a load of its
 *           or too late: take the question back              own cache line), answers, done
 *
 * A worker's flows are its own, so who wants to know or change something of them has the
 * worker do it. It never waits; an answer has to be short. One question at a time: askers
 * take turns (the engine's control lock).
 */
#ifndef WF_WORKER_ASKING_H
#define WF_WORKER_ASKING_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/waiter.h"

struct wf_pipeline;

struct wf_question {
	void (*answer)(void *ctx, struct wf_pipeline *pipeline); /* on the worker's thread */
	void *ctx;
};

struct wf_asking {
	/* written by the asker; the worker takes it */
	_Alignas(WF_CACHE_LINE) const struct wf_question *_Atomic question;

	/* written by the worker */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t answered;
	struct wf_waiter asker; /* sleeps until that has changed */
};

/*
 * @worker: woken. Return: 0; -ETIMEDOUT: the worker did not come to it in time, and will not.
 * Thread: any but the worker's, one at a time.
 */
int wf_asking_ask(struct wf_asking *asking, struct wf_waiter *worker,
		  const struct wf_question *question, uint32_t timeout_ms);

void wf_asking_answer_now(struct wf_asking *asking, struct wf_pipeline *pipeline);

/* Thread: the worker, once a round. */
static inline void wf_asking_answer(struct wf_asking *asking, struct wf_pipeline *pipeline)
{
	if (wf_unlikely(atomic_load_explicit(&asking->question, memory_order_relaxed)))
		wf_asking_answer_now(asking, pipeline);
}

#endif
