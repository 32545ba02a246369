/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * owner.h - which thread may touch something, checked at run time where that is asked for.
 *
 * A thing without an owner struct (NULL) is not checked: that costs one branch. A violation
 * is counted and told with both threads; what was asked for is done nevertheless.
 */
#ifndef WF_BASE_OWNER_H
#define WF_BASE_OWNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

struct wf_owner {
	bool races;		/* also look for two threads inside at once */
	_Atomic int32_t thread; /* the owner's id, as the system counts threads; 0: anyone yet */
	_Atomic int32_t inside; /* thread between enter and leave */
	_Atomic uint64_t violations;
};

/* The calling thread's id. */
int32_t wf_thread_id(void);

/* The calling thread owns it from now on. */
void wf_owner_adopt(struct wf_owner *owner);

bool wf_owner_is_self(const struct wf_owner *owner);

/* Out of line: is the calling thread the owner? @what: which operation, for the log. */
void wf_owner_verify(struct wf_owner *owner, const char *what);
void wf_owner_verify_enter(struct wf_owner *owner, const char *what);

/* @owner may be NULL. */
static inline void wf_owner_check(struct wf_owner *owner, const char *what)
{
	if (wf_unlikely(owner != NULL))
		wf_owner_verify(owner, what);
}

/* Around what only one thread at a time may do; also checks the owner. */
static inline void wf_owner_enter(struct wf_owner *owner, const char *what)
{
	if (wf_unlikely(owner != NULL))
		wf_owner_verify_enter(owner, what);
}

static inline void wf_owner_leave(struct wf_owner *owner)
{
	if (wf_unlikely(owner != NULL))
		atomic_store_explicit(&owner->inside, 0, memory_order_release);
}

#endif
