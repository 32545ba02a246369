// SPDX-License-Identifier: BSD-2-Clause
/*
 * sink_class.c - functions used by every kind of sink.
 */
#include "sink/sink_class.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 1024 };

/* Keep @error for wf_sink_failure(). */
static void keep_error(const struct wf_sink *sink, const char *error)
{
	/* wf_sink_log() takes a const sink, of which it changes this member only. */
	char *last_error = (char *)sink->last_error;

	if (!atomic_load(&sink->ended_by_failure))
		snprintf(last_error, sizeof(sink->last_error), "%s", error);
}

void wf_sink_log(const struct wf_sink *sink, enum weft_log_level level, const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list args;
	int len;

	len = snprintf(message, sizeof(message), "%s: ", sink->class->name);
	va_start(args, format);
	vsnprintf(message + len, sizeof(message) - (size_t)len, format, args);
	va_end(args);
	if (level == WEFT_LOG_ERROR)
		keep_error(sink, message + len);
	if (sink->opts.log)
		sink->opts.log(level, message, sink->opts.log_ctx);
}

int wf_sink_give(const struct wf_sink *sink, int fd)
{
	const struct wf_sink_opts *opts = &sink->opts;

	/* Once the process has become the user, new files belong to that user. */
	if (!opts->has_owner || geteuid() == opts->owner_uid)
		return 0;
	return fchown(fd, opts->owner_uid, opts->owner_gid) ? -errno : 0;
}

bool wf_file_user_begin(uid_t uid, gid_t gid)
{
	if (geteuid() == uid)
		return false;
	setfsgid(gid);
	setfsuid(uid);
	return true;
}

void wf_file_user_end(void)
{
	setfsuid(geteuid());
	setfsgid(getegid());
}

bool wf_sink_owner_begin(const struct wf_sink *sink)
{
	const struct wf_sink_opts *opts = &sink->opts;

	return opts->has_owner && wf_file_user_begin(opts->owner_uid, opts->owner_gid);
}

/* Read the owner of @path. If @path does not exist, read that of its directory. */
static bool find_owner(const char *path, const char **ret_path, char dir[PATH_MAX], uid_t *ret_uid)
{
	struct stat st;

	*ret_path = path;
	if (stat(path, &st)) {
		snprintf(dir, PATH_MAX, "%s", path);
		*ret_path = dirname(dir);
		if (stat(*ret_path, &st))
			return false;
	}
	*ret_uid = st.st_uid;
	return true;
}

const char *wf_sink_denied(const char *path, int err, char ret_text[WF_SINK_DENIED_BYTES])
{
	char dir[PATH_MAX];
	const char *owned;
	uid_t uid;

	if (err != -EACCES || !find_owner(path, &owned, dir, &uid) || uid == geteuid())
		snprintf(ret_text, WF_SINK_DENIED_BYTES, "%s", strerror(-err));
	else
		snprintf(ret_text, WF_SINK_DENIED_BYTES,
			 "%s; %.128s belongs to the user %u, and weft is the user %u without "
			 "CAP_DAC_OVERRIDE; to change that: chown %u %.64s",
			 strerror(-err), owned, (unsigned int)uid, (unsigned int)geteuid(),
			 (unsigned int)geteuid(), owned);
	return ret_text;
}

int wf_sink_failed(struct wf_sink *sink, int err)
{
	int none = 0;

	atomic_compare_exchange_strong(&sink->err, &none, err);
	return err;
}
