/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress.h - one line that shows how much of a capture file has been read.
 */
#ifndef WF_CLI_PROGRESS_H
#define WF_CLI_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include <weft/source.h>

/**
 * wf_progress_format() - write the progress line to @buf, NUL-terminated and without a newline
 * @elapsed_ns: time since the start
 * @columns:    width of the terminal; the line has at most @columns - 1 characters
 *
 * Example: "[=====>    ]  52%  1.2 GiB  1,234,567 packets/s  0:12 left"
 */
void wf_progress_format(const struct weft_progress *progress, uint64_t elapsed_ns, size_t columns,
			char *buf, size_t buf_bytes);

#endif
