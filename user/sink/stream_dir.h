/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_dir.h - the directory of stream files, and the former one that log rotation moved away.
 *
 *   SIGHUP:  the new directory DIR             ─► new streams
 *            the directory that was moved away ─► streams that already have a file
 *            the one moved away earlier        ─► closed; its streams begin a file in DIR
 *
 * Thread: the sink's.
 */
#ifndef WF_SINK_STREAM_DIR_H
#define WF_SINK_STREAM_DIR_H

#include <stdbool.h>
#include <stdint.h>

struct wf_sink;

struct wf_stream_dirs {
	int fd[2];	 /* owned; -1: none */
	uint8_t current; /* index of the directory of new streams */
};

/*
 * Open and lock the target directory of @sink. Return: 0 on success; -EEXIST if it holds stream
 * files, which options neither keep nor delete; -EBUSY if another run uses it; other negative errno
 * if it cannot be created or written to. Failures are logged.
 */
int wf_stream_dirs_open(const struct wf_sink *sink, struct wf_stream_dirs *ret_dirs);

/*
 * If the target is no longer the current directory, open it as wf_stream_dirs_open() does and make
 * it current; the directory that was moved away earlier is closed. Return: true if the current
 * directory has changed; false if not, and failures are logged.
 */
bool wf_stream_dirs_reopen(struct wf_sink *sink, struct wf_stream_dirs *dirs);

void wf_stream_dirs_close(struct wf_stream_dirs *dirs);

#endif
