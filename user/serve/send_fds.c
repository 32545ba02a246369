// SPDX-License-Identifier: BSD-2-Clause
/*
 * send_fds.c - one sendmsg() with an SCM_RIGHTS message.
 */
#include "serve/send_fds.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int wf_send_fds(int fd, const void *bytes, size_t len, const int *fds, size_t count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(WF_SEND_FDS_MAX * sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(count * sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = len};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};

	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	if (sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
		return -ECONNRESET;
	return 0;
}
