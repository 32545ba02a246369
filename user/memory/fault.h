/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.h - make the Nth request for memory fail, to test what follows.
 *
 * Exists in builds with DEBUG=1 or more (all sanitizer builds); in a release
 * wf_fault_hit() is a constant. A test runs a scenario with N = 1, 2, 3 ...
 * until wf_fault_disarm() tells that the fault was not reached any more.
 */
#ifndef WF_MEMORY_FAULT_H
#define WF_MEMORY_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#if WF_DEBUG >= 1

/* Should this request fail? Asked by each budget reservation and each take. */
bool wf_fault_hit(void);

/* The @nth request from now on fails, once. 0: none. */
void wf_fault_arm(uint64_t nth);

/* Return: true: the armed fault has happened. */
bool wf_fault_disarm(void);

#else

static inline bool wf_fault_hit(void)
{
	return false;
}

#endif

#endif
