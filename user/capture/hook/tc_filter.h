/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_filter.h - a BPF program as a tc filter, for kernels without tcx links (before Linux 6.6).
 *
 *   qdisc clsact ─┬─ ingress: priority 1, handle 0x776566xx ──► others
 *                 └─ egress:  priority 1, handle 0x776566xx ──► others
 *
 * Unlike a link, a filter stays when its owner is killed: the program must do nothing then
 * (bpf/heartbeat.h), and the next weft removes the filter (tc_stale.h). The handle recognises it.
 *
 * Thread: main; of the calling thread's network namespace.
 */
#ifndef WF_CAPTURE_HOOK_TC_FILTER_H
#define WF_CAPTURE_HOOK_TC_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/hook/tc_dump.h"

/* The last byte tells whether weft made the qdisc, too. */
#define WF_TC_HANDLE	   0x77656600u /* "wef" */
#define WF_TC_HANDLE_QDISC 0x77656601u
#define WF_TC_HANDLE_MASK  0xffffff00u

struct wf_tc_filters {
	int ifindex;
	bool made_qdisc;
	uint16_t priorities[WF_TC_SIDES]; /* 0: not attached */
};

/*
 * Attach @program_fd before all filters of others, as far as tc allows: their filters of the same
 * kind may share priority 1, where the newest is first; after those of another kind there, ours
 * gets the lowest priority that is free. The program leaves packets to the others with
 * TC_ACT_UNSPEC. Makes the qdisc clsact if there is none. @both: egress, too. Return: 0; -EBUSY:
 * the older qdisc "ingress" has the place; other negative errno; nothing is attached then. Logged.
 */
int wf_tc_filters_attach(struct wf_tc_filters *filters, int program_fd, const char *ifname,
			 int ifindex, bool both);

/* Remove the filters, and the qdisc if weft made it and nobody else uses it. Idempotent. */
void wf_tc_filters_detach(struct wf_tc_filters *filters);

/* Return: 0 or negative errno. */
int wf_tc_filter_remove(int ifindex, enum wf_tc_side side, uint16_t priority, uint32_t handle);

/* Remove the qdisc clsact if no filter is attached to it. */
void wf_tc_qdisc_remove_unused(int ifindex);

#endif
