/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tsan.h - tells ThreadSanitizer what it can't see: Concurrency Kit orders its
 * rings with fences in assembly, so a push that happens before its pop looks
 * like a race; and it does not know pthread_mutex_clocklock(). Nothing in other builds.
 */
#ifndef WF_BASE_TSAN_H
#define WF_BASE_TSAN_H

#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
void __tsan_mutex_pre_lock(void *addr, unsigned int flags);
void __tsan_mutex_post_lock(void *addr, unsigned int flags, int recursion);
#define wf_tsan_acquire(addr) __tsan_acquire((void *)(addr))
#define wf_tsan_release(addr) __tsan_release((void *)(addr))
#define wf_tsan_locked(mutex)                        \
	do {                                         \
		__tsan_mutex_pre_lock(mutex, 0);     \
		__tsan_mutex_post_lock(mutex, 0, 0); \
	} while (0)
#else
#define wf_tsan_acquire(addr) ((void)(addr))
#define wf_tsan_release(addr) ((void)(addr))
#define wf_tsan_locked(mutex) ((void)(mutex))
#endif

#endif
