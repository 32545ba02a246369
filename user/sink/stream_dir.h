/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_dir.h - the directory of stream files, and the one that was moved away.
 *
 *   SIGHUP:  DIR was moved away and is made again ─► new streams
 *            the moved directory                  ─► streams that already have a file
 *            the one that was moved away before   ─► closed; its streams begin a file in DIR
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
 * If the target is not the current directory any more, open it as wf_stream_dirs_open() and make it
 * current, in the place of the directory that was moved away before. Return: true if it is current
 * now; false if nothing has changed, the reason of which is logged.
 */
bool wf_stream_dirs_reopen(const struct wf_sink *sink, struct wf_stream_dirs *dirs);

void wf_stream_dirs_close(struct wf_stream_dirs *dirs);

#endif
