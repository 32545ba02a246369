/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket_path.h - the paths of an agent's control sockets.
 *
 * Thread: any.
 */
#ifndef WF_CLIENT_SOCKET_PATH_H
#define WF_CLIENT_SOCKET_PATH_H

#include <sys/un.h>

/* Set @ret_addr to DIR/NAME.sock. Return: 0 on success; -ENAMETOOLONG if the path is too long. */
int wf_socket_path(const char *dir, const char *name, struct sockaddr_un *ret_addr);

/*
 * Set @ret_addr to DIR/NAME@NETNS.sock, with the number of this process' network namespace. Return:
 * 0 on success; negative errno.
 */
int wf_socket_path_here(const char *dir, const char *name, struct sockaddr_un *ret_addr);

#endif
