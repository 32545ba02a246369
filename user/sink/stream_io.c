// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_io.c - stream files are created with O_EXCL and opened with O_NOFOLLOW, by a bare name in
 * the opened directory: no link is followed, and nothing outside is written.
 */
#include "sink/stream_io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/limits.h>

enum {
	NUMBERS_TRIED = 64, /* maximum number of retries if a file name is in use */
	OPEN_SPARED = 64,   /* file descriptors that are not used for stream files */
};

uint32_t wf_stream_file_open_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= WEFT_FILES_OPEN_MAX + OPEN_SPARED)
		return WEFT_FILES_OPEN_MAX;
	return limit.rlim_cur > 2 * OPEN_SPARED ? (uint32_t)limit.rlim_cur - OPEN_SPARED
						: OPEN_SPARED / 2;
}

void wf_stream_file_close(struct wf_stream_table *table, struct wf_stream_file *file)
{
	close(file->fd);
	wf_stream_table_set_fd(table, file, -1);
}

void wf_stream_file_remove(int dir, struct wf_stream_table *table, struct wf_stream_file *file,
			   const char *name)
{
	wf_stream_file_close(table, file);
	unlinkat(dir, name, 0);
	file->made = false;
}

/*
 * Like openat(), but when no descriptor is left, close the stream file that was idle longest and
 * try again.
 */
static int open_name(int dir, struct wf_stream_table *table, const char *name, int flags)
{
	for (;;) {
		int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | flags, 0640);
		int err = errno;

		if (fd >= 0)
			return fd;
		if ((err != EMFILE && err != ENFILE) || !table->open.count)
			return -err;
		wf_stream_file_close(table, wf_stream_table_oldest_open(table));
	}
}

/*
 * Return true if @name is a regular file. It is then a stream file of this run or, with --append,
 * of an earlier one.
 */
static bool is_ours(int dir, const char *name)
{
	struct stat st;

	return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);
}

/*
 * Return true if an earlier connection with the same addresses, ports, VLAN ids and VNI has a file
 * whose name contains these ids.
 */
static bool is_by_tenant(int dir, const struct weft_event *event)
{
	const struct wf_stream_number first = {.number = 1, .by_tenant = true};
	char name[WF_STREAM_NAME_BYTES];

	if (event->flow->use == 1 || !wf_stream_has_tenant(event->flow))
		return false;
	wf_stream_name(event->flow, event->dir, first, name);
	return is_ours(dir, name);
}

/*
 * Return the number of the first name to try. Both directions of a connection should have the same
 * number.
 */
static struct wf_stream_number first_number(int dir, struct wf_stream_table *table,
					    const struct weft_event *event)
{
	struct wf_stream_file *other = wf_stream_table_find(table, event->flow->id, event->dir ^ 1);

	if (other && other->made)
		return wf_stream_file_number(other);
	return (struct wf_stream_number){.number = event->flow->use,
					 .by_tenant = is_by_tenant(dir, event)};
}

static int make_file(int dir, struct wf_stream_table *table, struct wf_stream_file *file,
		     const struct weft_event *event, char *name)
{
	struct wf_stream_number number = first_number(dir, table, event);
	struct stat st;
	int fd;

	for (uint32_t tries = 0;; tries++) {
		wf_stream_name(event->flow, event->dir, number, name);
		fd = open_name(dir, table, name, O_CREAT | O_EXCL);
		if (fd != -EEXIST || tries == NUMBERS_TRIED || !is_ours(dir, name))
			break;
		number.number += number.by_tenant || !wf_stream_has_tenant(event->flow);
		number.by_tenant = wf_stream_has_tenant(event->flow);
	}
	file->number = number.number;
	file->by_tenant = number.by_tenant;
	if (fd < 0)
		return fd;
	if (!fstat(fd, &st))
		file->inode = st.st_ino;
	file->made = true;
	return fd;
}

static int open_again(int dir, struct wf_stream_table *table, struct wf_stream_file *file,
		      const struct weft_event *event, char *name)
{
	struct stat st;
	int fd;

	wf_stream_name(event->flow, event->dir, wf_stream_file_number(file), name);
	fd = open_name(dir, table, name, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || (file->inode && st.st_ino != file->inode) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -ESTALE;
	}
	if (!file->inode)
		file->written_off = (uint64_t)st.st_size;
	file->inode = st.st_ino;
	return fd;
}

int wf_stream_file_open(int dir, struct wf_stream_table *table, struct wf_stream_file *file,
			const struct weft_event *event, char *ret_name)
{
	return file->made ? open_again(dir, table, file, event, ret_name)
			  : make_file(dir, table, file, event, ret_name);
}

int wf_stream_file_write(int fd, struct iovec *iov, int count, uint64_t off, uint64_t *ret_written)
{
	uint64_t written = 0;

	while (count) {
		ssize_t got = pwritev(fd, iov, count, (off_t)(off + written));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			*ret_written = written;
			return got ? -errno : -EIO;
		}
		written += (uint64_t)got;
		while (count && (size_t)got >= iov->iov_len) {
			got -= (ssize_t)iov->iov_len;
			iov++;
			count--;
		}
		if (count) {
			iov->iov_base = (char *)iov->iov_base + got;
			iov->iov_len -= (size_t)got;
		}
	}
	*ret_written = written;
	return 0;
}

bool wf_stream_error_is_general(int err)
{
	switch (-err) {
	case ENOSPC:
	case EDQUOT:
	case EIO:
	case EROFS:
	case ENOENT: /* the directory was removed */
	case EACCES:
	case EPERM:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return true;
	}
	return false;
}
