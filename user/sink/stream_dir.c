// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_dir.c - opens the directory of stream files: creates it if it is missing, locks it, and
 * checks that it holds no stream file of an earlier run, or deletes these.
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

/* Delete the stream file @name of an earlier run, or refuse to use the directory. */
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
	} else if (!sink->opts.continues && sink->opts.append != WEFT_ON) {
		err = check_files(sink, dir);
	}
	if (err && dir >= 0)
		close(dir);
	if (!err)
		*ret_dir = dir;
	return err;
}
