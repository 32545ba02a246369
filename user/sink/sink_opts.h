/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink_opts.h - the options of all kinds of sinks; each kind reads its own.
 */
#ifndef WF_SINK_SINK_OPTS_H
#define WF_SINK_SINK_OPTS_H

#include <weft/log.h>
#include <weft/opts.h>
#include <weft/subscribe.h>

struct wf_file_gaps;

/* The action of a sink while the disk is full or a quota is used up. */
enum wf_on_disk_full {
	WF_DISK_FULL_AUTO = 0, /* STOP if the source is a file; CONTINUE if it is live */
	WF_DISK_FULL_STOP,     /* the sink ends */
	WF_DISK_FULL_CONTINUE, /* the sink leaves bytes out until there is room again */
};

/**
 * struct wf_sink_opts - the options of sinks; each WEFT_SINK_OPTION() of weft/options.def is a
 * member
 * @file_gaps: passes ranges that are missing from stream files to the sink of events; borrowed;
 * NULL: missing bytes are only counted
 * @pcap_filename: the capture file that is replayed; NULL: live capture, or several files
 * @continues: outputs of an earlier capture of this process are continued
 * @log: receives the messages of sinks; NULL: messages are discarded
 *
 * Strings are borrowed until wf_sink_close(). A member that is zero selects the default.
 */
struct wf_sink_opts {
#define WEFT_SINK_OPTION(kind, type, member, ...) type member;
#include <weft/options.def>
	struct wf_file_gaps *file_gaps;
	const char *pcap_filename;
	bool continues;
	weft_log_fn log;
	void *log_ctx;
};

#endif
