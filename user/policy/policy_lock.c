// SPDX-License-Identifier: BSD-2-Clause
/*
 * policy_lock.c - locks the policy file of an agent.
 */
#include "policy/policy_lock.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 128 };

/*
 * Open the file. It is written as root in a directory that may belong to the agent's user, so a
 * link that leads to another file is rejected.
 */
static int open_lock(struct wf_policy_lock *lock, int dir_fd, const char *name)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	struct stat stat;

	lock->fd = openat(dir_fd, name, flags | O_CREAT | O_EXCL, 0640);
	lock->is_made = lock->fd >= 0;
	if (lock->fd < 0 && errno == EEXIST)
		lock->fd = openat(dir_fd, name, flags);
	if (lock->fd < 0 || fstat(lock->fd, &stat))
		return -errno;
	return S_ISREG(stat.st_mode) && stat.st_nlink == 1 ? 0 : -EPERM;
}

static void read_holder(int fd, char ret_holder[WF_POLICY_HOLDER_BYTES])
{
	ssize_t got = pread(fd, ret_holder, WF_POLICY_HOLDER_BYTES - 1, 0);

	ret_holder[got > 0 ? got : 0] = '\0';
	ret_holder[strcspn(ret_holder, "\n")] = '\0';
	for (char *at = ret_holder; *at; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
}

/* Replace the contents of the file by the line @self. Return: 0; -EIO if it was not written. */
static int write_holder(int fd, const char *self)
{
	char line[WF_POLICY_HOLDER_BYTES];
	ssize_t bytes;

	snprintf(line, sizeof(line), "%.*s\n", WF_POLICY_HOLDER_BYTES - 2, self);
	bytes = (ssize_t)strlen(line);
	return ftruncate(fd, 0) || pwrite(fd, line, (size_t)bytes, 0) != bytes ? -EIO : 0;
}

int wf_policy_lock_take(struct wf_policy_lock *lock, int dir_fd, const char *agent,
			const char *self, char ret_holder[WF_POLICY_HOLDER_BYTES])
{
	char name[NAME_BYTES];
	int err;

	snprintf(name, sizeof(name), "policy-%.100s.lock", agent);
	err = open_lock(lock, dir_fd, name);
	if (!err && flock(lock->fd, LOCK_EX | LOCK_NB))
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (err == -EBUSY)
		read_holder(lock->fd, ret_holder);
	if (!err)
		err = write_holder(lock->fd, self);
	if (err)
		wf_policy_lock_put(lock);
	return err;
}

void wf_policy_lock_put(struct wf_policy_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
