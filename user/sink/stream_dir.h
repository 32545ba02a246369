/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_dir.h - the directory of stream files.
 */
#ifndef WF_SINK_STREAM_DIR_H
#define WF_SINK_STREAM_DIR_H

struct wf_sink;

/*
 * Open and lock the target directory of @sink. Return: 0 on success; -EEXIST if it holds stream
 * files, which options neither keep nor delete; -EBUSY if another run uses it; other negative errno
 * if it cannot be created or written to. Failures are logged.
 */
int wf_stream_dir_open(const struct wf_sink *sink, int *ret_dir);

#endif
