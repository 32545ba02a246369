// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_dir.c - opens the directory of stream files: creates it if it is missing, checks that it
 * holds no stream file, and locks it.
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
#include "sink/stream_name.h"

static int check_name(const struct wf_sink *sink, const char *name)
{
	if (!wf_stream_name_is(name))
		return 0;
	wf_sink_log(
		sink, WEFT_LOG_ERROR,
		"%s contains stream files of an earlier run (such as %s); use an empty directory",
		sink->target, name);
	return -EEXIST;
}

static int check_empty(const struct wf_sink *sink, int dir)
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
		err = check_name(sink, entry->d_name);
	closedir(stream);
	return err;
}

int wf_stream_dir_open(const struct wf_sink *sink, int *ret_dir)
{
	const char *path = sink->target;
	int dir, err;

	if (mkdir(path, 0755) && errno != EEXIST) {
		err = -errno;
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s can't be created: %s", path, strerror(-err));
		return err;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = dir < 0 ? -errno : 0;
	if (!err && faccessat(dir, ".", W_OK | X_OK, AT_EACCESS))
		err = -errno;
	if (err) {
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s can't be written to: %s", path,
			    strerror(-err));
	} else if (flock(dir, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		err = -EBUSY;
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s is in use by another run", path);
	} else if (!sink->opts.continues_dir) {
		err = check_empty(sink, dir);
	}
	if (err && dir >= 0)
		close(dir);
	if (!err)
		*ret_dir = dir;
	return err;
}
