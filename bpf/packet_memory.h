/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * packet_memory.h - memory for one struct packet per CPU. One is enough, because a program that
 * has started on a CPU ends before the next packet is processed there.
 */
#ifndef WEFT_BPF_PACKET_MEMORY_H
#define WEFT_BPF_PACKET_MEMORY_H

#include <bpf/bpf_helpers.h>

#include "bpf/packet.h"

/* Scratch space: struct packet does not fit on the BPF stack of three nested calls. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
} weft_packet SEC(".maps");

static __always_inline struct packet *packet_in_memory(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&weft_packet, &zero);
}

#endif
