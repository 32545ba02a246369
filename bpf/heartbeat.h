/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heartbeat.h - checks whether the agent is alive.
 *
 * A tc filter stays attached when its owner is killed. User space writes CLOCK_MONOTONIC to
 * weft_heartbeat_ns several times a second. If the heartbeat is stale, the program ignores every
 * packet. A program that is attached by a bpf_link is detached when its owner ends, and needs no
 * heartbeat; the verifier removes the check from that program.
 *
 * The coarse clock is read with one load from memory. It is at most one timer tick behind
 * CLOCK_MONOTONIC, so its value may be lower than the heartbeat.
 */
#ifndef WEFT_BPF_HEARTBEAT_H
#define WEFT_BPF_HEARTBEAT_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "bpf/shared.h"

const volatile __u8 weft_needs_heartbeat;
__u64 weft_heartbeat_ns;

static __always_inline int is_agent_alive(void)
{
	return !weft_needs_heartbeat ||
	       bpf_ktime_get_coarse_ns() < weft_heartbeat_ns + WEFT_HEARTBEAT_STALE_NS;
}

#endif
