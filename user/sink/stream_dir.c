// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_dir.c - opens the directory of stream files: creates it if it is missing, locks it, and
 * checks that it holds no stream files of an earlier run, unless options keep them (--append) or
 * delete them (--force). The lock lasts as long as the directory is open, also after it was moved
 * away.
 *
 * At the start, weft may still be root although another user will write the files. Root without
 * CAP_DAC_OVERRIDE may not change a directory of that user, so such a change is tried again with
 * the permissions of the user.
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

/* Delete @name in the directory @dir. Return: 0; negative errno. */
static int delete_file(const struct wf_sink *sink, int dir, const char *name)
{
	int err = unlinkat(dir, name, 0) ? -errno : 0;

	if (err == -EACCES && wf_sink_owner_begin(sink)) {
		err = unlinkat(dir, name, 0) ? -errno : 0;
		wf_file_user_end();
	}
	return err;
}

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
	err = delete_file(sink, dir, name);
	if (err)
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

/* Return: 0; -EEXIST; other errno (logged). */
static int make_dir(const struct wf_sink *sink)
{
	char why[WF_SINK_DENIED_BYTES];
	int err = mkdir(sink->target, 0755) ? -errno : 0;

	if (err == -EACCES && wf_sink_owner_begin(sink)) {
		err = mkdir(sink->target, 0755) ? -errno : 0;
		wf_file_user_end();
	}
	if (err && err != -EEXIST)
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s can't be created: %s", sink->target,
			    wf_sink_denied(sink->target, err, why));
	return err;
}

/*
 * Return 0 if the process may create files in the directory @dir. If it will become another user,
 * agent/privileges/plan.c has checked this for that user and its groups.
 */
static int check_access(const struct wf_sink *sink, int dir)
{
	if (sink->opts.has_owner && geteuid() != sink->opts.owner_uid)
		return 0;
	return faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) ? -errno : 0;
}

/* Lock the directory @dir, and check the files in it. Return: 0; negative errno (logged). */
static int lock_dir(const struct wf_sink *sink, int dir, bool is_made)
{
	if (flock(dir, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s is in use by another run", sink->target);
		return -EBUSY;
	}
	if (is_made || sink->opts.continues || sink->opts.append == WEFT_ON)
		return 0;
	return check_files(sink, dir);
}

/* Open the directory, which this call has made if @is_made. Return: 0; negative errno (logged). */
static int open_made(const struct wf_sink *sink, bool is_made, int *ret_dir)
{
	char why[WF_SINK_DENIED_BYTES];
	/*
	 * O_NOFOLLOW: if a symbolic link has replaced the new directory, the directory that the
	 * link names must not be given to the user.
	 */
	int dir =
		open(sink->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (is_made ? O_NOFOLLOW : 0));
	int err = dir < 0 ? -errno : 0;

	if (!err && is_made)
		err = wf_sink_give(sink, dir);
	if (!err)
		err = check_access(sink, dir);
	if (err)
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s can't be written to: %s", sink->target,
			    wf_sink_denied(sink->target, err, why));
	else
		err = lock_dir(sink, dir, is_made);
	if (err && dir >= 0)
		close(dir);
	if (!err)
		*ret_dir = dir;
	return err;
}

static int open_dir(const struct wf_sink *sink, int *ret_dir)
{
	int err = make_dir(sink);
	const bool is_made = !err;

	if (err && err != -EEXIST)
		return err;
	err = open_made(sink, is_made, ret_dir);
	/* The next start would find a directory that nobody uses. */
	if (err && is_made)
		rmdir(sink->target);
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
