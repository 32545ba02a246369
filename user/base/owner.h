/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * owner.h - checks at run time that only the owning thread uses an object, if the option
 * concurrency.performance_mode is safe.
 *
 * The object holds a pointer to struct wf_owner. If the pointer is NULL, nothing is checked, which
 * costs one branch. Each violation is counted, and the first ones are logged with both threads; the
 * operation is carried out nevertheless.
 */
#ifndef WF_BASE_OWNER_H
#define WF_BASE_OWNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

struct wf_owner {
	bool races;		/* also detect that two threads use the object at the same time */
	_Atomic int32_t thread; /* thread id of the owner; 0: there is no owner yet */
	/* id of the thread between wf_owner_enter() and wf_owner_leave(); 0: no thread */
	_Atomic int32_t inside;
	_Atomic uint64_t violations;
};

/* Return the calling thread's id. */
int32_t wf_thread_id(void);

/* Make the calling thread the owner. @owner is NULL if the object is not checked. */
void wf_owner_adopt(struct wf_owner *owner);

bool wf_owner_is_self(const struct wf_owner *owner);

/*
 * The parts of wf_owner_check() and wf_owner_enter() that are not inline. @what: name of the
 * caller's operation, for the log.
 */
void wf_owner_verify(struct wf_owner *owner, const char *what);
void wf_owner_verify_enter(struct wf_owner *owner, const char *what);

/* Check that the calling thread is the owner. @owner is NULL if the object is not checked. */
static inline void wf_owner_check(struct wf_owner *owner, const char *what)
{
	if (wf_unlikely(owner != NULL))
		wf_owner_verify(owner, what);
}

/*
 * Check that the calling thread is the owner, and begin an operation that only one thread at a time
 * may carry out. @owner is NULL if the object is not checked.
 */
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
