/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - the kernel's record of a flow that has verdicts; enum weft_verdict is the API's.
 */
#ifndef WF_PACKET_VERDICT_H
#define WF_PACKET_VERDICT_H

#include <stdint.h>

#include "bpf/shared.h"

/* The kernel's record of a flow; arrays by endpoint of its key. */
struct wf_kept {
	enum weft_verdict was[2];
	uint64_t packets[2]; /* that verdicts kept from user space, and their IP lengths */
	uint64_t bytes[2];
	uint64_t idle_ns; /* since its last segment */
};

#endif
