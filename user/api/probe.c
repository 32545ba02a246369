// SPDX-License-Identifier: BSD-2-Clause
/*
 * probe.c - weft/probe.h.
 */
#include <weft/probe.h>

#include <errno.h>
#include <net/if.h>

#include "capture/host/probe.h"

void weft_probe_host(weft_probe_fn fn, void *ctx)
{
	wf_probe_host(fn, ctx);
}

int weft_probe_interface(const char *ifname, weft_probe_fn fn, void *ctx)
{
	unsigned ifindex = if_nametoindex(ifname);

	if (ifindex == 0)
		return -ENODEV;
	wf_probe_interface(ifname, ifindex, fn, ctx);
	return 0;
}
