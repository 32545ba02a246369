/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_hook.h - attaches one program to the tc hooks of an interface.
 *
 *   tcx links    Linux 6.6 and later: run before all filters; detached when their process ends
 *   tc filters   earlier kernels, or if capture.tc_attach is "filter": see tc_filter.h
 *
 * Thread: main attaches, in the interface's network namespace; the stop thread (engine/engine.c) or
 * main detaches.
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

/* Choose tcx links or tc filters for @ifindex, without attaching anything. */
void wf_tc_hook_init(struct wf_tc_hook *hook, int ifindex, enum weft_tc_attach wanted);

/*
 * Attach at ingress, and with @both at egress. Return: 0; -EOPNOTSUPP if links are wanted and the
 * kernel has no tcx links; -EBUSY as wf_tc_filters_attach(); other negative errno. After an error
 * nothing is attached, and the error is logged.
 */
int wf_tc_hook_attach(struct wf_tc_hook *hook, int program_fd, const char *ifname, int ifindex,
		      bool both);

/*
 * Return true if another process detached a program, or if the interface of tcx links was deleted.
 * Thread: any, before wf_tc_hook_detach() is called.
 */
bool wf_tc_hook_is_lost(const struct wf_tc_hook *hook);

/*
 * Detach the program. After return, the program does not run any more. Idempotent.
 */
void wf_tc_hook_detach(struct wf_tc_hook *hook);

#endif
