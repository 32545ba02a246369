// SPDX-License-Identifier: BSD-2-Clause
/*
 * request.c - functions shared by requests: error responses, and the check of a filter expression.
 */
#include "agent/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

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

int wf_request_check_expression(const char *expression, struct wf_control_error *ret_error)
{
	char reason[160];
	int err = expression ? weft_filter_check(expression, reason, sizeof(reason)) : 0;

	if (err == -EINVAL)
		wf_request_refuse_usage(ret_error,
					"not a filter expression in the syntax of tcpdump", reason);
	else if (err)
		wf_request_refuse(ret_error, "filter", strerror(-err));
	return err;
}
