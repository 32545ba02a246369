/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink_opts.h - the options of all kinds of sinks; each kind reads its own.
 */
#ifndef WF_SINK_SINK_OPTS_H
#define WF_SINK_SINK_OPTS_H

#include <stdbool.h>
#include <sys/types.h>

#include <weft/log.h>
#include <weft/opts.h>
#include <weft/subscribe.h>

struct wf_file_gaps;
struct json_t;

/* Return the state of the agent as a JSON object, owned by the caller; NULL if there is no memory.
 */
typedef struct json_t *(*wf_sink_report_fn)(void *ctx);

/* The action of a sink while the disk is full or a quota is used up. */
enum wf_on_disk_full {
	WF_DISK_FULL_AUTO = 0, /* STOP in a replay; CONTINUE in a live capture */
	WF_DISK_FULL_STOP,     /* the sink ends */
	WF_DISK_FULL_CONTINUE, /* the sink leaves bytes out until there is room again */
};

/**
 * struct wf_sink_opts - the options of sinks; each WEFT_SINK_OPTION() of weft/options.def is a
 * member
 * @file_gaps: passes ranges that are missing from stream files to the sink of events; borrowed;
 * NULL: missing bytes are only counted
 * @report: returns the state of the agent, which the sink `nats` publishes; called by the thread of
 * the sink; NULL: the state is not published
 * @pcap_filename: the only capture file that is replayed; NULL: live capture, or a replay of
 *                 several files, a directory or a pipe
 * @continues: outputs of an earlier capture of this process are continued
 * @has_owner: files and directories that are created before the threads start are given to the user
 *             @owner_uid and the group @owner_gid, which the process will have then
 * @is_stopped: returns true once the user has requested the end of the run, so that a pipe that
 *              nobody reads can't delay it; any thread; NULL: never
 * @log: receives the messages of sinks; NULL: messages are discarded
 *
 * Strings are borrowed until wf_sink_close(). A member that is zero selects the default, except the
 * numbers of the sink `nats`, which the caller must set.
 */
struct wf_sink_opts {
#define WEFT_SINK_OPTION(kind, type, member, ...) type member;
#include <weft/options.def>
	struct wf_file_gaps *file_gaps;
	wf_sink_report_fn report;
	void *report_ctx;
	const char *pcap_filename;
	bool continues;
	bool has_owner;
	uid_t owner_uid;
	gid_t owner_gid;
	bool (*is_stopped)(void);
	weft_log_fn log;
	void *log_ctx;
};

#endif
