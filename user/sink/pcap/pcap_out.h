/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_out.h - a pcapng file, or standard output, to which the buffer of packets is written.
 *
 * Each file, and each later run that appends to it, begins a section, which describes the
 * interfaces of the handle in their order. In replay there is one interface. Thread: the sink's.
 */
#ifndef WF_SINK_PCAP_PCAP_OUT_H
#define WF_SINK_PCAP_PCAP_OUT_H

#include "pcap/pcap_buffer.h"
#include "sink/record_out.h"

struct wf_sink;

struct wf_pcap_out {
	struct wf_record_out file;
	struct wf_pcap_buffer *buffer; /* borrowed */
};

/*
 * Open the file sink->target, "-" is standard output, and begin a section in @buffer. Return: 0;
 * -EEXIST if the file is not empty, and options neither keep nor delete its contents; -EBADMSG if a
 * section can't be appended to it; other negative errno. Failures are logged.
 */
int wf_pcap_out_open(const struct wf_sink *sink, struct wf_pcap_out *out,
		     struct wf_pcap_buffer *buffer);
void wf_pcap_out_close(struct wf_pcap_out *out);

/*
 * Each function wf_pcap_out_X() calls wf_record_out_X() (record_out.h) for the packets.
 * wf_pcap_out_reopen() also begins a section if the file was opened again. Return: 0; negative
 * errno (logged).
 */
int wf_pcap_out_reopen(struct wf_sink *sink, struct wf_pcap_out *out);
int wf_pcap_out_flush(struct wf_sink *sink, struct wf_pcap_out *out);
int wf_pcap_out_idle(struct wf_sink *sink, struct wf_pcap_out *out);
int wf_pcap_out_finish(struct wf_sink *sink, struct wf_pcap_out *out);

#endif
