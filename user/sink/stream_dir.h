/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_dir.h - the directory of stream files.
 */
#ifndef WF_SINK_STREAM_DIR_H
#define WF_SINK_STREAM_DIR_H

struct wf_sink;

/*
 * Open the directory that is the target of @sink, and lock it. Return: 0; negative errno, logged:
 * the directory cannot be created or written to; -EEXIST: it holds stream files; -EBUSY: another
 * run writes there.
 */
int wf_stream_dir_open(const struct wf_sink *sink, int *ret_dir);

#endif
