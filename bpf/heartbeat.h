/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heartbeat.h - does the agent still live?
 *
 * A tc filter stays attached when its owner is killed. User space writes CLOCK_MONOTONIC here
 * several times a second; a program without a fresh heartbeat leaves every packet alone. Programs
 * that a bpf_link holds go with their owner and need none: for them the verifier removes the check.
 *
 * The coarse clock costs a load, not a read of the processor's counter; it is at most one tick
 * behind, so it may be before the heartbeat.
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
