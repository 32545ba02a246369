// SPDX-License-Identifier: BSD-2-Clause
/* Tests of bus/probe.c with sockets of the loopback interface. */
#include "unit/support/test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/probe.h"
#include "bus/urls.h"

static char error[WF_BUS_ERROR_BYTES];

/* Bind a socket to a free port; it accepts connections if @listens. Return: its descriptor. */
static int bind_port(bool listens, unsigned int *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	if (listens)
		assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

TEST(bus_probe_of_one_server_is_its_reason)
{
	char servers[32];
	unsigned int port;
	int fd = bind_port(false, &port);

	snprintf(servers, sizeof(servers), "127.0.0.1:%u", port);
	wf_bus_probe(servers, error);
	assert_string_equal(error, "Connection refused");
	close(fd);
}

TEST(bus_probe_of_several_servers_names_each)
{
	char servers[64], expected[128];
	unsigned int closed_port, open_port;
	int closed = bind_port(false, &closed_port), open = bind_port(true, &open_port);

	snprintf(servers, sizeof(servers), "127.0.0.1:%u,127.0.0.1:%u", closed_port, open_port);
	snprintf(expected, sizeof(expected),
		 "127.0.0.1:%u: Connection refused, 127.0.0.1:%u: it accepts connections, but not "
		 "as a NATS server does",
		 closed_port, open_port);
	wf_bus_probe(servers, error);
	assert_string_equal(error, expected);
	close(closed);
	close(open);
}

TEST(bus_probe_of_a_name_that_does_not_exist)
{
	wf_bus_probe("name.invalid:4222", error);
	assert_non_null(strstr(error, "ame"));
}

TEST(bus_probe_of_an_ipv6_address_has_no_brackets)
{
	unsigned int port;
	char servers[32];
	int fd = bind_port(false, &port);

	snprintf(servers, sizeof(servers), "[::ffff:127.0.0.1]:%u", port);
	wf_bus_probe(servers, error);
	assert_string_equal(error, "Connection refused");
	close(fd);
}

TEST(bus_probe_of_many_servers_fits)
{
	char servers[WF_BUS_SERVERS_BYTES] = "127.0.0.1:1";

	for (int i = 1; i < WF_BUS_URLS_MAX; i++)
		strcat(servers, ",127.0.0.1:1");
	wf_bus_probe(servers, error);
	assert_true(strlen(error) < WF_BUS_ERROR_BYTES);
}
