/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netlink.h - the few rtnetlink requests that host mode needs for its own veth pair.
 *
 * Thread: main, in the network namespace that the request is for.
 */
#ifndef WF_CAPTURE_LIVE_NETLINK_H
#define WF_CAPTURE_LIVE_NETLINK_H

#include <stdint.h>

struct wf_veth {
	const char *name;      /* here */
	const char *peer_name; /* in the other namespace */
	int peer_ns_fd;
	uint32_t mtu;
	uint32_t queues; /* of each kind, at both ends */
};

/* Make a veth pair, without IPv6 addresses of its own. Return: 0 or negative errno. */
int wf_netlink_add_veth(const struct wf_veth *veth);

/* Remove the device @ifindex (a veth takes its peer along). */
int wf_netlink_del_link(int ifindex);

/* Bring @ifindex up, without an IPv6 address of its own. */
int wf_netlink_set_up(int ifindex);

/* Queue up to @packets in front of @ifindex, so that a burst is not dropped at once. */
int wf_netlink_set_fifo(int ifindex, uint32_t packets);

#endif
