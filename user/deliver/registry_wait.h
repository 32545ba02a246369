/* SPDX-License-Identifier: BSD-2-Clause */
/* registry_wait.h - lets control calls wait until workers have seen a change of the list. */
#ifndef WF_DELIVER_REGISTRY_WAIT_H
#define WF_DELIVER_REGISTRY_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "deliver/registry_state.h"

/* Return true from wf_registry_enter() of the worker until its wf_registry_leave(). */
bool wf_registry_has_worker(const struct wf_registry *registry, uint32_t worker);

/*
 * Wait until no worker is in the callback of a subscription that list @generation removed. Do
 * nothing if the calling thread is a worker.
 */
void wf_registry_wait_for_callbacks(struct wf_registry *registry, uint64_t generation);

/*
 * Wait, for at most one second, while a worker uses a list much older than @generation: the memory
 * of subscriptions that newer lists removed is not free yet, so further subscriptions might use up
 * the memory budget. Do nothing if the calling thread is a worker.
 */
void wf_registry_wait_for_lists(struct wf_registry *registry, uint64_t generation);

#endif
