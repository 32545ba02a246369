// SPDX-License-Identifier: BSD-2-Clause
/*
 * tc_hook.c - attaches by tcx links, or by tc filters if the kernel has no tcx links or if
 * capture.tc_attach is "filter".
 */
#include "capture/hook/tc_hook.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/grace.h"
#include "base/log.h"
#include "capture/hook/link_lost.h"

/* The headers of Debian 12 do not define these constants. */
#define TCX_INGRESS 46
#define TCX_EGRESS  47
#define TCX_BEFORE  (1u << 3)

int wf_tcx_query(int ifindex)
{
	union bpf_attr attr = {0};

	/*
	 * Query the programs at the tcx ingress hook; the query fails if the kernel has no such
	 * hook.
	 */
	attr.query.target_fd = (uint32_t)ifindex; /* shares a union with target_ifindex */
	attr.query.attach_type = TCX_INGRESS;
	if (!syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) || errno == ENOSPC)
		return 0;
	return -errno;
}

void wf_tc_hook_init(struct wf_tc_hook *hook, int ifindex, enum weft_tc_attach wanted)
{
	*hook = (struct wf_tc_hook){.link_fds = {-1, -1}};
	hook->by_filter = wanted == WEFT_TC_ATTACH_FILTER ||
			  (wanted == WEFT_TC_ATTACH_AUTO && wf_tcx_query(ifindex));
}

/*
 * Attach before all programs of others, which stay attached. weft's program then also sees the
 * packets that they drop, and it passes every packet on to them.
 */
static int attach_link(int program_fd, int ifindex, int where, int *ret_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = TCX_BEFORE);
	int fd = bpf_link_create(program_fd, ifindex, (enum bpf_attach_type)where, &opts);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int attach_links(struct wf_tc_hook *hook, int program_fd, const char *ifname, int ifindex,
			bool both)
{
	int err = attach_link(program_fd, ifindex, TCX_INGRESS, &hook->link_fds[WF_TC_INGRESS]);

	if (!err && both)
		err = attach_link(program_fd, ifindex, TCX_EGRESS, &hook->link_fds[WF_TC_EGRESS]);
	if (!err)
		return 0;
	if (err == -EINVAL || err == -EOPNOTSUPP) {
		wf_error("capture: %s: tcx links need Linux 6.6 or newer; to use tc filters, set "
			 "capture.tc_attach to \"auto\" or \"filter\"",
			 ifname);
		err = -EOPNOTSUPP;
	} else {
		wf_error("capture: %s: can't attach to tc: %s", ifname, strerror(-err));
	}
	wf_tc_hook_detach(hook);
	return err;
}

static int attach_filters(struct wf_tc_hook *hook, int program_fd, const char *ifname, int ifindex,
			  bool both)
{
	int err = wf_tc_filters_attach(&hook->filters, program_fd, ifname, ifindex, both);

	if (!err)
		wf_info("capture: %s: attached by tc filters (%s)", ifname,
			wf_tcx_query(ifindex) ? "tcx links need Linux 6.6 or newer"
					      : "set by capture.tc_attach");
	return err;
}

int wf_tc_hook_attach(struct wf_tc_hook *hook, int program_fd, const char *ifname, int ifindex,
		      bool both)
{
	return hook->by_filter ? attach_filters(hook, program_fd, ifname, ifindex, both)
			       : attach_links(hook, program_fd, ifname, ifindex, both);
}

bool wf_tc_hook_is_lost(const struct wf_tc_hook *hook)
{
	if (hook->by_filter)
		return wf_tc_filters_are_lost(&hook->filters);
	return wf_link_is_lost(hook->link_fds[WF_TC_INGRESS]) ||
	       wf_link_is_lost(hook->link_fds[WF_TC_EGRESS]);
}

void wf_tc_hook_detach(struct wf_tc_hook *hook)
{
	for (int side = 0; side < WF_TC_SIDES; side++) {
		if (hook->link_fds[side] >= 0)
			close(hook->link_fds[side]);
		hook->link_fds[side] = -1;
	}
	wf_tc_filters_detach(&hook->filters);
	/* Afterwards no CPU runs the program. */
	wf_grace_wait();
}
