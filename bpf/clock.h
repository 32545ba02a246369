/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock.h - CLOCK_MONOTONIC, at most one tick of the timer (1 to 10 ms) behind.
 *
 * Reading the clock is the dearest thing a packet can ask for: the processor waits for all that
 * it has begun. So it is read once a tick on each CPU. Who takes the frame from its ring knows
 * better when that was: user space reads its clock once for many frames.
 */
#ifndef WEFT_BPF_CLOCK_H
#define WEFT_BPF_CLOCK_H

#include <bpf/bpf_helpers.h>

#include "bpf/shared.h"

/* cpu->tick_ns is right after it, and so is the number. */
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
