/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assert.h - checks for bugs in weft itself, never for invalid packets.
 *
 * wf_assert() is active in builds with DEBUG=1 and DEBUG=2, wf_assert_valid() (for the costly
 * wf_x_is_valid() functions) with DEBUG=2. In other builds they do not evaluate the argument.
 *
 * Also defined here: hints for branches, and the size of a cache line.
 */
#ifndef WF_BASE_ASSERT_H
#define WF_BASE_ASSERT_H

#include <assert.h>

#if WF_DEBUG >= 1
#define wf_assert(condition) assert(condition)
#else
#define wf_assert(condition) ((void)sizeof(!(condition)))
#endif

#if WF_DEBUG >= 2
#define wf_assert_valid(condition) assert(condition)
#else
#define wf_assert_valid(condition) ((void)sizeof(!(condition)))
#endif

#define wf_likely(condition)   __builtin_expect(!!(condition), 1)
#define wf_unlikely(condition) __builtin_expect(!!(condition), 0)

#define WF_CACHE_LINE 64

#endif
