/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdev_use.h - does this host communicate over a device? Then a tap would cut it off.
 *
 * Thread: any; of the calling thread's network namespace.
 */
#ifndef WF_CAPTURE_HOST_NETDEV_USE_H
#define WF_CAPTURE_HOST_NETDEV_USE_H

enum wf_netdev_use {
	WF_NETDEV_UNUSED = 0, /* as far as can be seen: a port for a mirror or a TAP */
	WF_NETDEV_ADDRESS,    /* holds an address other than link-local ones */
	WF_NETDEV_ROUTE,      /* an address-less way out */
	WF_NETDEV_STACKED,    /* under a bridge, bond, VLAN or the like, which may hold either */
};

enum wf_netdev_use wf_netdev_use(const char *ifname);

/* "holds an address", ... */
const char *wf_netdev_use_name(enum wf_netdev_use use);

#endif
