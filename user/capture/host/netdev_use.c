// SPDX-License-Identifier: BSD-2-Clause
/*
 * netdev_use.c - reads addresses with getifaddrs(), routes from /proc, and devices stacked on the
 * device with rtnetlink.
 */
#include "capture/host/netdev_use.h"

#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 32768 };

/* ---- addresses and routes ---- */

static bool is_used_address(const struct sockaddr *addr)
{
	if (!addr)
		return false;
	if (addr->sa_family == AF_INET)
		return true;
	return addr->sa_family == AF_INET6 &&
	       !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)addr)->sin6_addr);
}

static bool has_address(const char *ifname)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all))
		return false;
	for (const struct ifaddrs *addr = all; addr && !found; addr = addr->ifa_next)
		found = !strcmp(addr->ifa_name, ifname) && is_used_address(addr->ifa_addr);
	freeifaddrs(all);
	return found;
}

/* In /proc/net/route the first word of each line is the device. */
static bool has_ipv4_route(const char *ifname)
{
	FILE *file = fopen("/proc/thread-self/net/route", "re");
	char line[512], name[IF_NAMESIZE + 1];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%16s", name) == 1 && !strcmp(name, ifname);
	if (file)
		fclose(file);
	return found;
}

/*
 * Skip link-local (fe80) and multicast (ff) routes, which the kernel adds to each device that is up
 * and has IPv6.
 */
static bool has_ipv6_route(const char *ifname)
{
	FILE *file = fopen("/proc/thread-self/net/ipv6_route", "re");
	char line[512], to[33], name[IF_NAMESIZE + 1];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%32s %*s %*s %*s %*s %*s %*s %*s %*s %16s", to, name) == 2 &&
			!strcmp(name, ifname) && strncmp(to, "fe80", 4) != 0 &&
			strncmp(to, "ff", 2) != 0;
	if (file)
		fclose(file);
	return found;
}

/* ---- stacked devices ---- */

/* Relations of one network device to others. */
struct link {
	int ifindex;
	int master; /* bridge, bond or similar device that has this one as a port; 0: none */
	int below;  /* device below a VLAN, macvlan or the like; 0: none in this namespace */
	bool is_veth;
};

static void read_kind(const struct rtattr *info, struct link *link)
{
	const struct rtattr *attr = RTA_DATA(info);
	int left = (int)RTA_PAYLOAD(info);

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		if (attr->rta_type == IFLA_INFO_KIND)
			link->is_veth = !strncmp(RTA_DATA(attr), "veth", RTA_PAYLOAD(attr));
}

static struct link read_link(const struct nlmsghdr *header)
{
	const struct ifinfomsg *info = NLMSG_DATA(header);
	const struct rtattr *attr = IFLA_RTA(info);
	int left = (int)IFLA_PAYLOAD(header);
	struct link link = {.ifindex = info->ifi_index};
	bool is_elsewhere = false;

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == IFLA_MASTER)
			memcpy(&link.master, RTA_DATA(attr), sizeof(link.master));
		else if (attr->rta_type == IFLA_LINK)
			memcpy(&link.below, RTA_DATA(attr), sizeof(link.below));
		else if (attr->rta_type == IFLA_LINK_NETNSID)
			is_elsewhere = true;
		else if (attr->rta_type == IFLA_LINKINFO)
			read_kind(attr, &link);
	}
	/* IFLA_LINK of a veth names its peer, not a lower device. */
	if (is_elsewhere || link.is_veth || link.below == link.ifindex)
		link.below = 0;
	return link;
}

/*
 * Search one part of the dump. Return: 1 if a stacked device was found; 0 if none was found yet; -1
 * if none was found and the dump is complete.
 */
static int look_through(const char *answer, size_t bytes, int ifindex)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
	unsigned int left = (unsigned int)bytes;

	for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
		struct link link;

		if (header->nlmsg_type != RTM_NEWLINK)
			return -1; /* the dump is complete or has failed */
		link = read_link(header);
		if (link.below == ifindex || (link.ifindex == ifindex && link.master))
			return 1;
	}
	return 0;
}

static bool is_stacked(int ifindex)
{
	const struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETLINK,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	};
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int found = 0;

	if (fd < 0)
		return false;
	if (send(fd, &request, sizeof(request), 0) < 0)
		found = -1;
	while (!found) {
		ssize_t bytes = recv(fd, answer, sizeof(answer), 0);

		found = bytes > 0 ? look_through(answer, (size_t)bytes, ifindex) : -1;
	}
	close(fd);
	return found > 0;
}

/* ---- */

enum wf_netdev_use wf_netdev_use(const char *ifname)
{
	if (has_address(ifname))
		return WF_NETDEV_ADDRESS;
	if (has_ipv4_route(ifname) || has_ipv6_route(ifname))
		return WF_NETDEV_ROUTE;
	return is_stacked((int)if_nametoindex(ifname)) ? WF_NETDEV_STACKED : WF_NETDEV_UNUSED;
}

const char *wf_netdev_use_name(enum wf_netdev_use use)
{
	switch (use) {
	case WF_NETDEV_UNUSED:
		return "is not in use";
	case WF_NETDEV_ADDRESS:
		return "holds an address";
	case WF_NETDEV_ROUTE:
		return "carries a route";
	case WF_NETDEV_STACKED:
		return "is part of a bridge, bond, VLAN or similar device";
	}
	return "is in use";
}
