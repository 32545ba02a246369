/* SPDX-License-Identifier: BSD-2-Clause */
/* verdict.h - the kernel's counts for a flow whose verdict was set. */
#ifndef WF_PACKET_VERDICT_H
#define WF_PACKET_VERDICT_H

#include <stdint.h>

#include "bpf/shared.h"

/* The kernel's counts for a flow. Arrays are indexed by the sending endpoint of the flow key. */
struct wf_kept {
	enum weft_verdict was[2];
	/* number of segments that a verdict excluded from steering; bytes: their IP bytes */
	uint64_t packets[2];
	uint64_t bytes[2];
	uint64_t idle_ns; /* time since the last segment of the flow */
};

#endif
