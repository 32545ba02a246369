// SPDX-License-Identifier: BSD-2-Clause
/*
 * find.c - reads the line INFO of several NATS servers at the same time.
 *
 * A server sends "INFO {...}\r\n" first, so it is enough to wait until a socket can be read: it can
 * also be read if connecting has failed.
 */
#include "bus/find.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bus/urls.h"

enum {
	ASKED_MAX = 32, /* maximum number of addresses of all servers */
	INFO_BYTES = 4096,
	NAME_BYTES = 256,
};

/* The addresses that are asked; fds[i].fd is -1 after the answer of address i. */
struct asked {
	int count;
	struct pollfd fds[ASKED_MAX];
	struct answer {
		int server; /* number of the server in the list */
		size_t len;
		char text[INFO_BYTES];
	} answers[ASKED_MAX];
};

static void ask_address(struct asked *asked, int server, const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (connect(fd, address->ai_addr, address->ai_addrlen) && errno != EINPROGRESS) {
		close(fd);
		return;
	}
	asked->answers[asked->count].server = server;
	asked->fds[asked->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Begin to connect to all addresses of @server, HOST:PORT, which is changed. */
static void ask_server(struct asked *asked, int number, char *server)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const char *port, *host = wf_bus_urls_split(server, &port);
	struct addrinfo *addresses;

	if (getaddrinfo(host, port, &hints, &addresses))
		return;
	for (const struct addrinfo *address = addresses; address && asked->count < ASKED_MAX;
	     address = address->ai_next)
		ask_address(asked, number, address);
	freeaddrinfo(addresses);
}

/*
 * Copy to @ret_text the text that follows @key in the line. Return: true if it is there and fits. A
 * text with an escaped quote is cut, so it equals no name.
 */
static bool copy_text(const char *line, const char *key, char *ret_text, size_t room)
{
	const char *begin = strstr(line, key), *end;

	if (!begin)
		return false;
	begin += strlen(key);
	end = strchr(begin, '"');
	if (!end || (size_t)(end - begin) >= room)
		return false;
	memcpy(ret_text, begin, (size_t)(end - begin));
	ret_text[end - begin] = '\0';
	return true;
}

/*
 * Return true if the line INFO has the name @name; then copy the id. The line is not parsed as
 * JSON: quotes within texts are escaped, so a key can't be found in a text.
 */
static bool has_name(const char *line, const char *name, struct wf_bus_found *found)
{
	char is[NAME_BYTES];

	return !strncmp(line, "INFO {", 6) &&
	       copy_text(line, "\"server_name\":\"", is, sizeof(is)) && !strcmp(is, name) &&
	       copy_text(line, "\"server_id\":\"", found->id, sizeof(found->id));
}

/*
 * Read from address @i, and close its connection after a whole line, or if no line will come.
 * Return: true if the server is called @name.
 */
static bool take_answer(struct asked *asked, int i, const char *name, struct wf_bus_found *found)
{
	struct answer *answer = &asked->answers[i];
	size_t room = sizeof(answer->text) - 1 - answer->len;
	ssize_t bytes = recv(asked->fds[i].fd, answer->text + answer->len, room, 0);
	bool is_named;

	if (bytes > 0)
		answer->len += (size_t)bytes;
	/* A full buffer leaves no room, so the next call reads 0 bytes and ends this. */
	if (bytes > 0 && !memchr(answer->text, '\n', answer->len))
		return false;
	is_named = bytes > 0 && has_name(answer->text, name, found);
	found->index = answer->server;
	close(asked->fds[i].fd);
	asked->fds[i].fd = -1;
	return is_named;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Wait for answers until one is from @name, or the time is over. Return: 0; -ENOENT. */
static int wait_for_name(struct asked *asked, const char *name, struct wf_bus_found *found)
{
	int64_t left_ms, end_ms = now_ms() + WF_BUS_FIND_MS;
	int open = asked->count;

	while (open > 0 && (left_ms = end_ms - now_ms()) > 0) {
		if (poll(asked->fds, (nfds_t)asked->count, (int)left_ms) <= 0)
			return -ENOENT;
		for (int i = 0; i < asked->count; i++) {
			if (asked->fds[i].fd < 0 || !asked->fds[i].revents)
				continue;
			if (take_answer(asked, i, name, found))
				return 0;
			open -= asked->fds[i].fd < 0;
		}
	}
	return -ENOENT;
}

int wf_bus_find(const char *servers, const char *name, struct wf_bus_found *ret_found)
{
	char list[WF_BUS_SERVERS_BYTES], *rest = list, *server;
	struct asked *asked = calloc(1, sizeof(*asked));
	struct wf_bus_found found;
	int err;

	if (!asked)
		return -ENOMEM;
	snprintf(list, sizeof(list), "%s", servers);
	for (int i = 0; (server = strsep(&rest, ",")) != NULL; i++)
		ask_server(asked, i, server);
	err = wait_for_name(asked, name, &found);
	if (!err)
		*ret_found = found;
	for (int i = 0; i < asked->count; i++)
		if (asked->fds[i].fd >= 0)
			close(asked->fds[i].fd);
	free(asked);
	return err;
}
