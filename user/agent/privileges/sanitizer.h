/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sanitizer.h - tells whether this is a build with the address or thread sanitizer, whose run-time
 * library needs more rights: the leak checker traces the process at its end.
 */
#ifndef WF_AGENT_PRIVILEGES_SANITIZER_H
#define WF_AGENT_PRIVILEGES_SANITIZER_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WF_IS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WF_IS_SANITIZED 1
#endif
#ifndef WF_IS_SANITIZED
#define WF_IS_SANITIZED 0
#endif

#endif
