/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sources.h - adds sources of packets to an engine before it starts: files; or interfaces,
 * submitted packets or both. A source that can't be added is rejected at once, and the reason is
 * logged.
 *
 * Thread: main.
 */
#ifndef WF_ENGINE_SOURCES_H
#define WF_ENGINE_SOURCES_H

#include <weft/source.h>
#include <weft/submit.h>

struct wf_engine;

/*
 * Return 0; -EBUSY if the engine was started already. @what: the call that comes too late, for the
 * log.
 */
int wf_sources_check_not_started(const struct wf_engine *engine, const char *what);

int wf_engine_add_file(struct wf_engine *engine, const char *path);
int wf_engine_add_interface(struct wf_engine *engine, const char *ifname,
			    const struct weft_interface_opts *opts);
int wf_engine_add_submit(struct wf_engine *engine, const struct weft_submit_opts *opts);

#endif
