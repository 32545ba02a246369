/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex.h - sleep until a word changes. The word is 1 while somebody sleeps.
 */
#ifndef WF_DELIVER_FUTEX_H
#define WF_DELIVER_FUTEX_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* Return when woken, after @timeout_ns, or for no reason. Only sleeps while *@word is 1. */
static inline void wf_futex_sleep(_Atomic uint32_t *word, uint64_t timeout_ns)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_ns / WF_NS_PER_SEC),
		.tv_nsec = (long)(timeout_ns % WF_NS_PER_SEC),
	};

	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 1, &timeout, NULL, 0);
}

/* Async-signal-safe. The load is sequentially consistent: pairs with the sleeper's store of 1. */
static inline void wf_futex_wake(_Atomic uint32_t *word)
{
	if (atomic_load(word) && atomic_exchange(word, 0))
		syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

#endif
