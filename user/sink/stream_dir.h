/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_dir.h - the directory that stream files go to.
 */
#ifndef WF_SINK_STREAM_DIR_H
#define WF_SINK_STREAM_DIR_H

struct wf_sink;

/*
 * Open the sink's target and lock it. Return: 0; negative errno, logged: it can't be
 * made or written to, -EEXIST: holds stream files, -EBUSY: another run writes there.
 */
int wf_stream_dir_open(const struct wf_sink *sink, int *ret_dir);

#endif
