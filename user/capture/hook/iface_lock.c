// SPDX-License-Identifier: BSD-2-Clause
/*
 * iface_lock.c - takes the lock with bind(), and tests it with connect().
 */
#include "capture/hook/iface_lock.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t name_lock(int ifindex, struct sockaddr_un *ret_addr)
{
	int len;

	*ret_addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	len = snprintf(ret_addr->sun_path + 1, sizeof(ret_addr->sun_path) - 1, "weft/ifindex/%d",
		       ifindex);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
}

int wf_iface_lock_take(int ifindex)
{
	struct sockaddr_un addr;
	socklen_t size = name_lock(ifindex, &addr);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (const struct sockaddr *)&addr, size))
		return fd;
	err = errno == EADDRINUSE ? -EBUSY : -errno;
	close(fd);
	return err;
}

bool wf_iface_lock_is_taken(int ifindex)
{
	struct sockaddr_un addr;
	socklen_t size = name_lock(ifindex, &addr);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_taken;

	if (fd < 0)
		return true;
	/* Other errors, such as those of a security module, do not show that the lock is free. */
	is_taken = !connect(fd, (const struct sockaddr *)&addr, size) || errno != ECONNREFUSED;
	close(fd);
	return is_taken;
}
