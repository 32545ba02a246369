// SPDX-License-Identifier: BSD-2-Clause
/*
 * probe_interface.c - reads facts about one interface with ethtool's ioctl and netlink. If the
 * driver does not report a fact, probe_judge.c reports no finding about it, or "unknown".
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "capture/host/netdev.h"
#include "capture/host/probe.h"
#include "capture/host/probe_internal.h"
#include "capture/host/xdp_features.h"

struct interface {
	const char *name; /* borrowed: name of the interface */
	int fd;
};

static int request(const struct interface *interface, unsigned long what, struct ifreq *ret_ifr)
{
	snprintf(ret_ifr->ifr_name, sizeof(ret_ifr->ifr_name), "%s", interface->name);
	return ioctl(interface->fd, what, ret_ifr) ? -errno : 0;
}

static int ethtool(const struct interface *interface, void *command)
{
	struct ifreq ifr = {.ifr_data = command};

	return request(interface, SIOCETHTOOL, &ifr);
}

static bool is_up(const struct interface *interface)
{
	struct ifreq flags = {0};

	return !request(interface, SIOCGIFFLAGS, &flags) && flags.ifr_flags & IFF_UP;
}

static void ask_queues(const struct interface *interface, struct wf_probe_nic_facts *facts)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	if (ethtool(interface, &channels))
		return;
	facts->queues = channels.rx_count + channels.combined_count;
	facts->queues_combined = channels.max_combined > 0;
	facts->queues_max = facts->queues_combined ? channels.max_combined : channels.max_rx;
}

static void ask_ring(const struct interface *interface, struct wf_probe_nic_facts *facts)
{
	struct ethtool_ringparam rings = {.cmd = ETHTOOL_GRINGPARAM};

	if (ethtool(interface, &rings))
		return;
	facts->ring = rings.rx_pending;
	facts->ring_max = rings.rx_max_pending;
}

void wf_probe_interface(const char *ifname, unsigned ifindex, weft_probe_fn fn, void *ctx)
{
	const struct interface interface = {
		.name = ifname,
		.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
	};
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	struct wf_probe probe = {.fn = fn, .ctx = ctx};
	struct wf_probe_nic_facts facts = {.name = ifname, .driver = driver.driver};

	if (ethtool(&interface, &driver))
		snprintf(driver.driver, sizeof(driver.driver), "unknown");
	facts.is_up = is_up(&interface);
	facts.mtu = wf_netdev_mtu(ifname);
	facts.has_long_sockets = wf_kernel_has(WF_KERNEL_MULTI_BUFFER);
	facts.xdp_is_known = !wf_xdp_features_read(ifindex, &facts.xdp_features);
	facts.other_is_known = !wf_xdp_other_find((int)ifindex, &facts.other);
	facts.filters_are_known = !wf_tc_own_find((int)ifindex, &facts.filters);
	facts.cpus = (uint32_t)get_nprocs();
	ask_queues(&interface, &facts);
	ask_ring(&interface, &facts);
	facts.lro = wf_netdev_feature(ifname, "rx-lro");
	facts.gro_hw = wf_netdev_feature(ifname, "rx-gro-hw");
	/*
	 * A veth never removes VLAN tags: its peer passes a tag either in the frame or as metadata.
	 */
	if (strcmp(driver.driver, "veth") != 0)
		facts.vlan = wf_netdev_feature(ifname, "rx-vlan-hw-parse");
	facts.hash_is_known = !wf_nic_hash_read(ifname, &facts.hash);
	if (interface.fd >= 0)
		close(interface.fd);
	wf_probe_judge_nic(&probe, &facts);
}
