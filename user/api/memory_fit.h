/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_fit.h - chooses and checks the memory limit of a handle, so that the process stays within
 * the free memory of its control group and of the host.
 */
#ifndef WF_API_MEMORY_FIT_H
#define WF_API_MEMORY_FIT_H

#include <stdint.h>

#include "pressure/memory_room.h"

/*
 * Return the default of memory_max_bytes: WEFT_MEMORY_MB MiB, or 1/WEFT_MEMORY_PARTS of the memory
 * in @room if that is less (logged), but at least WEFT_MEMORY_MIN_MB MiB.
 */
uint64_t wf_memory_default(const struct wf_memory_room *room);

/*
 * Check that @limit_bytes, and the memory of the process outside the limit, fit in the memory of
 * @room. Return: 0 on success; -E2BIG if not (logged with the numbers).
 */
int wf_memory_check(const struct wf_memory_room *room, uint64_t limit_bytes);

#endif
