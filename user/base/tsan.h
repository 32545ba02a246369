/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tsan.h - tells ThreadSanitizer what it can't see: Concurrency Kit orders its
 * rings with fences in assembly, so a push that happens before its pop looks
 * like a race. Nothing in other builds.
 */
#ifndef WF_BASE_TSAN_H
#define WF_BASE_TSAN_H

#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#define wf_tsan_acquire(addr) __tsan_acquire((void *)(addr))
#define wf_tsan_release(addr) __tsan_release((void *)(addr))
#else
#define wf_tsan_acquire(addr) ((void)(addr))
#define wf_tsan_release(addr) ((void)(addr))
#endif

#endif
