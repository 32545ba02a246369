/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdev_use.h - checks whether this host communicates over a device. Tap mode would interrupt that
 * communication.
 *
 * Thread: any, in the interface's network namespace.
 */
#ifndef WF_CAPTURE_HOST_NETDEV_USE_H
#define WF_CAPTURE_HOST_NETDEV_USE_H

enum wf_netdev_use {
	WF_NETDEV_UNUSED = 0, /* no use was found: probably a mirror port or a TAP */
	/* the device has an IPv4 address, or an IPv6 address that is not link-local */
	WF_NETDEV_ADDRESS,
	WF_NETDEV_ROUTE, /* the device has a route, but no such address */
	/* the device is part of a bridge, bond, VLAN or similar device, which may have an address
	 */
	WF_NETDEV_STACKED,
};

enum wf_netdev_use wf_netdev_use(const char *ifname);

/* Return a predicate for messages, such as "holds an address". */
const char *wf_netdev_use_name(enum wf_netdev_use use);

#endif
