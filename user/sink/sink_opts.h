/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink_opts.h - the options of all kinds of sinks; each kind reads its own.
 */
#ifndef WF_SINK_SINK_OPTS_H
#define WF_SINK_SINK_OPTS_H

#include <weft/log.h>
#include <weft/opts.h>
#include <weft/subscribe.h>

/**
 * struct wf_sink_opts - the options of sinks; each WEFT_SINK_OPTION() of weft/options.def is a
 * member
 * @log: receives the messages of sinks; NULL: messages are discarded
 *
 * Strings are borrowed until wf_sink_close(). A member that is zero selects the default.
 */
struct wf_sink_opts {
#define WEFT_SINK_OPTION(kind, type, member, ...) type member;
#include <weft/options.def>
	weft_log_fn log;
	void *log_ctx;
};

#endif
