/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netlink.h - the rtnetlink requests that host mode needs for its veth pair.
 *
 * Thread: main, in the network namespace that the request is for.
 */
#ifndef WF_CAPTURE_LIVE_NETLINK_H
#define WF_CAPTURE_LIVE_NETLINK_H

#include <stdint.h>

struct wf_veth {
	const char *name;      /* name of the end in this namespace */
	const char *peer_name; /* name of the end in the other namespace */
	int peer_ns_fd;
	uint32_t mtu;
	uint32_t queues; /* receive queues, and transmit queues, at each end */
};

/* Make a veth pair. Return: 0 or negative errno. */
int wf_netlink_add_veth(const struct wf_veth *veth);

/* Remove the device @ifindex. The removal of a veth also removes its peer. */
int wf_netlink_del_link(int ifindex);

/* Bring @ifindex up, without an automatic IPv6 address. */
int wf_netlink_set_up(int ifindex);

/* Attach a queue for up to @packets to @ifindex, so that bursts are not dropped. */
int wf_netlink_set_fifo(int ifindex, uint32_t packets);

#endif
