// SPDX-License-Identifier: BSD-2-Clause
/*
 * sink_class.c - functions used by every kind of sink.
 */
#include "sink/sink_class.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_BYTES = 1024 };

void wf_sink_log(const struct wf_sink *sink, enum weft_log_level level, const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list args;
	int len;

	if (!sink->opts.log)
		return;
	len = snprintf(message, sizeof(message), "%s: ", sink->class->name);
	va_start(args, format);
	vsnprintf(message + len, sizeof(message) - (size_t)len, format, args);
	va_end(args);
	sink->opts.log(level, message, sink->opts.log_ctx);
}

int wf_sink_failed(struct wf_sink *sink, int err)
{
	int none = 0;

	atomic_compare_exchange_strong(&sink->err, &none, err);
	return err;
}
