/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client_socket.h - connects to an agent, sends and receives, each with a time limit.
 *
 * Thread: any.
 */
#ifndef WF_CLIENT_CLIENT_SOCKET_H
#define WF_CLIENT_CLIENT_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct weft_client_opts;

/* Return the deadline that is @timeout_ms from now; @timeout_ms -1: a deadline never reached. */
uint64_t wf_client_deadline_ns(int timeout_ms);

/*
 * Connect to the socket that @opts names. @ret_path: its path, also on failure, cut off at the
 * maximum length of a socket's path or at @path_bytes bytes. Return: the descriptor, which is
 * non-blocking and owned by the caller; -ETIMEDOUT at @deadline_ns; other negative errno.
 */
int wf_client_connect(const struct weft_client_opts *opts, uint64_t deadline_ns, char *ret_path,
		      size_t path_bytes);

/* Send all of @bytes. Return: 0 on success; -ETIMEDOUT; other negative errno. */
int wf_client_send(int fd, const char *bytes, size_t len_bytes, uint64_t deadline_ns);

/*
 * Receive at least one byte, and descriptors that come with them. @fds: @fds_max of them, owned by
 * the caller, -1 if there are fewer; NULL: none is received. Return: as wf_client_receive().
 */
ssize_t wf_client_receive_fds(int fd, void *bytes, size_t room_bytes, uint64_t deadline_ns,
			      int *fds, size_t fds_max);

/*
 * Receive at least one byte. Return: the number of bytes; 0 at the end of the stream; -EAGAIN at
 * the deadline or if a signal arrived first; other negative errno.
 */
ssize_t wf_client_receive(int fd, void *bytes, size_t room_bytes, uint64_t deadline_ns);

#endif
