/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tsan.h - an annotation for mutexes locked with pthread_mutex_clocklock(), which ThreadSanitizer
 * does not support. Does nothing in other builds.
 */
#ifndef WF_BASE_TSAN_H
#define WF_BASE_TSAN_H

#ifdef __SANITIZE_THREAD__
void __tsan_mutex_pre_lock(void *addr, unsigned int flags);
void __tsan_mutex_post_lock(void *addr, unsigned int flags, int recursion);
#define wf_tsan_locked(mutex)                        \
	do {                                         \
		__tsan_mutex_pre_lock(mutex, 0);     \
		__tsan_mutex_post_lock(mutex, 0, 0); \
	} while (0)
#else
#define wf_tsan_locked(mutex) ((void)(mutex))
#endif

#endif
