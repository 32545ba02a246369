// SPDX-License-Identifier: BSD-2-Clause
/*
 * client_socket.c - the socket of a client.
 */
#include "client/client_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <weft/client.h>

#include "client/socket_path.h"

#define NS_PER_MS 1000000ull
#define AGENT_DIR "/run/weft"

enum { FDS_MAX = 8 }; /* descriptors that one message may bring */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

uint64_t wf_client_deadline_ns(int timeout_ms)
{
	return timeout_ms < 0 ? UINT64_MAX : now_ns() + (uint64_t)timeout_ms * NS_PER_MS;
}

/* ---- connecting ---- */

/* Return the time from now until @deadline_ns in milliseconds, rounded up; 0 if it has passed. */
static uint64_t left_ms(uint64_t deadline_ns)
{
	uint64_t now = now_ns();

	return now < deadline_ns ? (deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS : 0;
}

/* Connect to @addr before @deadline_ns. Return: the descriptor; negative errno. */
static int connect_to(const struct sockaddr_un *addr, uint64_t deadline_ns)
{
	uint64_t ms = left_ms(deadline_ns);
	struct timeval limit = {.tv_sec = (time_t)(ms / 1000),
				.tv_usec = (suseconds_t)(ms % 1000 * 1000)};
	int fd, err;

	if (!ms)
		return -ETIMEDOUT;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* A connect() that waits for room in the backlog ends with EAGAIN at this limit. */
	if (!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) &&
	    !connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) &&
	    !fcntl(fd, F_SETFL, O_NONBLOCK))
		return fd;
	err = errno == EAGAIN ? -ETIMEDOUT : -errno;
	close(fd);
	return err;
}

static int set_path(const char *path, struct sockaddr_un *ret_addr)
{
	int chars;

	*ret_addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	chars = snprintf(ret_addr->sun_path, sizeof(ret_addr->sun_path), "%s", path);
	return chars < (int)sizeof(ret_addr->sun_path) ? 0 : -ENAMETOOLONG;
}

/*
 * Connect to the agent on interface @name: first by the socket that has this network namespace in
 * its name, then by the one without a namespace.
 */
static int connect_by_name(const char *dir, const char *name, uint64_t deadline_ns,
			   struct sockaddr_un *addr)
{
	int err = wf_socket_path_here(dir, name, addr);
	int fd = err ? err : connect_to(addr, deadline_ns);

	if (fd >= 0 || fd == -ETIMEDOUT)
		return fd;
	err = wf_socket_path(dir, name, addr);
	return err ? err : connect_to(addr, deadline_ns);
}

int wf_client_connect(const struct weft_client_opts *opts, uint64_t deadline_ns, char *ret_path,
		      size_t path_bytes)
{
	struct sockaddr_un addr = {.sun_path = ""};
	int fd;

	if (opts->path) {
		int err = set_path(opts->path, &addr);

		fd = err ? err : connect_to(&addr, deadline_ns);
	} else {
		fd = connect_by_name(opts->dir ? opts->dir : AGENT_DIR, opts->interface,
				     deadline_ns, &addr);
	}
	snprintf(ret_path, path_bytes, "%s", addr.sun_path);
	return fd;
}

/* ---- transfer ---- */

/* Return: 0 if @fd is ready; -EAGAIN at the deadline or after a signal; other negative errno. */
static int wait_for(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	uint64_t ms = left_ms(deadline_ns);
	int ready = poll(&poll_fd, 1,
			 deadline_ns == UINT64_MAX ? -1
			 : ms > INT_MAX		   ? INT_MAX
						   : (int)ms);

	if (ready < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	return ready ? 0 : -EAGAIN;
}

int wf_client_send(int fd, const char *bytes, size_t len_bytes, uint64_t deadline_ns)
{
	while (len_bytes > 0) {
		ssize_t sent = send(fd, bytes, len_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
		int err;

		if (sent >= 0) {
			bytes += sent;
			len_bytes -= (size_t)sent;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		err = wait_for(fd, POLLOUT, deadline_ns);
		if (err == -EAGAIN && now_ns() >= deadline_ns)
			return -ETIMEDOUT;
		if (err && err != -EAGAIN)
			return err;
	}
	return 0;
}

/* Move the descriptors of @message to @fds; those that do not fit are closed. */
static void take_fds(struct msghdr *message, int *fds, size_t fds_max)
{
	size_t count = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		size_t here = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < here; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(fd), sizeof(fd));
			if (count < fds_max)
				fds[count++] = fd;
			else
				close(fd);
		}
	}
}

/* Receive without waiting. Return: the number of bytes; negative errno. */
static ssize_t receive_now(int fd, void *bytes, size_t room_bytes, int *fds, size_t fds_max)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec part = {.iov_base = bytes, .iov_len = room_bytes};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t got;

	if (fds) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got < 0)
		return -errno;
	if (fds)
		take_fds(&message, fds, fds_max);
	return got;
}

ssize_t wf_client_receive_fds(int fd, void *bytes, size_t room_bytes, uint64_t deadline_ns,
			      int *fds, size_t fds_max)
{
	int err;

	for (size_t i = 0; i < fds_max; i++)
		fds[i] = -1;
	do {
		ssize_t got = receive_now(fd, bytes, room_bytes, fds, fds_max);

		if (got >= 0 || (got != -EAGAIN && got != -EINTR))
			return got;
		err = wait_for(fd, POLLIN, deadline_ns);
	} while (!err);
	return err;
}

ssize_t wf_client_receive(int fd, void *bytes, size_t room_bytes, uint64_t deadline_ns)
{
	return wf_client_receive_fds(fd, bytes, room_bytes, deadline_ns, NULL, 0);
}
