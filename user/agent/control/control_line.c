// SPDX-License-Identifier: BSD-2-Clause
/*
 * control_line.c - sends and receives lines of limited length over a non-blocking socket, with a
 * deadline.
 */
#include "agent/control/control_line.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/control/clock.h"
#include "client/client_socket.h"

enum { LINE_START_BYTES = 4096 };

uint64_t wf_control_deadline_ns(unsigned timeout_ms)
{
	return wf_clock_now_ns() + timeout_ms * 1000000ull;
}

/*
 * Wait until @fd is ready. Return: 0 if it is ready, or if a signal ended the wait; -ETIMEDOUT at
 * the deadline; -ECANCELED if @stop_fd is readable; other -errno.
 */
static int wait_for(int fd, short events, int stop_fd, uint64_t deadline_ns)
{
	struct pollfd polls[2] = {{.fd = fd, .events = events}, {.fd = stop_fd, .events = POLLIN}};
	uint64_t now = wf_clock_now_ns();
	int ready;

	if (now >= deadline_ns)
		return -ETIMEDOUT;
	ready = poll(polls, 2, (int)((deadline_ns - now) / 1000000 + 1));
	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	if (polls[1].revents)
		return -ECANCELED;
	return ready ? 0 : -ETIMEDOUT;
}

static int grow(struct wf_control_line *line)
{
	size_t capacity = line->capacity_bytes ? 2 * line->capacity_bytes : LINE_START_BYTES;
	char *text;

	if (line->used_bytes < line->capacity_bytes)
		return 0;
	if (line->used_bytes >= line->max_bytes)
		return -EMSGSIZE;
	text = realloc(line->text, capacity);
	if (!text)
		return -ENOMEM;
	line->text = text;
	line->capacity_bytes = capacity;
	return 0;
}

static int find_end(struct wf_control_line *line)
{
	char *newline = line->used_bytes ? memchr(line->text, '\n', line->used_bytes) : NULL;

	if (!newline)
		return -EAGAIN;
	*newline = '\0';
	line->line_bytes = (size_t)(newline - line->text) + 1;
	return 0;
}

int wf_control_receive_line(int fd, struct wf_control_line *line, int stop_fd, uint64_t deadline_ns)
{
	while (find_end(line)) {
		ssize_t got;
		int err = grow(line);

		if (!err)
			err = wait_for(fd, POLLIN, stop_fd, deadline_ns);
		if (err)
			return err;
		got = recv(fd, line->text + line->used_bytes,
			   line->capacity_bytes - line->used_bytes, MSG_DONTWAIT);
		if (got == 0)
			return -ENODATA;
		if (got > 0)
			line->used_bytes += (size_t)got;
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return 0;
}

void wf_control_line_next(struct wf_control_line *line)
{
	memmove(line->text, line->text + line->line_bytes, line->used_bytes - line->line_bytes);
	line->used_bytes -= line->line_bytes;
	line->line_bytes = 0;
}

int wf_control_send_line(int fd, const char *text, uint64_t deadline_ns)
{
	int err = wf_client_send(fd, text, strlen(text), deadline_ns);

	return err ? err : wf_client_send(fd, "\n", 1, deadline_ns);
}
