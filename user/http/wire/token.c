// SPDX-License-Identifier: BSD-2-Clause
/*
 * token.c - makes the secret and its file.
 *
 * The file is written under a temporary name and renamed, so that a reader never sees a part of the
 * token, and a link at its path is replaced and not followed.
 */
#include "http/wire/token.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUP_BUF_BYTES = 4096 };

static int make_text(char ret_text[WF_GUARD_TOKEN_CHARS + 1])
{
	uint8_t bytes[WF_GUARD_TOKEN_CHARS / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(ret_text + 2 * i, "%02x", bytes[i]);
	return 0;
}

/*
 * Let @group or, if there is no such group, the group of root read the file. The group is set in
 * both cases, because a new file in a directory with the set-group-ID bit has the group of the
 * directory.
 */
static void set_group(int fd, const char *group)
{
	char buf[GROUP_BUF_BYTES];
	struct group entry;
	struct group *found = NULL;

	if (getgrnam_r(group, &entry, buf, sizeof(buf), &found))
		found = NULL;
	if (!fchown(fd, (uid_t)-1, found ? found->gr_gid : 0))
		fchmod(fd, 0640);
}

/*
 * Create and write the file. Return: its descriptor; negative errno. While the descriptor is open,
 * no other file gets the same inode number.
 */
static int write_file(const char *path, const char *text, const char *group)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	set_group(fd, group);
	if (dprintf(fd, "%s\n", text) > 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int wf_token_make(const char *path, const char *group, struct wf_token *ret_token)
{
	char temporary[PATH_MAX];
	int err = make_text(ret_token->text);
	int fd;

	if (err)
		return err;
	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	if (unlink(temporary) && errno != ENOENT)
		return -errno;
	fd = write_file(temporary, ret_token->text, group);
	if (fd >= 0 && !rename(temporary, path)) {
		ret_token->path = path;
		ret_token->fd = fd;
		return 0;
	}
	err = fd < 0 ? fd : -errno;
	if (fd >= 0)
		close(fd);
	unlink(temporary);
	return err;
}

void wf_token_remove(struct wf_token *token)
{
	struct stat ours, named;

	if (!token->path)
		return;
	if (!fstat(token->fd, &ours) && !lstat(token->path, &named) &&
	    ours.st_dev == named.st_dev && ours.st_ino == named.st_ino)
		unlink(token->path);
	close(token->fd);
	token->path = NULL;
}
