/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - what the kernel does with the segments that one endpoint of a flow sends, and what it
 * counted of them.
 */
#ifndef WF_PACKET_VERDICT_H
#define WF_PACKET_VERDICT_H

#include <stdint.h>

enum wf_verdict {
	WF_VERDICT_STEER = 0,
	WF_VERDICT_SHUNT, /* counted in the flow map; only SYN, FIN and RST still come */
	WF_VERDICT_PASS,  /* nothing comes; lasts longer than the connection */
	WF_VERDICT_SHED,  /* nothing comes: it began while flows were shed */
	WF_VERDICT_KEEP,  /* to set: leave the verdict as it is */
};
#define WF_VERDICT_COUNT (WF_VERDICT_KEEP + 1)

/* The kernel's record of a flow; arrays by endpoint of its key. */
struct wf_kept {
	enum wf_verdict was[2];
	uint64_t packets[2]; /* that verdicts kept from user space, and their IP lengths */
	uint64_t bytes[2];
	uint64_t idle_ns; /* since its last segment */
};

#endif
