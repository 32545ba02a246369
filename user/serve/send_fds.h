/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * send_fds.h - sends descriptors on a local socket.
 *
 * Thread: any.
 */
#ifndef WF_SERVE_SEND_FDS_H
#define WF_SERVE_SEND_FDS_H

#include <stddef.h>

enum { WF_SEND_FDS_MAX = 4 };

/*
 * Send @len bytes, at least 1, and with them @count descriptors, at most WF_SEND_FDS_MAX, without
 * waiting. Return: 0 on success; -ECONNRESET if the connection does not take all of it at once.
 */
int wf_send_fds(int fd, const void *bytes, size_t len, const int *fds, size_t count);

#endif
