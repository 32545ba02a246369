// SPDX-License-Identifier: BSD-2-Clause
/* netdev.c - reads properties of a network device with ioctl(2). */
#include "capture/host/netdev.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The C library does not define this constant of the kernel's headers. */
#ifndef ARPHRD_IP6GRE
#define ARPHRD_IP6GRE 823
#endif

/*
 * Run an ioctl request on the device. Return: 0 on success; negative errno, for example -ENODEV, or
 * -EOPNOTSUPP if the driver does not support the request.
 */
static int ask(const char *ifname, unsigned long request, struct ifreq *ifreq)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	snprintf(ifreq->ifr_name, sizeof(ifreq->ifr_name), "%s", ifname);
	err = ioctl(fd, request, ifreq) ? -errno : 0;
	close(fd);
	return err;
}

int wf_netdev_ethtool(const char *ifname, void *command)
{
	struct ifreq ifreq = {.ifr_data = command};

	return ask(ifname, SIOCETHTOOL, &ifreq);
}

uint32_t wf_netdev_rx_queues(const char *ifname)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	uint32_t queues;

	if (wf_netdev_ethtool(ifname, &channels))
		return 1;
	queues = channels.rx_count + channels.combined_count;
	return queues ? queues : 1;
}

uint32_t wf_netdev_mtu(const char *ifname)
{
	struct ifreq ifreq = {0};

	return ask(ifname, SIOCGIFMTU, &ifreq) ? 1500 : (uint32_t)ifreq.ifr_mtu;
}

bool wf_netdev_is_loopback(const char *ifname)
{
	struct ifreq ifreq = {0};

	return !ask(ifname, SIOCGIFFLAGS, &ifreq) && ifreq.ifr_flags & IFF_LOOPBACK;
}

enum weft_interface_state wf_netdev_state(int ifindex, char *ret_name)
{
	struct ifreq ifreq = {0};

	if (!if_indextoname((unsigned int)ifindex, ret_name))
		return errno == ENXIO ? WEFT_INTERFACE_GONE : WEFT_INTERFACE_UP;
	/*
	 * The device may have been renamed between the two calls. It is then reported as up, and
	 * the next call of this function reads its state under the new name.
	 */
	if (ask(ret_name, SIOCGIFFLAGS, &ifreq))
		return WEFT_INTERFACE_UP;
	if (!(ifreq.ifr_flags & IFF_UP))
		return WEFT_INTERFACE_DOWN;
	return ifreq.ifr_flags & IFF_RUNNING ? WEFT_INTERFACE_UP : WEFT_INTERFACE_NO_CARRIER;
}

int wf_netdev_promiscuous(int ifindex)
{
	const struct packet_mreq all = {.mr_ifindex = ifindex, .mr_type = PACKET_MR_PROMISC};
	/* With protocol 0 the socket itself receives no packets. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int wf_netdev_link(const char *ifname, enum weft_link *ret_link)
{
	struct ifreq ifreq = {0};
	int err = ask(ifname, SIOCGIFHWADDR, &ifreq);

	if (err)
		return err;
	switch (ifreq.ifr_hwaddr.sa_family) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		*ret_link = WEFT_LINK_ETHERNET;
		return 0;
	case ARPHRD_NONE:
	case ARPHRD_PPP: /* the kernel removes the PPP header before tc */
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
		*ret_link = WEFT_LINK_RAW;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
