/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_line.h - lines over a socket with a deadline, for both ends of the protocol.
 */
#ifndef WF_AGENT_CONTROL_LINE_H
#define WF_AGENT_CONTROL_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	WF_CONTROL_REQUEST_MAX_BYTES = 1 << 18,
	WF_CONTROL_RESPONSE_MAX_BYTES = 1 << 20,
};

/* struct wf_control_line - received bytes; @text is freed by the caller with free() */
struct wf_control_line {
	char *text; /* the first line, its newline replaced by NUL */
	size_t max_bytes;
	size_t line_bytes; /* NUL included; 0: no whole line yet */
	size_t used_bytes;
	size_t capacity_bytes;
};

uint64_t wf_control_deadline_ns(unsigned timeout_ms);

/*
 * Receive until @line holds a whole line. @stop_fd: ends it when readable; -1: none.
 * Return: 0; -ETIMEDOUT; -ENODATA: the peer is done; -EMSGSIZE; -ECANCELED; -errno.
 */
int wf_control_receive_line(int fd, struct wf_control_line *line, int stop_fd,
			    uint64_t deadline_ns);

/* Remove the first line; the bytes after it stay. */
void wf_control_line_next(struct wf_control_line *line);

/* @text has no newline. Return: 0; -ETIMEDOUT; -errno. */
int wf_control_send_line(int fd, const char *text, uint64_t deadline_ns);

/* DIR/NAME.sock. Return: 0; -ENAMETOOLONG. */
int wf_control_addr(const char *dir, const char *name, struct sockaddr_un *ret_addr);

#endif
