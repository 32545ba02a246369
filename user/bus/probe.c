// SPDX-License-Identifier: BSD-2-Clause
/*
 * probe.c - connects to servers by TCP, and closes the connections again.
 */
#include "bus/probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/urls.h"

/* Connect @fd within the time limit. Return: 0; negative errno. */
static int connect_within_limit(int fd, const struct addrinfo *address)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int err = 0;

	if (!connect(fd, address->ai_addr, address->ai_addrlen))
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&poll_fd, 1, WF_BUS_PROBE_MS) <= 0)
		return -ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) ? -errno : -err;
}

/* Return: 0 if one of @addresses accepts a connection; negative errno of the last one. */
static int try_addresses(const struct addrinfo *addresses)
{
	int err = -EADDRNOTAVAIL;

	for (const struct addrinfo *address = addresses; address && err;
	     address = address->ai_next) {
		int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return -errno;
		err = connect_within_limit(fd, address);
		close(fd);
	}
	return err;
}

/* Return the reason why @server can't be used, a static text. @server is changed. */
static const char *reason_of(char *server)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *addresses;
	const char *port, *host = wf_bus_urls_split(server, &port);
	int err = getaddrinfo(host, port, &hints, &addresses);

	if (err)
		return gai_strerror(err);
	err = try_addresses(addresses);
	freeaddrinfo(addresses);
	return err ? strerrordesc_np(-err)
		   : "it accepts connections, but not as a NATS server does";
}

void wf_bus_probe(const char *servers, char *ret_error)
{
	bool is_one = !strchr(servers, ',');
	char list[WF_BUS_SERVERS_BYTES], *rest = list, *server;
	size_t len = 0;

	snprintf(list, sizeof(list), "%s", servers);
	while ((server = strsep(&rest, ",")) != NULL && len < WF_BUS_ERROR_BYTES) {
		if (!is_one)
			len += (size_t)snprintf(ret_error + len, WF_BUS_ERROR_BYTES - len,
						"%s%s: ", len ? ", " : "", server);
		if (len < WF_BUS_ERROR_BYTES)
			len += (size_t)snprintf(ret_error + len, WF_BUS_ERROR_BYTES - len, "%s",
						reason_of(server));
	}
}
