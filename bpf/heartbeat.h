/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heartbeat.h - checks whether the agent is alive.
 *
 * A tc filter stays attached when the agent that attached it is killed. The agent writes
 * CLOCK_MONOTONIC to weft_heartbeat_ns several times a second. If that time is
 * at least WEFT_HEARTBEAT_STALE_NS old, the tc program does nothing but count packets. A program
 * that is attached by a bpf_link is detached when the agent ends, and needs no heartbeat; the
 * verifier removes the check from it, because weft_needs_heartbeat is 0.
 *
 * Reading the coarse clock takes only a load from memory. It is at most one timer tick behind
 * CLOCK_MONOTONIC, so its value may be lower than the heartbeat. Therefore the limit is added to
 * the heartbeat: a difference of the two times could wrap below 0.
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
