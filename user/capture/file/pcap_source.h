/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_source.h - common code of mapped files, pipes and sets: monotonic time of frames, progress,
 * damage, end of input.
 *
 * packet/stamp_clock.h computes the monotonic time of frames from their stamps. A frame whose stamp
 * is much later than the clock's time is held back until the next frame shows whether that much
 * time has passed or the stamp is wrong.
 */
#ifndef WF_CAPTURE_FILE_PCAP_SOURCE_H
#define WF_CAPTURE_FILE_PCAP_SOURCE_H

#include <stdatomic.h>
#include <stdint.h>

#include "capture/file/pcap_format.h"
#include "capture/source.h"
#include "packet/stamp_clock.h"

struct wf_pcap_source;

/* Read frames as wf_source_ops.recv does, but without setting their monotonic time. */
typedef int (*wf_pcap_read_fn)(struct wf_pcap_source *file, struct wf_frame *frames,
			       unsigned int max);

struct wf_pcap_source {
	struct wf_source source;
	wf_pcap_read_fn read;
	struct wf_pcap_state format;
	struct wf_stamp_clock clock;
	struct wf_frame held; /* the frame that is held back; valid if has_held */
	bool has_held;
	char *name; /* owned: file name for messages */
	int err;    /* result of all further calls of recv; 0: reading may continue */

	/* progress, written by the reading thread and read by any thread */
	_Atomic uint64_t read_bytes;
	_Atomic uint64_t total_bytes;
	_Atomic uint64_t packets;
};

/* Initialize @file, which must be all zero. Return: 0 on success; -ENOMEM. */
int wf_pcap_source_init(struct wf_pcap_source *file, const struct wf_source_ops *ops,
			wf_pcap_read_fn read, const char *name);
/* Free all that @file owns. The page pool of a pipe must still exist. */
void wf_pcap_source_fini(struct wf_pcap_source *file);

/*
 * Read frames as recv does, but do not set their monotonic time: a set of files sets it after
 * merging.
 */
int wf_pcap_source_read(struct wf_source *source, struct wf_frame *frames, unsigned int max);

/* Implements recv of struct wf_source_ops for mapped files, pipes and sets. */
int wf_pcap_source_recv(struct wf_source *source, struct wf_frame *frames, unsigned int max);

/* Publish the progress: @read_bytes of the input and format.packets packets. */
void wf_pcap_source_advance(struct wf_pcap_source *file, uint64_t read_bytes);

/*
 * Log that the record at @off is damaged, with the reason @why. Return: format.err if it is set,
 * else -EBADMSG. All further calls of recv return the same error.
 */
int wf_pcap_source_damaged(struct wf_pcap_source *file, uint64_t off, const char *why);

/*
 * Record that the input ended after a complete record. Return: -ENODATA, which all further calls of
 * recv return too.
 */
int wf_pcap_source_ended(struct wf_pcap_source *file);

#endif
