// SPDX-License-Identifier: BSD-2-Clause
/*
 * socket_path.c - builds the paths of control sockets, which agents, commands and clients share.
 */
#include "client/socket_path.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

int wf_socket_path(const char *dir, const char *name, struct sockaddr_un *ret_addr)
{
	int chars;

	*ret_addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	chars = snprintf(ret_addr->sun_path, sizeof(ret_addr->sun_path), "%s/%s.sock", dir, name);
	return chars < (int)sizeof(ret_addr->sun_path) ? 0 : -ENAMETOOLONG;
}

int wf_socket_path_here(const char *dir, const char *name, struct sockaddr_un *ret_addr)
{
	struct stat self;
	char here[64];

	if (stat("/proc/self/ns/net", &self))
		return -errno;
	snprintf(here, sizeof(here), "%s@%llu", name, (unsigned long long)self.st_ino);
	return wf_socket_path(dir, here, ret_addr);
}
