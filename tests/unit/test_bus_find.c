// SPDX-License-Identifier: BSD-2-Clause
/* Tests of bus/find.c: threads play servers on the loopback interface. */
#include "unit/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/find.h"
#include "bus/urls.h"

enum { SERVERS_MAX = 3, SECOND_PIECE_MS = 20 };

/* A server that sends @first and then @second to its first client; NULL: it sends nothing. */
struct server {
	const char *first, *second;
	int fd;
	unsigned int port;
	pthread_t thread;
};

static struct server servers[SERVERS_MAX];
static int count;
static char list[WF_BUS_SERVERS_BYTES];

static void *serve(void *ctx)
{
	struct server *server = ctx;
	int fd = accept(server->fd, NULL, NULL);

	if (fd < 0)
		return NULL;
	if (server->first)
		send(fd, server->first, strlen(server->first), MSG_NOSIGNAL);
	if (server->second) {
		usleep(SECOND_PIECE_MS * 1000);
		send(fd, server->second, strlen(server->second), MSG_NOSIGNAL);
	}
	/* Wait until the client closes the connection. */
	while (recv(fd, (char[64]){0}, 64, 0) > 0)
		;
	close(fd);
	return NULL;
}

/* Add a server to the list. */
static void add(const char *first, const char *second)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	struct server *server = &servers[count];
	size_t len = strlen(list);

	*server = (struct server){.first = first, .second = second};
	server->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(server->fd, 1), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	snprintf(list + len, sizeof(list) - len, "%s127.0.0.1:%u", count ? "," : "", server->port);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
	count++;
}

static int setup(void **state)
{
	count = 0;
	list[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	for (int i = 0; i < count; i++) {
		shutdown(servers[i].fd, SHUT_RDWR);
		pthread_join(servers[i].thread, NULL);
		close(servers[i].fd);
	}
	return 0;
}

TEST_WITH(bus_find_returns_index_and_id_of_the_server_with_the_name, setup, teardown)
{
	struct wf_bus_found found;

	add("INFO {\"server_id\":\"NA\",\"server_name\":\"n1\"}\r\n", NULL);
	add("INFO {\"server_id\":\"NB\",\"server_name\":\"n2\"}\r\n", NULL);
	add("INFO {\"server_id\":\"NC\",\"server_name\":\"n22\"}\r\n", NULL);
	assert_int_equal(wf_bus_find(list, "n2", &found), 0);
	assert_int_equal(found.index, 1);
	assert_string_equal(found.id, "NB");
}

TEST_WITH(bus_find_without_such_a_name_returns_enoent, setup, teardown)
{
	struct wf_bus_found found;

	add("INFO {\"server_id\":\"NA\",\"server_name\":\"n1\"}\r\n", NULL);
	add("INFO {\"server_id\":\"NB\",\"server_name\":\"n2\"}\r\n", NULL);
	assert_int_equal(wf_bus_find(list, "n3", &found), -ENOENT);
}

TEST_WITH(bus_find_reads_a_line_that_arrives_in_pieces, setup, teardown)
{
	struct wf_bus_found found;

	add("INFO {\"server_id\":\"NA\",\"ser", "ver_name\":\"n1\"}\r\n");
	assert_int_equal(wf_bus_find(list, "n1", &found), 0);
	assert_string_equal(found.id, "NA");
}

TEST_WITH(bus_find_does_not_wait_for_silent_and_closed_servers, setup, teardown)
{
	struct wf_bus_found found;
	char all[WF_BUS_SERVERS_BYTES + 32];

	add(NULL, NULL);
	add("INFO {\"server_id\":\"NB\",\"server_name\":\"n2\"}\r\n", NULL);
	snprintf(all, sizeof(all), "127.0.0.1:1,%s", list);
	assert_int_equal(wf_bus_find(all, "n2", &found), 0);
	assert_int_equal(found.index, 2);
}

TEST_WITH(bus_find_ignores_lines_that_are_not_info, setup, teardown)
{
	struct wf_bus_found found;

	add("HTTP/1.1 400 Bad Request\r\n", NULL);
	add("INFO {\"server_name\":\"n1\"\r\n", NULL);
	add("INFO {\"server_name\":\"n1\"}\r\n", NULL);
	assert_int_equal(wf_bus_find(list, "n1", &found), -ENOENT);
}

TEST_WITH(bus_find_ignores_a_line_and_an_id_that_are_too_long, setup, teardown)
{
	static char line[8192], long_id[256];
	struct wf_bus_found found;

	memset(line, 'x', sizeof(line) - 1);
	snprintf(long_id, sizeof(long_id),
		 "INFO {\"server_id\":\"%0*d\",\"server_name\":\"n1\"}\r\n", WF_BUS_SERVER_ID_BYTES,
		 0);
	add(line, NULL);
	add(long_id, NULL);
	assert_int_equal(wf_bus_find(list, "n1", &found), -ENOENT);
}
