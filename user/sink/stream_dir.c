// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_dir.c - opens the directory of stream files: creates it if it is missing, locks it, and
 * checks that it holds no stream files of an earlier run, unless options keep them (--append) or
 * delete them (--force). The lock lasts as long as the directory is open, also after it was moved
 * away.
 */
#include "sink/stream_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/sink_class.h"
#include "sink/format/stream_name.h"

/*
 * If @name is a stream file of an earlier run, delete it (--force) or refuse to use the directory.
 */
static int check_name(const struct wf_sink *sink, int dir, const char *name)
{
	int err;

	if (!wf_stream_name_is(name))
		return 0;
	if (sink->opts.force != WEFT_ON) {
		wf_sink_log(sink, WEFT_LOG_ERROR,
			    "%s contains stream files of an earlier run (such as %s); use an empty "
			    "directory, keep them with --append, or delete them with --force",
			    sink->target, name);
		return -EEXIST;
	}
	if (!unlinkat(dir, name, 0))
		return 0;
	err = -errno;
	wf_sink_log(sink, WEFT_LOG_ERROR, "%s/%s can't be deleted: %s", sink->target, name,
		    strerror(-err));
	return err;
}

static int check_files(const struct wf_sink *sink, int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int err = 0;

	if (!stream) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s can't be listed: %s", sink->target,
			    strerror(-err));
		return err;
	}
	while (!err && (entry = readdir(stream)))
		err = check_name(sink, dir, entry->d_name);
	closedir(stream);
	return err;
}

static int open_dir(const struct wf_sink *sink, int *ret_dir)
{
	const char *path = sink->target;
	const bool is_made = !mkdir(path, 0755);
	int dir, err;

	if (!is_made && errno != EEXIST) {
		err = -errno;
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s can't be created: %s", path, strerror(-err));
		return err;
	}
	/*
	 * O_NOFOLLOW: if a symbolic link has replaced the new directory, the directory that the
	 * link names must not be given to the user.
	 */
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (is_made ? O_NOFOLLOW : 0));
	err = dir < 0 ? -errno : 0;
	if (!err && is_made)
		err = wf_sink_give(sink, dir);
	if (!err && faccessat(dir, ".", W_OK | X_OK, AT_EACCESS))
		err = -errno;
	if (err) {
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s can't be written to: %s", path,
			    strerror(-err));
	} else if (flock(dir, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		err = -EBUSY;
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s is in use by another run", path);
	} else if (!sink->opts.continues && sink->opts.append != WEFT_ON) {
		err = check_files(sink, dir);
	}
	if (err && dir >= 0)
		close(dir);
	if (!err)
		*ret_dir = dir;
	return err;
}

int wf_stream_dirs_open(const struct wf_sink *sink, struct wf_stream_dirs *ret_dirs)
{
	ret_dirs->current = 0;
	ret_dirs->fd[1] = -1;
	return open_dir(sink, &ret_dirs->fd[0]);
}

/* Return true if the target of @sink is the directory @dir. */
static bool is_target(const struct wf_sink *sink, int dir)
{
	struct stat target, opened;

	return !stat(sink->target, &target) && !fstat(dir, &opened) &&
	       target.st_dev == opened.st_dev && target.st_ino == opened.st_ino;
}

bool wf_stream_dirs_reopen(struct wf_sink *sink, struct wf_stream_dirs *dirs)
{
	uint8_t next = !dirs->current;
	bool is_same = is_target(sink, dirs->fd[dirs->current]);
	int fd, err = is_same ? 0 : open_dir(sink, &fd);

	atomic_store(&sink->reopen_failed, err);
	if (is_same)
		return false;
	if (err) {
		wf_sink_log(sink, WEFT_LOG_ERROR,
			    "%s can't be opened again; streams are still written to the directory "
			    "that was moved away",
			    sink->target);
		return false;
	}
	if (dirs->fd[next] >= 0)
		close(dirs->fd[next]);
	dirs->fd[next] = fd;
	dirs->current = next;
	wf_sink_log(sink, WEFT_LOG_INFO, "%s was opened again: new streams are written there",
		    sink->target);
	return true;
}

void wf_stream_dirs_close(struct wf_stream_dirs *dirs)
{
	for (int i = 0; i < 2; i++)
		if (dirs->fd[i] >= 0)
			close(dirs->fd[i]);
}
