/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_call.h - runs functions of the control plane on the worker threads.
 *
 * Callers must hold the control lock, so that one call runs at a time. A call of a worker to itself
 * needs no lock.
 *
 * Thread: any. A worker makes such calls from inline callbacks.
 */
#ifndef WF_ENGINE_ENGINE_CALL_H
#define WF_ENGINE_ENGINE_CALL_H

#include <stdint.h>

struct wf_call;
struct wf_engine;

/*
 * Take the control lock. Return: 0 on success; -EBUSY if another thread holds the lock for longer
 * than lock_timeout_ms, or if the caller is a worker that is running a call of the lock's holder.
 */
int wf_engine_control_lock(struct wf_engine *engine);
void wf_engine_control_unlock(struct wf_engine *engine);

/*
 * Run @call on @worker's thread. The caller holds the control lock, unless it is that worker.
 * Return: 0 if it has run; -ETIMEDOUT if the worker did not start it within WEFT_ASK_TIMEOUT_MS, in
 * which case it will not run; -ESHUTDOWN if no worker runs.
 */
int wf_engine_call(struct wf_engine *engine, uint32_t worker, const struct wf_call *call);

#endif
