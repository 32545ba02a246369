// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap.c - writes connections as TCP segments in a pcapng file, for programs that read captures.
 */
#include <errno.h>
#include <stdlib.h>

#include "pcap/pcap_events.h"
#include "sink/pcap/pcap_out.h"
#include "sink/sink_class.h"

struct wf_pcap {
	struct wf_pcap_out out;
	struct wf_pcap_events events;
};

/* ---- the owner of the buffer; ctx is the sink ---- */

static int write_blocks(void *ctx)
{
	struct wf_sink *sink = ctx;
	struct wf_pcap *pcap = sink->state;

	return wf_pcap_out_flush(sink, &pcap->out);
}

static void fail_event(void *ctx, uint64_t len_bytes)
{
	struct wf_sink *sink = ctx;

	wf_sink_count(sink, failed_events, 1);
	wf_sink_count(sink, failed_bytes, len_bytes);
}

static void warn(void *ctx, const char *message)
{
	wf_sink_log(ctx, WEFT_LOG_WARN, "%s", message);
}

static const struct wf_pcap_owner owner = {
	.write = write_blocks,
	.fail = fail_event,
	.warn = warn,
};

/* ---- the sink ---- */

static int pcap_take(struct wf_sink *sink, const struct weft_event *events, int count)
{
	struct wf_pcap *pcap = sink->state;
	const struct wf_pcap_buffer *buffer = &pcap->events.buffer;

	for (int i = 0; i < count && !buffer->err; i++)
		wf_pcap_events_take(&pcap->events, &events[i]);
	return buffer->err ? buffer->err : wf_pcap_out_flush(sink, &pcap->out);
}

static int pcap_idle(struct wf_sink *sink)
{
	struct wf_pcap *pcap = sink->state;

	return wf_pcap_out_idle(sink, &pcap->out);
}

static int pcap_reopen(struct wf_sink *sink)
{
	struct wf_pcap *pcap = sink->state;

	return wf_pcap_out_reopen(sink, &pcap->out);
}

static int pcap_finish(struct wf_sink *sink)
{
	struct wf_pcap *pcap = sink->state;

	wf_pcap_events_finish(&pcap->events);
	return wf_pcap_out_finish(sink, &pcap->out);
}

static void pcap_close(struct wf_sink *sink)
{
	struct wf_pcap *pcap = sink->state;

	wf_pcap_out_close(&pcap->out);
	wf_pcap_events_fini(&pcap->events);
	free(pcap);
}

static const char *pcap_target(const struct wf_sink_opts *opts)
{
	return opts->pcap_path;
}

static int pcap_open(struct wf_sink *sink)
{
	struct wf_pcap *pcap = calloc(1, sizeof(*pcap));
	int err;

	if (!pcap)
		return -ENOMEM;
	err = wf_pcap_events_init(&pcap->events, &owner, sink);
	if (err)
		goto free_pcap;
	err = wf_pcap_out_open(sink, &pcap->out, &pcap->events.buffer);
	if (err)
		goto free_events;
	sink->state = pcap;
	return 0;

free_events:
	wf_pcap_events_fini(&pcap->events);
free_pcap:
	free(pcap);
	return err;
}

const struct wf_sink_class wf_sink_pcap = {
	.name = "pcap",
	.events = WF_PCAP_EVENTS,
	.target = pcap_target,
	.open = pcap_open,
	.take = pcap_take,
	.idle = pcap_idle,
	.reopen = pcap_reopen,
	.finish = pcap_finish,
	.close = pcap_close,
};
