/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_off.h - takes and puts runs of spans by offset and number, for tests that check the place of
 * a run.
 */
#ifndef WF_TEST_RUN_OFF_H
#define WF_TEST_RUN_OFF_H

#include <errno.h>
#include <stdint.h>

#include "memory/arena.h"

/* Return: offset of a run of @count adjacent spans; -ENOBUFS if there is none. */
static inline int64_t take_run_off(struct wf_arena *arena, uint64_t count)
{
	uint8_t *start = wf_arena_take_run(arena, count * WEFT_SPAN_BYTES);

	return start ? start - (uint8_t *)wf_arena_base(arena) : -ENOBUFS;
}

static inline void put_run_off(struct wf_arena *arena, uint64_t off, uint64_t count)
{
	wf_arena_put_run(arena, (uint8_t *)wf_arena_base(arena) + off, count * WEFT_SPAN_BYTES);
}

#endif
