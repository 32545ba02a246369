// SPDX-License-Identifier: BSD-2-Clause
/*
 * probe.c - implements weft/probe.h.
 */
#include <weft/probe.h>

#include <errno.h>
#include <net/if.h>

#include "capture/hook/tc_stale.h"
#include "capture/host/kernel_features.h"
#include "capture/host/probe.h"

void weft_probe_host(weft_probe_fn fn, void *ctx)
{
	wf_probe_host(fn, ctx);
}

int weft_probe_kernel(void)
{
	return wf_kernel_check();
}

int weft_probe_interface(const char *ifname, weft_probe_fn fn, void *ctx)
{
	unsigned ifindex = if_nametoindex(ifname);

	if (ifindex == 0)
		return -ENODEV;
	wf_probe_interface(ifname, ifindex, fn, ctx);
	return 0;
}

int weft_remove_stale(const char *ifname, uint32_t *ret_removed)
{
	unsigned ifindex = if_nametoindex(ifname);

	*ret_removed = 0;
	return ifindex ? wf_tc_stale_remove_unowned((int)ifindex, ret_removed) : -ENODEV;
}
