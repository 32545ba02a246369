/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock.h - a copy of CLOCK_MONOTONIC that is at most one timer tick (1 to 10 ms) old.
 *
 * Reading the clock is expensive because the processor first completes all instructions in flight.
 * Therefore each CPU reads it at most once per tick. User space reads its own, more exact clock
 * once per batch of frames.
 */
#ifndef WEFT_BPF_CLOCK_H
#define WEFT_BPF_CLOCK_H

#include <bpf/bpf_helpers.h>

#include "bpf/shared.h"

/* Refresh cpu->tick_ns and cpu->number, if a timer tick has passed since the last refresh. */
static __always_inline void clock_update(struct weft_cpu *cpu)
{
	__u64 tick = bpf_jiffies64();

	if (cpu->tick != tick) {
		cpu->tick = tick;
		cpu->tick_ns = bpf_ktime_get_ns();
		cpu->number = bpf_get_smp_processor_id();
	}
}

#endif
