// SPDX-License-Identifier: BSD-2-Clause
#include "capture/netdev.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Return: false: the device or driver does not answer. */
static bool ask(const char *ifname, unsigned long request, struct ifreq *ifreq)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool answered;

	if (fd < 0)
		return false;
	snprintf(ifreq->ifr_name, sizeof(ifreq->ifr_name), "%s", ifname);
	answered = !ioctl(fd, request, ifreq);
	close(fd);
	return answered;
}

uint32_t wf_netdev_rx_queues(const char *ifname)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq ifreq = {.ifr_data = (char *)&channels};
	uint32_t queues;

	if (!ask(ifname, SIOCETHTOOL, &ifreq))
		return 1;
	queues = channels.rx_count + channels.combined_count;
	return queues ? queues : 1;
}

uint32_t wf_netdev_mtu(const char *ifname)
{
	struct ifreq ifreq = {0};

	return ask(ifname, SIOCGIFMTU, &ifreq) ? (uint32_t)ifreq.ifr_mtu : 1500;
}

bool wf_netdev_is_loopback(const char *ifname)
{
	struct ifreq ifreq = {0};

	return ask(ifname, SIOCGIFFLAGS, &ifreq) && ifreq.ifr_flags & IFF_LOOPBACK;
}

bool wf_netdev_mac(const char *ifname, uint8_t ret_mac[6])
{
	struct ifreq ifreq = {0};

	if (!ask(ifname, SIOCGIFHWADDR, &ifreq))
		return false;
	memcpy(ret_mac, ifreq.ifr_hwaddr.sa_data, 6);
	return true;
}
