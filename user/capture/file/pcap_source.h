/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_source.h - what mapped files and pipes share: progress, damage, the end.
 */
#ifndef WF_CAPTURE_FILE_PCAP_SOURCE_H
#define WF_CAPTURE_FILE_PCAP_SOURCE_H

#include <stdatomic.h>
#include <stdint.h>

#include "capture/file/pcap_format.h"
#include "capture/source.h"

struct wf_pcap_source {
	struct wf_source source;
	struct wf_pcap_state format;
	char *name; /* owned: for messages */
	int err;    /* recv answers this from now on; 0: it goes on */

	_Atomic uint64_t read_bytes; /* written by the reading thread, read by any */
	_Atomic uint64_t total_bytes;
	_Atomic uint64_t packets;
};

/* @file: zeroed. Return: 0; -ENOMEM. */
int wf_pcap_source_init(struct wf_pcap_source *file, const struct wf_source_ops *ops,
			const char *name);
void wf_pcap_source_fini(struct wf_pcap_source *file);

/* Publish the progress: @read_bytes of the input are parsed. */
void wf_pcap_source_advance(struct wf_pcap_source *file, uint64_t read_bytes);

/* Log that the record at @off is damaged, for the reason @why. Return: -EBADMSG, which recv answers
 * from now on. */
int wf_pcap_source_damaged(struct wf_pcap_source *file, uint64_t off, const char *why);

/* The input ended between two records. Return: -ENODATA, which recv answers from now on. */
int wf_pcap_source_ended(struct wf_pcap_source *file);

#endif
