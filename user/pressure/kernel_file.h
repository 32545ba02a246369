/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_file.h - reads small text files of the kernel, in /proc and /sys.
 *
 * Thread: any; a few system calls per file.
 */
#ifndef WF_PRESSURE_KERNEL_FILE_H
#define WF_PRESSURE_KERNEL_FILE_H

#include <stddef.h>
#include <stdint.h>

enum { WF_KERNEL_FILE_BYTES_MAX = 16384 };

/*
 * Read the first @buf_bytes - 1 bytes of a file and append a NUL. Return: 0 on success; -errno on
 * failure.
 */
int wf_kernel_file_read(const char *path, char *buf, size_t buf_bytes);

/*
 * Parse the number after @key at the start of a line of @text. Return: 0 on success; -EBADMSG if no
 * line begins with @key or no number follows it.
 */
int wf_kernel_file_number(const char *text, const char *key, uint64_t *ret_number);

#endif
