/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_hook.h - attaches one program to both tc hooks of an interface.
 *
 *   tcx links    Linux 6.6 and later: they run before all others and end with their owner
 *   tc filters   earlier kernels: see tc_filter.h
 *
 * Thread: main, in the interface's network namespace.
 */
#ifndef WF_CAPTURE_HOOK_TC_HOOK_H
#define WF_CAPTURE_HOOK_TC_HOOK_H

#include <stdbool.h>

#include <weft/source.h>

#include "capture/hook/tc_filter.h"

struct wf_tc_hook {
	bool by_filter;		   /* true: by tc filters; false: by tcx links */
	int link_fds[WF_TC_SIDES]; /* owned; -1: not attached */
	struct wf_tc_filters filters;
};

/*
 * Query whether this kernel has tcx links. Return: 0 if it has; -EINVAL if it has none; other
 * negative errno if the query failed.
 */
int wf_tcx_query(int ifindex);

/* Choose links or filters for @ifindex, without attaching anything. */
void wf_tc_hook_init(struct wf_tc_hook *hook, int ifindex, enum weft_tc_attach wanted);

/*
 * Attach at ingress, and with @both at egress. Return: 0; -EOPNOTSUPP, -EBUSY or other negative
 * errno. After an error nothing is attached, and the error is logged.
 */
int wf_tc_hook_attach(struct wf_tc_hook *hook, int program_fd, const char *ifname, int ifindex,
		      bool both);

/* Return true if another process detached a program. Thread: any, until it is detached. */
bool wf_tc_hook_is_lost(const struct wf_tc_hook *hook);

/* Detach the program. After return, it does not run any more. Idempotent. */
void wf_tc_hook_detach(struct wf_tc_hook *hook);

#endif
