// SPDX-License-Identifier: BSD-2-Clause
/*
 * peer.c - connects to control sockets, and finds the process that listens on a socket.
 */
#include "agent/control/peer.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/control/control_line.h"

/*
 * Between bind() and listen() of a starting agent, nobody listens on its socket. So a dead socket
 * is removed only if it is older than a start takes.
 */
enum { STARTING_SEC = 10 };

static void remove_dead(const struct sockaddr_un *addr)
{
	struct stat st;

	if (!lstat(addr->sun_path, &st) && S_ISSOCK(st.st_mode) &&
	    st.st_mtime + STARTING_SEC < time(NULL))
		unlink(addr->sun_path);
}

int wf_control_connect(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return fd;
	err = -errno;
	close(fd);
	if (err == -ECONNREFUSED)
		remove_dead(addr);
	return err;
}

pid_t wf_control_peer_pid(int fd)
{
	struct ucred peer = {0};
	socklen_t bytes = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) ? 0 : peer.pid;
}

bool wf_control_peer_is_here(pid_t pid, bool unknown)
{
	struct stat peer, self;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	if (!pid || stat(path, &peer) || stat("/proc/self/ns/net", &self))
		return unknown;
	return peer.st_ino == self.st_ino;
}

int wf_control_addr_here(const char *dir, const char *name, struct sockaddr_un *ret_addr)
{
	struct stat self;
	char here[64];

	if (stat("/proc/self/ns/net", &self))
		return -errno;
	snprintf(here, sizeof(here), "%s@%llu", name, (unsigned long long)self.st_ino);
	return wf_control_addr(dir, here, ret_addr);
}
