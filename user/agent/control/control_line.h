/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_line.h - sends and receives lines with a deadline, used by both ends of the control
 * socket.
 */
#ifndef WF_AGENT_CONTROL_CONTROL_LINE_H
#define WF_AGENT_CONTROL_CONTROL_LINE_H

#include <stddef.h>
#include <stdint.h>

enum {
	WF_CONTROL_REQUEST_MAX_BYTES = 1 << 18,
	WF_CONTROL_RESPONSE_MAX_BYTES = 1 << 20,
};

/* struct wf_control_line - received bytes; @text is freed by the caller with free() */
struct wf_control_line {
	char *text; /* first line, with its newline replaced by NUL */
	size_t max_bytes;
	size_t line_bytes; /* length of the first line with its NUL; 0: no complete line */
	size_t used_bytes;
	size_t capacity_bytes;
};

uint64_t wf_control_deadline_ns(unsigned timeout_ms);

/*
 * Receive until @line holds a complete line. @stop_fd: receiving is cancelled when it is readable;
 * -1: none. Return: 0 on success; -ETIMEDOUT at the deadline; -ENODATA if the peer has closed the
 * connection; -EMSGSIZE if the line is too long; -ECANCELED; other -errno.
 */
int wf_control_receive_line(int fd, struct wf_control_line *line, int stop_fd,
			    uint64_t deadline_ns);

/* Remove the first line; the bytes after it remain. */
void wf_control_line_next(struct wf_control_line *line);

/*
 * Send @text and a newline; @text contains none. Return: 0 on success; -ETIMEDOUT at the deadline;
 * other -errno.
 */
int wf_control_send_line(int fd, const char *text, uint64_t deadline_ns);

#endif
