// SPDX-License-Identifier: BSD-2-Clause
/*
 * last_error.c - implements weft_last_error().
 */
#include "api/last_error.h"

#include <weft/weft.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/handle.h"
#include "base/log.h"

/* the text that weft_last_error() last returned to this thread */
static _Thread_local char returned[WF_LOG_BYTES];

void wf_api_begin(void)
{
	wf_log_set_last_error("");
}

int wf_api_end(struct weft *weft, const char *call, int err)
{
	if (err >= 0)
		return err;
	if (!*wf_log_last_error()) {
		char text[WF_LOG_BYTES];

		snprintf(text, sizeof(text), "%s(): %s", call,
			 err == -ETIMEDOUT ? "the time limit has passed" : strerror(-err));
		wf_log_set_last_error(text);
	}
	if (!weft || wf_lock_take(&weft->error_lock, call))
		return err;
	memcpy(weft->error, wf_log_last_error(), sizeof(weft->error));
	wf_lock_put(&weft->error_lock);
	return err;
}

const char *weft_last_error(struct weft *weft)
{
	if (!weft)
		return wf_log_last_error();
	if (wf_lock_take(&weft->error_lock, "weft_last_error"))
		return wf_log_last_error();
	memcpy(returned, weft->error, sizeof(returned));
	wf_lock_put(&weft->error_lock);
	return returned;
}
