// SPDX-License-Identifier: BSD-2-Clause
/*
 * event_file.c - opens, cuts off and writes the file of events.
 */
#include "collect/disk/event_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/disk/sync.h"

static int open_path(const char *path)
{
	int fd = !strcmp(path, "-") ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
				    : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

	return fd < 0 ? -errno : fd;
}

/* Make sure that the name of a new file is on disk, too. */
static int sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int err = fd < 0 || fsync(fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	free(parent);
	return err;
}

/* Lock @fd and set the members that describe it. */
static int describe(struct wf_event_file *file, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	file->is_regular = S_ISREG(st.st_mode) && strcmp(file->path, "-");
	file->inode = file->is_regular ? st.st_ino : 0;
	file->bytes = file->is_regular ? (uint64_t)st.st_size : 0;
	file->fd = fd;
	if (!file->is_regular)
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return sync_parent(file->path);
}

int wf_event_file_open(struct wf_event_file *file, const char *path, uint64_t inode, uint64_t bytes,
		       const char **ret_note)
{
	int fd = open_path(path);
	int err;

	*file = (struct wf_event_file){.path = path, .fd = -1};
	*ret_note = NULL;
	if (fd < 0)
		return fd;
	err = describe(file, fd);
	if (!err && file->is_regular && inode == file->inode && file->bytes > bytes) {
		if (ftruncate(fd, (off_t)bytes))
			err = -errno;
		file->bytes = bytes;
	} else if (!err && file->is_regular && inode == file->inode && file->bytes < bytes) {
		*ret_note = "is shorter than it was: lines were removed by somebody else";
	} else if (!err && file->is_regular && inode && inode != file->inode) {
		*ret_note = "is another file than before: the last lines of the former one may be "
			    "repeated";
	}
	file->lines = err ? NULL : malloc(WF_EVENT_FILE_ROOM);
	file->room = WF_EVENT_FILE_ROOM;
	if (!err && !file->lines)
		err = -ENOMEM;
	if (err)
		wf_event_file_close(file);
	return err;
}

/* Write the lines in memory. After a failure, a later call continues. Return: 0; negative errno. */
static int write_lines(struct wf_event_file *file)
{
	if (!file->len)
		return 0;
	while (file->written < file->len) {
		ssize_t got =
			write(file->fd, file->lines + file->written, file->len - file->written);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			file->has_failed_write = true;
			return got ? -errno : -EIO;
		}
		file->written += (size_t)got;
		file->bytes += file->is_regular ? (uint64_t)got : 0;
	}
	file->len = 0;
	file->written = 0;
	file->is_dirty = true;
	return 0;
}

int wf_event_file_add(struct wf_event_file *file, const char *text, size_t len)
{
	size_t room = file->room;
	char *lines;
	int err;

	if (file->len + len > WF_EVENT_FILE_ROOM_MAX) {
		err = write_lines(file);
		if (err)
			return err;
	}
	while (room - file->len < len)
		room *= 2;
	if (room != file->room) {
		lines = realloc(file->lines, room);
		if (!lines)
			return -ENOMEM;
		file->lines = lines;
		file->room = room;
	}
	memcpy(file->lines + file->len, text, len);
	file->len += len;
	return 0;
}

int wf_event_file_sync(struct wf_event_file *file)
{
	int err = file->err ? file->err : write_lines(file);

	if (err)
		return err;
	if (file->is_dirty && file->is_regular)
		file->err = wf_disk_sync(file->fd, file->has_failed_write);
	if (file->err)
		return file->err;
	file->is_dirty = false;
	file->has_failed_write = false;
	return 0;
}

int wf_event_file_reopen(struct wf_event_file *file)
{
	struct wf_event_file next = *file;
	int fd;
	int err;

	if (!file->is_regular)
		return 0;
	fd = open_path(file->path);
	if (fd < 0)
		return fd;
	/*
	 * If the path still names the same file, the lock of the old descriptor would prevent that
	 * of the new one.
	 */
	flock(file->fd, LOCK_UN);
	err = describe(&next, fd);
	if (err) {
		close(fd);
		flock(file->fd, LOCK_EX | LOCK_NB);
		return err;
	}
	close(file->fd);
	*file = next;
	return 0;
}

void wf_event_file_close(struct wf_event_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->lines);
	file->fd = -1;
	file->lines = NULL;
}
