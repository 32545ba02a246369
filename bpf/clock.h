/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock.h - CLOCK_MONOTONIC, exactly or within a tick.
 *
 * Reading the clock is the dearest thing a packet can ask for: the processor waits for all that
 * it has begun. A packet that is steered carries its exact time. What is only counted does with
 * that of the last reading on its CPU, unless the timer has ticked since.
 */
#ifndef WEFT_BPF_CLOCK_H
#define WEFT_BPF_CLOCK_H

#include <bpf/bpf_helpers.h>

#include "bpf/shared.h"

static __always_inline __u64 clock_exact(struct weft_cpu *cpu)
{
	__u64 now_ns = bpf_ktime_get_ns();

	cpu->tick = bpf_jiffies64();
	cpu->tick_ns = now_ns;
	return now_ns;
}

/* Up to a tick (1 to 10 ms) behind. */
static __always_inline __u64 clock_coarse(struct weft_cpu *cpu)
{
	return cpu->tick == bpf_jiffies64() ? cpu->tick_ns : clock_exact(cpu);
}

#endif
