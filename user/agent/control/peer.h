/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer.h - finds the process that listens on a control socket; used by agents and clients.
 *
 * Thread: any.
 */
#ifndef WF_AGENT_CONTROL_PEER_H
#define WF_AGENT_CONTROL_PEER_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

/*
 * Connect to @addr. A socket that a dead agent left is removed. Return: the descriptor, owned by
 * the caller; -ECONNREFUSED if nobody listens; -EACCES and other negative errno.
 */
int wf_control_connect(const struct sockaddr_un *addr);

/* Return the process that listens at the other end of @fd; 0 if it is not visible. */
pid_t wf_control_peer_pid(int fd);

/*
 * Return: true if @pid is in the network namespace of this process; false if it is in another one;
 * @unknown if its namespace cannot be determined.
 */
bool wf_control_peer_is_here(pid_t pid, bool unknown);

/*
 * Set @ret_addr to DIR/NAME@NETNS.sock, with the number of this process' network namespace. Return:
 * 0 on success; negative errno.
 */
int wf_control_addr_here(const char *dir, const char *name, struct sockaddr_un *ret_addr);

#endif
