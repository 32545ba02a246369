/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_hook.h - one program on both tc hooks of an interface, whatever it does with packets.
 *
 *   tcx links    Linux 6.6 and later: before all others, and gone with their owner
 *   tc filters   before that: see tc_filter.h
 *
 * Thread: main; of the calling thread's network namespace.
 */
#ifndef WF_CAPTURE_HOOK_TC_HOOK_H
#define WF_CAPTURE_HOOK_TC_HOOK_H

#include <stdbool.h>

#include <weft/source.h>

#include "capture/hook/tc_filter.h"

struct wf_tc_hook {
	bool by_filter;		   /* else by links */
	int link_fds[WF_TC_SIDES]; /* owned */
	struct wf_tc_filters filters;
};

/* Does this kernel have tcx links? Return: 0; -EINVAL: no; other errno: it can't be told. */
int wf_tcx_query(int ifindex);

/* Choose the way for @ifindex; nothing is attached yet. */
void wf_tc_hook_init(struct wf_tc_hook *hook, int ifindex, enum weft_tc_attach wanted);

/* @both: egress, too. Return: 0; -EOPNOTSUPP, -EBUSY, other errno; nothing is attached then.
 * Logged. */
int wf_tc_hook_attach(struct wf_tc_hook *hook, int program_fd, const char *ifname, int ifindex,
		      bool both);

/* When it returns no program runs on. Idempotent. */
void wf_tc_hook_detach(struct wf_tc_hook *hook);

#endif
