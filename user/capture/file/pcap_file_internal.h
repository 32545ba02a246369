/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_file_internal.h - what mapped files and pipes share: records, progress, the end.
 */
#ifndef WF_CAPTURE_FILE_PCAP_FILE_INTERNAL_H
#define WF_CAPTURE_FILE_PCAP_FILE_INTERNAL_H

#include <stdatomic.h>
#include <stdint.h>

#include "capture/file/pcap_format.h"
#include "capture/source.h"

struct wf_page_pool;

struct wf_pcap_file {
	struct wf_source source;
	struct wf_pcap_format format;
	char *name; /* owned: for messages */
	int err;    /* what recv answers from now on, or 0 */

	_Atomic uint64_t read_bytes; /* written by the reading thread, read by any */
	_Atomic uint64_t total_bytes;
	_Atomic uint64_t packets;
};

/* @file: zeroed. Return: 0; -ENOMEM. */
int wf_pcap_file_init(struct wf_pcap_file *file, const struct wf_source_ops *ops, const char *name);
void wf_pcap_file_fini(struct wf_pcap_file *file);

/* Tell the progress. */
void wf_pcap_file_advance(struct wf_pcap_file *file, uint64_t read_bytes);

/* Log that the record at @off is damaged, for the reason @why. Return: -EBADMSG, for ever. */
int wf_pcap_file_damaged(struct wf_pcap_file *file, uint64_t off, const char *why);

/* The good end. Return: -ENODATA, for ever. */
int wf_pcap_file_ended(struct wf_pcap_file *file);

/*
 * Takes @fd. Return: 0; -EBADMSG: no capture file; -EIO; -ENOMEM; other errno. Logged.
 */
int wf_pcap_map_open(const char *name, int fd, struct wf_source **ret_source);
int wf_pcap_pipe_open(const char *name, int fd, struct wf_page_pool *pool,
		      struct wf_source **ret_source);

#endif
