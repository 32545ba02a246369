// SPDX-License-Identifier: BSD-2-Clause
/*
 * request.c - functions shared by requests: error responses and times.
 */
#include "agent/request.h"

#include <stdio.h>
#include <time.h>

json_t *wf_request_refuse(struct wf_control_error *ret_error, const char *what, const char *why)
{
	snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s", what, why);
	return NULL;
}

json_t *wf_request_refuse_usage(struct wf_control_error *ret_error, const char *what,
				const char *why)
{
	ret_error->is_usage = true;
	return wf_request_refuse(ret_error, what, why);
}

json_t *wf_request_time_new(uint64_t ns)
{
	time_t sec = (time_t)(ns / 1000000000u);
	char text[40];
	struct tm utc;
	size_t len;

	gmtime_r(&sec, &utc);
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + len, sizeof(text) - len, ".%06u+0000",
		 (unsigned int)(ns % 1000000000u / 1000u));
	return json_string(text);
}
