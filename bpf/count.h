/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * count.h - per-CPU state of the XDP or tc program: counters, and the last reading of the clock.
 * The state is one struct, so that a packet needs only one map look-up for it.
 */
#ifndef WEFT_BPF_COUNT_H
#define WEFT_BPF_COUNT_H

#include <bpf/bpf_helpers.h>

#include "bpf/shared.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weft_cpu);
} weft_counts SEC(".maps");

static __always_inline struct weft_cpu *this_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&weft_counts, &zero);
}

#endif
