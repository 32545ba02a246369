// SPDX-License-Identifier: BSD-2-Clause
#include "agent/control/filter_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

#include "agent/control/control.h"

int wf_control_check_filter(const char *expression, struct wf_control_error *ret_error)
{
	char reason[160];
	int err = expression ? weft_filter_check(expression, reason, sizeof(reason)) : 0;

	if (!err)
		return 0;
	ret_error->is_usage = err == -EINVAL;
	if (ret_error->is_usage)
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "not a filter expression in the syntax of tcpdump: %s", reason);
	else
		snprintf(ret_error->text, sizeof(ret_error->text), "filter: %s", strerror(-err));
	return err;
}
