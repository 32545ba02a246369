/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handle.h - the body of a public handle: an engine, a lock for set-up calls, and the last error.
 */
#ifndef WF_API_HANDLE_H
#define WF_API_HANDLE_H

#include "base/lock.h"
#include "base/log.h"

struct wf_engine;

struct weft {
	struct wf_engine *engine; /* owned */
	struct wf_lock lock;	  /* held by a call that sets up or starts the handle */
	struct wf_lock error_lock;
	char error[WF_LOG_BYTES]; /* text of the last error; under error_lock */
};

#endif
