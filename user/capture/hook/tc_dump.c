// SPDX-License-Identifier: BSD-2-Clause
/*
 * tc_dump.c - reads qdiscs and filters over rtnetlink.
 *
 * A dump of the egress hook returns the ingress filters if the qdisc is "ingress". Therefore the
 * kind of the qdisc is read first.
 */
#include "capture/hook/tc_dump.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 32768 };

struct dump {
	/* Process one message of the answer. */
	void (*take)(const struct dump *dump, const struct tcmsg *tc, const struct rtattr *attr,
		     int attr_bytes);
	int ifindex;
	enum wf_tc_qdisc *ret_qdisc;
	wf_tc_filter_fn fn;
	void *ctx;
};

static uint32_t get_u32(const struct rtattr *attr)
{
	uint32_t value = 0;

	if (RTA_PAYLOAD(attr) >= sizeof(value))
		memcpy(&value, RTA_DATA(attr), sizeof(value));
	return value;
}

static bool is_string(const struct rtattr *attr, const char *string)
{
	size_t bytes = strlen(string) + 1;

	return RTA_PAYLOAD(attr) == bytes && !memcmp(RTA_DATA(attr), string, bytes);
}

/*
 * Process a part of the answer. Return: 0 if more messages follow; 1 if the dump is complete;
 * negative errno.
 */
static int look_through(const struct dump *dump, const char *answer, size_t bytes)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
	unsigned int left = (unsigned int)bytes;

	for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
		const struct tcmsg *tc = NLMSG_DATA(header);

		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (header->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
		dump->take(dump, tc, TCA_RTA(tc), (int)TCA_PAYLOAD(header));
	}
	return 0;
}

static int run(const struct dump *dump, uint16_t type, uint32_t parent)
{
	const struct {
		struct nlmsghdr header;
		struct tcmsg tc;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = type,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.tc = {.tcm_family = AF_UNSPEC, .tcm_ifindex = dump->ifindex, .tcm_parent = parent},
	};
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int done = 0;

	if (fd < 0)
		return -errno;
	if (send(fd, &request, sizeof(request), 0) < 0)
		done = -errno;
	while (!done) {
		ssize_t bytes = recv(fd, answer, sizeof(answer), 0);

		done = bytes < 0 ? -errno : look_through(dump, answer, (size_t)bytes);
	}
	close(fd);
	return done < 0 ? done : 0;
}

/* ---- qdisc ---- */

static void take_qdisc(const struct dump *dump, const struct tcmsg *tc, const struct rtattr *attr,
		       int attr_bytes)
{
	/* Older kernels list the qdiscs of all devices. */
	if (tc->tcm_ifindex != dump->ifindex || tc->tcm_parent != TC_H_INGRESS)
		return;
	for (; RTA_OK(attr, attr_bytes); attr = RTA_NEXT(attr, attr_bytes)) {
		if (attr->rta_type != TCA_KIND)
			continue;
		if (is_string(attr, "clsact"))
			*dump->ret_qdisc = WF_TC_QDISC_CLSACT;
		else if (is_string(attr, "ingress"))
			*dump->ret_qdisc = WF_TC_QDISC_INGRESS;
	}
}

int wf_tc_find_qdisc(int ifindex, enum wf_tc_qdisc *ret_qdisc)
{
	enum wf_tc_qdisc qdisc = WF_TC_QDISC_NONE;
	const struct dump dump = {.take = take_qdisc, .ifindex = ifindex, .ret_qdisc = &qdisc};
	int err = run(&dump, RTM_GETQDISC, 0);

	if (!err)
		*ret_qdisc = qdisc;
	return err;
}

/* ---- filters ---- */

static uint32_t read_program_id(const struct rtattr *options)
{
	const struct rtattr *attr = RTA_DATA(options);
	int left = (int)RTA_PAYLOAD(options);

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		if (attr->rta_type == TCA_BPF_ID)
			return get_u32(attr);
	return 0;
}

static void take_filter(const struct dump *dump, const struct tcmsg *tc, const struct rtattr *attr,
			int attr_bytes)
{
	struct wf_tc_filter filter = {
		.priority = (uint16_t)(TC_H_MAJ(tc->tcm_info) >> 16),
		.protocol_be = (uint16_t)TC_H_MIN(tc->tcm_info),
		.handle = tc->tcm_handle,
	};
	const struct rtattr *options = NULL;

	for (; RTA_OK(attr, attr_bytes); attr = RTA_NEXT(attr, attr_bytes)) {
		if (attr->rta_type == TCA_KIND)
			filter.is_bpf = is_string(attr, "bpf");
		else if (attr->rta_type == TCA_CHAIN)
			filter.chain = get_u32(attr);
		else if (attr->rta_type == TCA_OPTIONS)
			options = attr;
	}
	if (filter.is_bpf && options)
		filter.program_id = read_program_id(options);
	dump->fn(dump->ctx, &filter);
}

int wf_tc_each_filter(int ifindex, enum wf_tc_side side, wf_tc_filter_fn fn, void *ctx)
{
	const struct dump dump = {.take = take_filter, .ifindex = ifindex, .fn = fn, .ctx = ctx};
	enum wf_tc_qdisc qdisc;
	int err = wf_tc_find_qdisc(ifindex, &qdisc);

	if (err || qdisc == WF_TC_QDISC_NONE ||
	    (qdisc == WF_TC_QDISC_INGRESS && side == WF_TC_EGRESS))
		return err;
	return run(
		&dump, RTM_GETTFILTER,
		TC_H_MAKE(TC_H_CLSACT, side == WF_TC_INGRESS ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS));
}
