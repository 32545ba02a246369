// SPDX-License-Identifier: BSD-2-Clause
/*
 * memory_fit.c - compares the memory limit with the memory that is left for this process.
 *
 * In tap mode the kernel pins the whole arena at start. Without this comparison, the kernel's OOM
 * killer could kill a process whose limit does not fit, at start or under traffic.
 */
#include "api/memory_fit.h"

#include <errno.h>

#include <weft/limits.h>

#include "base/log.h"

#define MIB (1ull << 20)

uint64_t wf_memory_default(const struct wf_memory_room *room)
{
	uint64_t part_mb = room->bytes / WEFT_MEMORY_PARTS / MIB;

	if (part_mb >= WEFT_MEMORY_MB)
		return WEFT_MEMORY_MB * MIB;
	if (part_mb < WEFT_MEMORY_MIN_MB)
		part_mb = WEFT_MEMORY_MIN_MB;
	wf_info("memory: the limit is %llu MiB instead of %d, 1/%d of the memory that is left: %s; "
		"to set another limit: memory.max_total_memory_mb (--max-memory)",
		(unsigned long long)part_mb, WEFT_MEMORY_MB, WEFT_MEMORY_PARTS, room->why);
	return part_mb * MIB;
}

int wf_memory_check(const struct wf_memory_room *room, uint64_t limit_bytes)
{
	uint64_t outside_bytes = WEFT_PROCESS_SLACK_MB * MIB;
	uint64_t most_bytes = room->bytes > outside_bytes ? room->bytes - outside_bytes : 0;

	if (limit_bytes <= most_bytes)
		return 0;
	wf_error("memory: the limit of %llu MiB + %d MiB outside it = %llu MiB, more than the %llu "
		 "MiB that are left: %s; set memory.max_total_memory_mb (--max-memory) to at most "
		 "%llu, or provide more memory",
		 (unsigned long long)(limit_bytes / MIB), WEFT_PROCESS_SLACK_MB,
		 (unsigned long long)(limit_bytes / MIB) + WEFT_PROCESS_SLACK_MB,
		 (unsigned long long)(room->bytes / MIB), room->why,
		 (unsigned long long)(most_bytes / MIB));
	return -E2BIG;
}
