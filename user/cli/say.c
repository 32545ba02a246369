// SPDX-License-Identifier: BSD-2-Clause
/*
 * say.c - lines on stderr, above a status line that is printed again after each line.
 */
#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weft/log.h>

static bool is_quiet;
static bool is_verbose;
static bool is_terminal;
static char status[256]; /* protected by the lock of stderr */

static void say(const char *prefix, const char *message)
{
	flockfile(stderr);
	if (*status)
		fputs("\r\033[K", stderr);
	fprintf(stderr, "%s%s\n", prefix, message);
	if (*status)
		fputs(status, stderr);
	fflush(stderr);
	funlockfile(stderr);
}

static void take_log(enum weft_log_level level, const char *message, void *ctx)
{
	switch (level) {
	case WEFT_LOG_ERROR:
		say("weft: ", message);
		break;
	case WEFT_LOG_WARN:
		say("weft: warning: ", message);
		break;
	case WEFT_LOG_INFO:
		if (!is_quiet)
			say("weft: ", message);
		break;
	case WEFT_LOG_DEBUG:
		if (is_verbose)
			say("weft: debug: ", message);
		break;
	}
}

void wf_say_init(bool quiet, bool verbose)
{
	is_verbose = verbose;
	is_quiet = quiet;
	is_terminal = isatty(STDERR_FILENO);
	weft_log_set(take_log, NULL);
}

static void say_format(const char *format, va_list args)
{
	char message[1024];

	vsnprintf(message, sizeof(message), format, args);
	say("weft: ", message);
}

void wf_say_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_format(format, args);
	va_end(args);
}

void wf_say_note(const char *format, ...)
{
	va_list args;

	if (is_quiet)
		return;
	va_start(args, format);
	say_format(format, args);
	va_end(args);
}

bool wf_say_has_status(void)
{
	return is_terminal && !is_quiet;
}

void wf_say_status(const char *text)
{
	if (!wf_say_has_status())
		return;
	flockfile(stderr);
	if (*status || *text)
		fprintf(stderr, "\r\033[K%s", text);
	snprintf(status, sizeof(status), "%s", text);
	fflush(stderr);
	funlockfile(stderr);
}
