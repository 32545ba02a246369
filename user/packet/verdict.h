/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - the kernel's record of a flow that has verdicts.
 */
#ifndef WF_PACKET_VERDICT_H
#define WF_PACKET_VERDICT_H

#include <stdint.h>

#include "bpf/shared.h"

/* The kernel's record of a flow. Arrays are indexed by the sending endpoint of the flow key. */
struct wf_kept {
	enum weft_verdict was[2];
	/* segments that a verdict excluded from steering, and their IP bytes */
	uint64_t packets[2];
	uint64_t bytes[2];
	uint64_t idle_ns; /* time since the last segment of the flow */
};

#endif
