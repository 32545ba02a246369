/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdev.h - properties of a network device (queues, MTU, link layer, state), ethtool commands, and
 * promiscuous mode. Thread: any, in the interface's network namespace.
 */
#ifndef WF_CAPTURE_HOST_NETDEV_H
#define WF_CAPTURE_HOST_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/interface.h>
#include <weft/link.h>

/*
 * Run an ethtool command. @command: a struct that begins with the command's number (ETHTOOL_*); the
 * answer is written into it. Return: 0 on success; negative errno.
 */
int wf_netdev_ethtool(const char *ifname, void *command);

/*
 * Return the number of receive queues in use (ethtool channels); 1 if the driver does not report
 * it.
 */
uint32_t wf_netdev_rx_queues(const char *ifname);

/* Return the MTU; 1500 if it can't be read. */
uint32_t wf_netdev_mtu(const char *ifname);

bool wf_netdev_is_loopback(const char *ifname);

/*
 * Return the state of the device, WEFT_INTERFACE_UP if it can't be read. @ret_name: IF_NAMESIZE
 * bytes, set to its present name unless the device no longer exists.
 */
enum weft_interface_state wf_netdev_state(int ifindex, char *ret_name);

/*
 * Make the device receive frames for all addresses until the returned descriptor is closed.
 * Return: a file descriptor, owned by the caller; or negative errno.
 */
int wf_netdev_promiscuous(int ifindex);

/*
 * Find the header that packets of the device begin with: Ethernet, or IP on devices without a
 * link-layer header (tun, WireGuard, PPP, IP tunnels). Return: 0; -EOPNOTSUPP if it is another
 * header; other negative errno.
 */
int wf_netdev_link(const char *ifname, enum weft_link *ret_link);

#endif
