/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - what the kernel returns when a flow's verdict is set: the previous verdicts, and the
 * segments that they kept from user space.
 */
#ifndef WF_PACKET_VERDICT_H
#define WF_PACKET_VERDICT_H

#include <stdint.h>

#include "bpf/shared.h"

/*
 * The results of weft_set_verdict() (bpf/verdict.bpf.c), added up over all interfaces. Index: the
 * sender's endpoint in the key.
 */
struct wf_kept {
	enum weft_verdict was[2]; /* verdicts before the call */
	uint64_t packets[2];	  /* number of segments that the verdict kept from the worker */
	uint64_t bytes[2];	  /* IP bytes of these segments */
	uint64_t idle_ns;	  /* time since the last segment of the flow */
};

#endif
