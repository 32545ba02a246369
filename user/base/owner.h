/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * owner.h - which thread may use an object, checked at run time if an option asks for it.
 *
 * An object without an owner struct (NULL) is not checked: that costs one branch. A violation
 * is counted and logged with both threads; the operation is carried out nevertheless.
 */
#ifndef WF_BASE_OWNER_H
#define WF_BASE_OWNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

struct wf_owner {
	bool races;		/* also detect two threads inside at once */
	_Atomic int32_t thread; /* the owner's thread id; 0: none yet */
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

/* Begin an operation that only one thread at a time may do; also checks the owner. */
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
