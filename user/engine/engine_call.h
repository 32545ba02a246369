/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_call.h - functions that a running engine's workers run for the control plane.
 *
 * Callers take turns: calls are made with the control lock.
 *
 * Thread: any but the workers.
 */
#ifndef WF_ENGINE_ENGINE_CALL_H
#define WF_ENGINE_ENGINE_CALL_H

#include <stdint.h>

struct wf_call;
struct wf_engine;

/* Return: 0; -EBUSY: another caller takes longer than lock_timeout_ms. */
int wf_engine_control_lock(struct wf_engine *engine);
void wf_engine_control_unlock(struct wf_engine *engine);

/* With that lock. Return: 0; -ETIMEDOUT: too busy; -ESHUTDOWN: the workers have ended. */
int wf_engine_call(struct wf_engine *engine, uint32_t worker, const struct wf_call *call);

#endif
