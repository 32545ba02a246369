/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setup.h - everything that an engine makes before its threads run, and its undoing.
 *
 * Thread: main.
 */
#ifndef WF_ENGINE_SETUP_H
#define WF_ENGINE_SETUP_H

struct wf_engine;

/* Return: 0; negative errno, logged: call wf_setup_unmake(). */
int wf_setup_make(struct wf_engine *engine);

/* No thread runs. Idempotent; also undoes half of a setup. */
void wf_setup_unmake(struct wf_engine *engine);

#endif
