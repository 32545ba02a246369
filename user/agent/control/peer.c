// SPDX-License-Identifier: BSD-2-Clause
/*
 * peer.c - connects to control sockets, examines the process at the other end of a socket, and
 * reads the ids of users and groups.
 */
#include "agent/control/peer.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * A starting agent does not yet listen on its socket between bind() and listen(). So
 * wf_control_connect() removes a socket on which no process listens only if the socket is older
 * than STARTING_SEC.
 */
enum { STARTING_SEC = 10 };

enum {
	/* the id that the kernel shows for users and groups of other user namespaces */
	UNMAPPED_ID = 65534,
	/* supplementary groups of a process that has more than this number are not examined */
	GROUPS_MAX = 1024,
};

static void remove_dead(const struct sockaddr_un *addr)
{
	struct stat st;

	if (!lstat(addr->sun_path, &st) && S_ISSOCK(st.st_mode) &&
	    st.st_mtime + STARTING_SEC < time(NULL))
		unlink(addr->sun_path);
}

int wf_control_connect(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return fd;
	err = -errno;
	close(fd);
	if (err == -ECONNREFUSED)
		remove_dead(addr);
	return err;
}

pid_t wf_control_peer_pid(int fd)
{
	struct ucred peer = {0};
	socklen_t bytes = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) ? 0 : peer.pid;
}

int wf_control_parse_id(const char *text, id_t *ret_id)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (*end || errno || value >= (id_t)-1)
		return -EINVAL;
	*ret_id = (id_t)value;
	return 0;
}

int wf_control_find_group(const char *group, gid_t *ret_gid)
{
	const struct group *entry = getgrnam(group);
	id_t id;

	if (!entry && wf_control_parse_id(group, &id))
		return -ENOENT;
	*ret_gid = entry ? entry->gr_gid : id;
	return 0;
}

bool wf_control_peer_is_owner(int fd)
{
	struct ucred peer = {0};
	socklen_t bytes = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
		return false;
	return !peer.uid || (peer.uid == geteuid() && peer.uid != UNMAPPED_ID);
}

bool wf_control_peer_is_member(int fd, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t bytes = sizeof(groups);
	struct ucred peer = {0};
	socklen_t peer_bytes = sizeof(peer);

	if (group == UNMAPPED_ID || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes))
		return false;
	if (peer.gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes))
		return false;
	for (size_t i = 0; i < bytes / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

/*
 * Compare /proc/@pid/@name with /proc/self/@name. Return: 1 if both are the same file; 0 if they
 * differ; -errno if one can't be examined.
 */
static int is_same(pid_t pid, const char *name)
{
	struct stat peer, self;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	if (stat(path, &peer))
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/%s", name);
	if (stat(path, &self))
		return -errno;
	return peer.st_ino == self.st_ino;
}

/*
 * Only a process that may trace @pid can examine its ns/net. Other processes compare net/dev: each
 * network namespace has its own net/dev in procfs, whose inode number any user can read.
 */
bool wf_control_peer_is_here(pid_t pid, bool unknown)
{
	int same = pid ? is_same(pid, "ns/net") : -ESRCH;

	if (pid && same < 0)
		same = is_same(pid, "net/dev");
	return same < 0 ? unknown : same;
}
