// SPDX-License-Identifier: BSD-2-Clause
/*
 * xdp_features.c - reads features from the generic netlink family "netdev", in two requests: one
 * for the family's id, one for the device.
 *
 *   [nlmsghdr][genlmsghdr][nlattr payload]...        each attribute is padded to 4 bytes
 */
#include "capture/host/xdp_features.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Constants of linux/netdev.h. */
enum {
	CMD_DEV_GET = 1,
	ATTR_DEV_IFINDEX = 1,
	ATTR_DEV_XDP_FEATURES = 3,
};

enum { MESSAGE_BYTES = 8192, TIMEOUT_SEC = 2 };

struct message {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	char attrs[MESSAGE_BYTES - sizeof(struct nlmsghdr) - sizeof(struct genlmsghdr)];
};

static void message_init(struct message *message, uint16_t family, uint8_t cmd)
{
	memset(&message->header, 0, sizeof(message->header));
	message->header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	message->header.nlmsg_type = family;
	message->header.nlmsg_flags = NLM_F_REQUEST;
	message->genl = (struct genlmsghdr){.cmd = cmd, .version = 1};
}

static void message_add(struct message *message, uint16_t type, const void *bytes, size_t len_bytes)
{
	struct nlattr *attr = (struct nlattr *)((char *)message + message->header.nlmsg_len);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + len_bytes);
	memset((char *)attr + NLA_HDRLEN, 0, NLA_ALIGN(len_bytes));
	memcpy((char *)attr + NLA_HDRLEN, bytes, len_bytes);
	message->header.nlmsg_len += NLA_ALIGN(attr->nla_len);
}

/* Send @message and receive the answer into the same buffer. */
static int exchange(int fd, struct message *message)
{
	const struct nlmsgerr *error = (const struct nlmsgerr *)NLMSG_DATA(&message->header);
	ssize_t got;

	if (send(fd, message, message->header.nlmsg_len, 0) < 0)
		return -errno;
	got = recv(fd, message, sizeof(*message), 0);
	if (got < 0)
		return -errno;
	if ((size_t)got < sizeof(message->header) || message->header.nlmsg_len > (size_t)got)
		return -EPROTO;
	if (message->header.nlmsg_type == NLMSG_ERROR)
		return (size_t)got >= NLMSG_LENGTH(sizeof(*error)) && error->error ? error->error
										   : -EPROTO;
	return message->header.nlmsg_len >= NLMSG_LENGTH(GENL_HDRLEN) ? 0 : -EPROTO;
}

/* Find the attribute @type, whose payload must have @len_bytes, and copy the payload. */
static int message_find(const struct message *message, uint16_t type, void *ret_value,
			size_t len_bytes)
{
	size_t end = message->header.nlmsg_len;
	size_t pos = NLMSG_LENGTH(GENL_HDRLEN);

	while (pos + NLA_HDRLEN <= end) {
		const struct nlattr *attr = (const struct nlattr *)((const char *)message + pos);

		if (attr->nla_len < NLA_HDRLEN || pos + attr->nla_len > end)
			return -EPROTO;
		if ((attr->nla_type & NLA_TYPE_MASK) == type) {
			if (attr->nla_len != NLA_HDRLEN + len_bytes)
				return -EPROTO;
			memcpy(ret_value, (const char *)attr + NLA_HDRLEN, len_bytes);
			return 0;
		}
		pos += NLA_ALIGN(attr->nla_len);
	}
	return -EOPNOTSUPP;
}

static int read_features(int fd, unsigned ifindex, uint64_t *ret_features)
{
	struct message message;
	uint32_t index = ifindex;
	uint16_t family;
	int err;

	message_init(&message, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	message_add(&message, CTRL_ATTR_FAMILY_NAME, "netdev", sizeof("netdev"));
	err = exchange(fd, &message);
	if (err)
		return err == -ENOENT ? -EOPNOTSUPP : err;
	err = message_find(&message, CTRL_ATTR_FAMILY_ID, &family, sizeof(family));
	if (err)
		return err;

	message_init(&message, family, CMD_DEV_GET);
	message_add(&message, ATTR_DEV_IFINDEX, &index, sizeof(index));
	err = exchange(fd, &message);
	if (err)
		return err;
	return message_find(&message, ATTR_DEV_XDP_FEATURES, ret_features, sizeof(*ret_features));
}

int wf_xdp_features_read(unsigned ifindex, uint64_t *ret_features)
{
	struct timeval timeout = {.tv_sec = TIMEOUT_SEC};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	err = read_features(fd, ifindex, ret_features);
	close(fd);
	return err;
}
