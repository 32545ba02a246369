// SPDX-License-Identifier: BSD-2-Clause
/*
 * sink_class.c - functions used by every kind of sink.
 */
#include "sink/sink_class.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
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

int wf_sink_failed(struct wf_sink *sink, int err)
{
	int none = 0;

	atomic_compare_exchange_strong(&sink->err, &none, err);
	return err;
}
