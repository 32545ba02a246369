/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdev.h - what a network device is like: queues, MTU, MAC address, which frames it receives.
 * Thread: any.
 */
#ifndef WF_CAPTURE_HOST_NETDEV_H
#define WF_CAPTURE_HOST_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One of ethtool's questions; @command begins with its number (ETHTOOL_*).
 * Return: 0 or negative errno.
 */
int wf_netdev_ethtool(const char *ifname, void *command);

/* Receive queues in use (ethtool channels); 1 if the driver does not tell. */
uint32_t wf_netdev_rx_queues(const char *ifname);

/* 1500 if it can't be told. */
uint32_t wf_netdev_mtu(const char *ifname);

bool wf_netdev_is_loopback(const char *ifname);

/*
 * Has the device receive frames for all addresses, for as long as the result is open.
 * Return: a file descriptor, the caller's; or negative errno.
 */
int wf_netdev_promiscuous(int ifindex);

/* Return: false: it has none. */
bool wf_netdev_mac(const char *ifname, uint8_t ret_mac[6]);

#endif
