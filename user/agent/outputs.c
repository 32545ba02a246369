// SPDX-License-Identifier: BSD-2-Clause
/*
 * outputs.c - opens, starts, watches and closes the sinks of a capture.
 */
#include "agent/outputs.h"

#include "agent/privileges/plan.h"
#include "agent/requests.h"
#include "agent/signals.h"
#include "agent/source.h"
#include "config/config_table.h"
#include "sink/file_gaps.h"
#include "sink/sink.h"

int wf_outputs_open(struct wf_outputs *outputs, struct weft *weft,
		    const struct wf_outputs_opts *opts)
{
	struct wf_sink_opts sink = opts->config->sinks;
	const char *kind;
	int err = wf_file_gaps_new(&outputs->file_gaps);

	if (err)
		return err;
	outputs->log_fn = opts->log_fn;
	outputs->log_ctx = opts->log_ctx;
	sink.file_gaps = outputs->file_gaps;
	sink.continues = opts->continues;
	sink.has_owner = opts->privileges->changes_user;
	sink.owner_uid = opts->privileges->account.uid;
	sink.owner_gid = opts->privileges->account.gid;
	sink.pcap_filename = wf_source_only_file(opts->files, opts->files_count);
	sink.report = wf_requests_state;
	sink.report_ctx = opts->request_env;
	if (sink.on_disk_full == WF_DISK_FULL_AUTO)
		sink.on_disk_full = opts->files_count ? WF_DISK_FULL_STOP : WF_DISK_FULL_CONTINUE;
	sink.is_stopped = wf_signals_is_stopped;
	sink.log = opts->log_fn;
	sink.log_ctx = opts->log_ctx;
	while ((kind = wf_sink_wanted(&sink, outputs->count)) != NULL) {
		err = wf_sink_open(weft, kind, &sink, &outputs->sink[outputs->count]);
		if (err)
			return err;
		outputs->count++;
	}
	return 0;
}

int wf_outputs_start(struct wf_outputs *outputs)
{
	while (outputs->started < outputs->count) {
		int err = wf_sink_start(outputs->sink[outputs->started]);

		if (err)
			return err;
		outputs->started++;
	}
	return 0;
}

void wf_outputs_close_unstarted(struct wf_outputs *outputs)
{
	while (outputs->count > outputs->started)
		wf_sink_close(outputs->sink[--outputs->count]);
}

bool wf_outputs_are_gone(const struct wf_outputs *outputs)
{
	for (size_t i = 0; i < outputs->started; i++)
		if (!wf_sink_ended_by_failure(outputs->sink[i]))
			return false;
	return outputs->started > 0;
}

void wf_outputs_reopen(struct wf_outputs *outputs)
{
	for (size_t i = 0; i < outputs->started; i++)
		wf_sink_reopen(outputs->sink[i]);
}

void wf_outputs_tick(struct wf_outputs *outputs)
{
	wf_drops_tick(outputs->drops, outputs->sink, outputs->started, outputs->log_fn,
		      outputs->log_ctx);
}

int wf_outputs_join(struct wf_outputs *outputs)
{
	int first = 0;

	for (size_t i = 0; i < outputs->started; i++) {
		int err = wf_sink_join(outputs->sink[i]);

		if (!first)
			first = err;
	}
	return first;
}

void wf_outputs_close(struct wf_outputs *outputs)
{
	while (outputs->count > 0)
		wf_sink_close(outputs->sink[--outputs->count]);
	wf_file_gaps_free(outputs->file_gaps);
	outputs->file_gaps = NULL;
}
