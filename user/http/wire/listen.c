// SPDX-License-Identifier: BSD-2-Clause
/*
 * listen.c - parses the address of the listening socket and opens it.
 */
#include "http/wire/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 64, PORT_DIGITS_MAX = 5 };

/* Return the port in @text; -1 if @text is not a port. */
static int port_of(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	int port = digits && digits <= PORT_DIGITS_MAX && !text[digits] ? atoi(text) : -1;

	return port <= UINT16_MAX ? port : -1;
}

static int set_addr(const char *addr, int port, struct sockaddr_storage *ret_addr)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_addr;
	struct sockaddr_in *in = (struct sockaddr_in *)ret_addr;

	memset(ret_addr, 0, sizeof(*ret_addr));
	if (inet_pton(AF_INET6, addr, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		return 0;
	}
	if (inet_pton(AF_INET, addr, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		return 0;
	}
	return -EINVAL;
}

int wf_listen_parse(const char *text, struct sockaddr_storage *ret_addr)
{
	char addr[WF_LISTEN_TEXT_BYTES] = "127.0.0.1";
	bool is_ipv6 = *text == '[';
	const char *end = is_ipv6 ? strstr(text, "]:") : strrchr(text, ':');
	int port = port_of(end ? end + 1 + is_ipv6 : text);
	size_t chars = end ? (size_t)(end - text) - is_ipv6 : 0;

	if (port < 0 || (is_ipv6 && !end) || chars >= sizeof(addr))
		return -EINVAL;
	if (chars) {
		memcpy(addr, text + is_ipv6, chars);
		addr[chars] = '\0';
	}
	/* An IPv6 address needs brackets, because its last part could be read as a port. */
	if (!is_ipv6 && strchr(addr, ':'))
		return -EINVAL;
	return set_addr(addr, port, ret_addr);
}

void wf_listen_addr_text(const struct sockaddr_storage *addr, char *buf, size_t bytes)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

	*buf = '\0';
	if (addr->ss_family == AF_INET)
		inet_ntop(AF_INET, &in->sin_addr, buf, (socklen_t)bytes);
	else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, buf, (socklen_t)bytes);
	else
		inet_ntop(AF_INET6, &in6->sin6_addr, buf, (socklen_t)bytes);
}

static bool is_loopback(const struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

	if (addr->ss_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) && in6->sin6_addr.s6_addr[12] == 127);
}

/* Describe the socket @fd, which is bound. */
static int describe(int fd, struct wf_listen *ret_listen)
{
	char text[INET6_ADDRSTRLEN];
	struct sockaddr_storage addr;
	socklen_t bytes = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &bytes))
		return -errno;
	wf_listen_addr_text(&addr, text, sizeof(text));
	snprintf(ret_listen->text, sizeof(ret_listen->text),
		 strchr(text, ':') ? "[%s]:%u" : "%s:%u", text,
		 ntohs(((struct sockaddr_in *)&addr)->sin_port));
	ret_listen->is_loopback = is_loopback(&addr);
	ret_listen->fd = fd;
	return 0;
}

int wf_listen_open(const char *text, struct wf_listen *ret_listen)
{
	struct sockaddr_storage addr;
	int err = wf_listen_parse(text, &addr);
	int one = 1;
	int fd;

	if (err)
		return err;
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* Connections of an earlier run that are in TIME_WAIT do not prevent the next start. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr,
		 addr.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					    : sizeof(struct sockaddr_in)) ||
	    listen(fd, BACKLOG))
		err = -errno;
	else
		err = describe(fd, ret_listen);
	if (err)
		close(fd);
	return err;
}
