/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer.h - connects to control sockets, examines the process at the other end of one, and reads the
 * ids of users and groups; used by agents and clients.
 *
 * Thread: any.
 */
#ifndef WF_AGENT_CONTROL_PEER_H
#define WF_AGENT_CONTROL_PEER_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

/*
 * Connect to @addr. If nobody listens on the socket and it is older than 10 s, it is removed.
 * Return: the descriptor, owned by the caller; -ECONNREFUSED if nobody listens; -EACCES and other
 * negative errno.
 */
int wf_control_connect(const struct sockaddr_un *addr);

/*
 * Return the id of the process that listens at the other end of @fd; 0 if it is not visible in this
 * process's PID namespace.
 */
pid_t wf_control_peer_pid(int fd);

/*
 * Read an id of a user or a group from @text, all decimal digits; (id_t)-1 is no id. Return: 0 on
 * success; -EINVAL.
 */
int wf_control_parse_id(const char *text, id_t *ret_id);

/* Find the group @group, a name or a number. Return: 0 on success; -ENOENT. */
int wf_control_find_group(const char *group, gid_t *ret_gid);

/*
 * Return true if the process at the other end of @fd runs as root, or as the user of this process.
 * The user to whom the kernel maps users of other user namespaces is not accepted.
 */
bool wf_control_peer_is_owner(int fd);

/* Return true if @group is among the groups that the process at the other end of @fd had when it
 * connected. */
bool wf_control_peer_is_member(int fd, gid_t group);

/*
 * Return: true if @pid is in the network namespace of this process; false if it is in another one;
 * @unknown if its namespace cannot be determined.
 */
bool wf_control_peer_is_here(pid_t pid, bool unknown);

#endif
