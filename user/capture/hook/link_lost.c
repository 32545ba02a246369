// SPDX-License-Identifier: BSD-2-Clause
/*
 * link_lost.c - detects a lost link by its interface index: a link that was detached stays open,
 * and the kernel reports index 0 for it. struct bpf_link_info has the index of an XDP link and of a
 * tcx link at the same place.
 */
#include "capture/hook/link_lost.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

bool wf_link_is_lost(int link_fd)
{
	struct bpf_link_info info = {0};
	__u32 info_bytes = sizeof(info);

	if (link_fd < 0 || bpf_obj_get_info_by_fd(link_fd, &info, &info_bytes))
		return false;
	return !info.xdp.ifindex;
}
