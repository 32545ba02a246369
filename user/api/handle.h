/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handle.h - what a public handle is: an engine.
 */
#ifndef WF_API_HANDLE_H
#define WF_API_HANDLE_H

struct wf_engine;

struct weft {
	struct wf_engine *engine; /* owned */
};

#endif
