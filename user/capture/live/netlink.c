// SPDX-License-Identifier: BSD-2-Clause
/*
 * netlink.c - builds a request in a buffer on the stack, sends the request, reads the answer.
 */
#include "capture/live/netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_BYTES = 1024 };

/* All attributes used here fit; put() ignores an attribute that does not fit. */
struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct tcmsg tc;
	};
	char attributes[REQUEST_BYTES];
};

static void begin(struct request *request, uint16_t type, uint16_t flags, size_t body_bytes)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(body_bytes);
}

static void *end_of(struct request *request)
{
	return (char *)request + NLMSG_ALIGN(request->header.nlmsg_len);
}

static struct rtattr *put(struct request *request, uint16_t type, const void *data, size_t bytes)
{
	struct rtattr *attribute = end_of(request);

	if ((char *)attribute + RTA_SPACE(bytes) > (char *)request + sizeof(*request))
		return attribute;
	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(bytes);
	if (bytes)
		memcpy(RTA_DATA(attribute), data, bytes);
	request->header.nlmsg_len =
		NLMSG_ALIGN(request->header.nlmsg_len) + (uint32_t)RTA_SPACE(bytes);
	return attribute;
}

static void put_string(struct request *request, uint16_t type, const char *string)
{
	put(request, type, string, strlen(string) + 1);
}

static void put_u32(struct request *request, uint16_t type, uint32_t value)
{
	put(request, type, &value, sizeof(value));
}

/* End a nest that began with put(). */
static void end_nest(struct request *request, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)((char *)end_of(request) - (char *)nest);
}

static int read_answer(int fd)
{
	char buffer[8192];
	const struct nlmsghdr *header = (const struct nlmsghdr *)buffer;
	ssize_t bytes = recv(fd, buffer, sizeof(buffer), 0);

	if (bytes < 0)
		return -errno;
	if ((size_t)bytes < NLMSG_LENGTH(sizeof(struct nlmsgerr)) ||
	    header->nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
}

static int talk(const struct request *request)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	if (sendto(fd, request, request->header.nlmsg_len, 0, (struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		err = -errno;
	else
		err = read_answer(fd);
	close(fd);
	return err;
}

static void put_peer(struct request *request, const struct wf_veth *veth)
{
	const struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct rtattr *peer = put(request, VETH_INFO_PEER, &info, sizeof(info));

	put_string(request, IFLA_IFNAME, veth->peer_name);
	put_u32(request, IFLA_NET_NS_FD, (uint32_t)veth->peer_ns_fd);
	put_u32(request, IFLA_MTU, veth->mtu);
	put_u32(request, IFLA_NUM_TX_QUEUES, veth->queues);
	put_u32(request, IFLA_NUM_RX_QUEUES, veth->queues);
	end_nest(request, peer);
}

int wf_netlink_add_veth(const struct wf_veth *veth)
{
	struct request request;
	struct rtattr *info;
	struct rtattr *data;

	begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(request.link));
	put_string(&request, IFLA_IFNAME, veth->name);
	put_u32(&request, IFLA_MTU, veth->mtu);
	put_u32(&request, IFLA_NUM_TX_QUEUES, veth->queues);
	put_u32(&request, IFLA_NUM_RX_QUEUES, veth->queues);
	info = put(&request, IFLA_LINKINFO, NULL, 0);
	put_string(&request, IFLA_INFO_KIND, "veth");
	data = put(&request, IFLA_INFO_DATA, NULL, 0);
	put_peer(&request, veth);
	end_nest(&request, data);
	end_nest(&request, info);
	return talk(&request);
}

int wf_netlink_del_link(int ifindex)
{
	struct request request;

	begin(&request, RTM_DELLINK, 0, sizeof(request.link));
	request.link.ifi_index = ifindex;
	return talk(&request);
}

/*
 * Disable automatic IPv6 addresses, so that neighbour discovery does not send packets to the
 * device. This is a separate request, because IPv6 does not know a device until the device exists.
 */
static int set_no_ipv6_address(int ifindex)
{
	const uint8_t none = IN6_ADDR_GEN_MODE_NONE;
	struct request request;
	struct rtattr *inet6;
	struct rtattr *spec;
	int err;

	begin(&request, RTM_NEWLINK, 0, sizeof(request.link));
	request.link.ifi_index = ifindex;
	spec = put(&request, IFLA_AF_SPEC, NULL, 0);
	inet6 = put(&request, AF_INET6, NULL, 0);
	put(&request, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof(none));
	end_nest(&request, inet6);
	end_nest(&request, spec);
	err = talk(&request);
	return err == -EAFNOSUPPORT ? 0 : err; /* the kernel has no IPv6 */
}

int wf_netlink_set_up(int ifindex)
{
	struct request request;
	int err = set_no_ipv6_address(ifindex);

	if (err)
		return err;
	begin(&request, RTM_NEWLINK, 0, sizeof(request.link));
	request.link.ifi_index = ifindex;
	request.link.ifi_flags = IFF_UP;
	request.link.ifi_change = IFF_UP;
	return talk(&request);
}

int wf_netlink_set_fifo(int ifindex, uint32_t packets)
{
	const struct tc_fifo_qopt limit = {.limit = packets};
	struct request request;

	begin(&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, sizeof(request.tc));
	request.tc.tcm_ifindex = ifindex;
	request.tc.tcm_parent = TC_H_ROOT;
	put_string(&request, TCA_KIND, "pfifo");
	put(&request, TCA_OPTIONS, &limit, sizeof(limit));
	return talk(&request);
}
