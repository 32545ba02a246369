// SPDX-License-Identifier: BSD-2-Clause
/*
 * log.c - formats a message, passes it to the user's function, and keeps each thread's last error.
 *
 * Thread: any. The user's function needs no lock: it is set only while no handle exists
 * (weft/log.h).
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static weft_log_fn log_fn;
static void *log_ctx;
static _Thread_local char last_error[WF_LOG_BYTES];

void weft_log_set(weft_log_fn fn, void *ctx)
{
	log_fn = fn;
	log_ctx = ctx;
}

void wf_log(enum weft_log_level level, const char *format, ...)
{
	char message[WF_LOG_BYTES];
	va_list args;

	if (!log_fn && level != WEFT_LOG_ERROR)
		return;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (level == WEFT_LOG_ERROR)
		wf_log_set_last_error(message);
	if (log_fn)
		log_fn(level, message, log_ctx);
}

const char *wf_log_last_error(void)
{
	return last_error;
}

void wf_log_set_last_error(const char *text)
{
	snprintf(last_error, sizeof(last_error), "%s", text);
}
