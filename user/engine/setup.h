/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setup.h - allocates and frees all parts of an engine that must exist before its threads run.
 *
 * Thread: main.
 */
#ifndef WF_ENGINE_SETUP_H
#define WF_ENGINE_SETUP_H

struct wf_engine;

/*
 * Set up the engine. Return: 0 on success; negative errno (logged, except where no memory is left
 * for workers, their rings or the reader's pages). After an error, the caller must call
 * wf_setup_unmake().
 */
int wf_setup_make(struct wf_engine *engine);

/*
 * Free the parts that wf_setup_make() has made, also after it failed. No thread of the engine may
 * run. Idempotent.
 */
void wf_setup_unmake(struct wf_engine *engine);

#endif
