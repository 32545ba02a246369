// SPDX-License-Identifier: BSD-2-Clause
/*
 * log.c - formats a message and passes it to the user's function.
 *
 * Thread: any. The user's function is set before other threads are created (weft/log.h).
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_BYTES = 1024 };

static weft_log_fn log_fn;
static void *log_ctx;

void weft_log_set(weft_log_fn fn, void *ctx)
{
	log_fn = fn;
	log_ctx = ctx;
}

void wf_log(enum weft_log_level level, const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list args;

	if (!log_fn)
		return;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_fn(level, message, log_ctx);
}
