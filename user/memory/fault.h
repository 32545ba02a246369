/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.h - makes the Nth request for memory fail, to test error paths.
 *
 * Exists in builds with DEBUG=1 or more (all sanitizer builds); in a release wf_fault_hit() is
 * constant. A test runs a scenario with N = 1, 2, 3 ... until wf_fault_disarm() returns false,
 * which means that the scenario makes fewer than N requests.
 */
#ifndef WF_MEMORY_FAULT_H
#define WF_MEMORY_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#if WF_DEBUG >= 1

/* Should this request fail? Called by each budget reservation and each take. */
bool wf_fault_hit(void);

/* Make the @nth request from now on fail, once. 0: no request fails. */
void wf_fault_arm(uint64_t nth);

/* Disarm the fault. Return: true if the armed fault has happened. */
bool wf_fault_disarm(void);

#else

static inline bool wf_fault_hit(void)
{
	return false;
}

#endif

#endif
