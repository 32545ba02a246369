// SPDX-License-Identifier: BSD-2-Clause
/* fault.c - makes the Nth request for memory fail, to test error paths. */
#include "memory/fault.h"

#if WF_DEBUG >= 1

#include <stdatomic.h>

/* Number of requests up to and including the one that fails; 0: no fault is armed. */
static _Atomic uint64_t countdown;

bool wf_fault_hit(void)
{
	uint64_t left = atomic_load_explicit(&countdown, memory_order_relaxed);

	while (left &&
	       !atomic_compare_exchange_weak_explicit(&countdown, &left, left - 1,
						      memory_order_relaxed, memory_order_relaxed))
		;
	return left == 1;
}

void wf_fault_arm(uint64_t nth)
{
	atomic_store_explicit(&countdown, nth, memory_order_relaxed);
}

bool wf_fault_disarm(void)
{
	return atomic_exchange_explicit(&countdown, 0, memory_order_relaxed) == 0;
}

#endif
