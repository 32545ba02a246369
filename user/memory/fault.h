/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.h - makes the Nth request for memory fail, to test error paths.
 *
 * Exists in builds with DEBUG=1 or more (all sanitizer builds); in a release wf_fault_hit() always
 * returns false. A test runs a scenario with N = 1, 2, 3 ... until wf_fault_disarm() returns false,
 * which means that the scenario makes fewer than N requests.
 */
#ifndef WF_MEMORY_FAULT_H
#define WF_MEMORY_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#if WF_DEBUG >= 1

/*
 * Return true if the current request for memory must fail. Called by each reservation, and each
 * time a page, span or object is taken.
 */
bool wf_fault_hit(void);

/*
 * Make the @nth request after this call fail. Only that one request fails; if @nth is 0, none does.
 */
void wf_fault_arm(uint64_t nth);

/* Disarm the fault. Return: true if the fault has occurred since it was armed. */
bool wf_fault_disarm(void);

#else

static inline bool wf_fault_hit(void)
{
	return false;
}

#endif

#endif
