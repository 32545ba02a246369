/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handle.h - the body of a public handle: an engine, and a lock for control calls.
 */
#ifndef WF_API_HANDLE_H
#define WF_API_HANDLE_H

#include "base/lock.h"

struct wf_engine;

struct weft {
	struct wf_engine *engine; /* owned */
	struct wf_lock lock;	  /* one control call at a time */
};

#endif
