/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_filter.h - a BPF program as a tc filter, for kernels without tcx links (before Linux 6.6) and
 * for users who prefer filters (capture.tc_attach).
 *
 *   qdisc clsact ─┬─ ingress: priority 1, handle 0x776566xx ──► others
 *                 └─ egress:  priority 1, handle 0x776566xx ──► others
 *
 * Unlike a link, a filter stays when its owner is killed. The program then ignores all packets
 * (bpf/heartbeat.h), and the next start of weft removes the filter (tc_stale.h). The handle
 * identifies a filter of weft.
 *
 * Thread: any, in the interface's network namespace: main attaches, the stop thread or main
 * detaches (engine/engine.c).
 */
#ifndef WF_CAPTURE_HOOK_TC_FILTER_H
#define WF_CAPTURE_HOOK_TC_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/hook/tc_dump.h"

/* The last byte of the handle records whether weft made the qdisc. */
#define WF_TC_HANDLE	   0x77656600u /* "wef" */
#define WF_TC_HANDLE_QDISC 0x77656601u
#define WF_TC_HANDLE_MASK  0xffffff00u

struct wf_tc_filters {
	int ifindex;
	bool made_qdisc;
	uint16_t priorities[WF_TC_SIDES]; /* 0: not attached */
};

/*
 * Attach @program_fd at ingress, and with @both at egress, before all filters of others if tc
 * allows it. BPF filters for all protocols may share a priority, where the newest runs first.
 * weft's filter gets the lowest priority, from 1, that is free or used only by such filters. The
 * program returns TC_ACT_UNSPEC, so that the other filters run too. The qdisc clsact is made if it
 * is missing. Return: 0; -EBUSY: @both is true, and the older qdisc "ingress" is attached, which
 * has no egress hook; other negative errno. After an error nothing is attached, and the error is
 * logged.
 */
int wf_tc_filters_attach(struct wf_tc_filters *filters, int program_fd, const char *ifname,
			 int ifindex, bool both);

/* Remove the filters, and the qdisc if weft made it and no other filter uses it. Idempotent. */
void wf_tc_filters_detach(struct wf_tc_filters *filters);

/*
 * Return true if another process removed a filter or the qdisc. Thread: any, until the filters are
 * detached.
 */
bool wf_tc_filters_are_lost(const struct wf_tc_filters *filters);

/* Remove one filter. Return: 0 or negative errno. */
int wf_tc_filter_remove(int ifindex, enum wf_tc_side side, uint16_t priority, uint32_t handle);

/* Remove the qdisc clsact if no filter is attached to it. */
void wf_tc_qdisc_remove_unused(int ifindex);

#endif
