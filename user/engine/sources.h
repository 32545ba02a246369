/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sources.h - prepares an engine before it starts: adds sources of packets (files; or interfaces,
 * submitted packets or both) and cleanup tasks of the application, and sets the function of
 * weft_before_threads(). A source that can't be added is rejected at once, and the reason is
 * logged, unless no memory is left.
 *
 * Thread: main; any for wf_engine_progress(), which reads the progress of files.
 */
#ifndef WF_ENGINE_SOURCES_H
#define WF_ENGINE_SOURCES_H

#include <weft/pressure.h>
#include <weft/privileges.h>
#include <weft/source.h>
#include <weft/submit.h>

struct wf_engine;

/*
 * Return 0; -EBUSY if the engine was started already (logged). @what: the call, or the file or
 * interface to be added, for the log.
 */
int wf_sources_check_not_started(const struct wf_engine *engine, const char *what);

int wf_engine_add_file(struct wf_engine *engine, const char *path);
int wf_engine_add_interface(struct wf_engine *engine, const char *ifname,
			    const struct weft_interface_opts *opts);
/* See weft_before_threads(). */
int wf_engine_before_threads(struct wf_engine *engine, weft_before_threads_fn fn, void *ctx);
int wf_engine_add_submit(struct wf_engine *engine, const struct weft_submit_opts *opts);
void wf_engine_progress(const struct wf_engine *engine, struct weft_progress *ret_progress);

/* Add a cleanup task of the application: see weft_cleanup_add(). */
int wf_engine_cleanup_add(struct wf_engine *engine, const struct weft_cleanup_opts *opts);

#endif
