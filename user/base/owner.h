/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * owner.h - which thread may use an object, checked at run time if an option enables it.
 *
 * An object without an owner struct (NULL) is not checked, which costs one branch. A violation
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
	bool races;		/* also detect two threads that use the object at once */
	_Atomic int32_t thread; /* the owner's thread id; 0: none yet */
	_Atomic int32_t inside; /* thread id between enter and leave; 0: none */
	_Atomic uint64_t violations;
};

/* Return the calling thread's id. */
int32_t wf_thread_id(void);

/* Make the calling thread the owner. @owner may be NULL. */
void wf_owner_adopt(struct wf_owner *owner);

bool wf_owner_is_self(const struct wf_owner *owner);

/*
 * Check that the calling thread is the owner. Not inline, because checks are rare. @what: the
 * operation, for the log.
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
 * Begin an operation that only one thread at a time may do, and check the owner. @owner is NULL
 * if the object is not checked.
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
