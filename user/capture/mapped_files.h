/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapped_files.h - a table of the capture files that this process has mapped: which file contains
 * the byte at an address, so that another process can map the file, too (weft_share_file()).
 *
 * One table for all handles, because they share one address space. It has no lock: files are opened
 * and closed by workers and the main thread, and looked up by the threads of clients.
 *
 * Bound: WEFT_SHARED_FILES_MAX files; others are not found. Thread: any.
 */
#ifndef WF_CAPTURE_MAPPED_FILES_H
#define WF_CAPTURE_MAPPED_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weft_memory;

/*
 * Add the file @fd, of which @bytes bytes are mapped at @base. The table borrows @fd until the file
 * is removed. Return: false if the table is full, or if a process that gets @fd could write to the
 * file.
 */
bool wf_mapped_files_add(int fd, const uint8_t *base, uint64_t bytes);

/* Remove the file that is mapped at @base; do nothing if there is none. */
void wf_mapped_files_remove(const uint8_t *base);

/*
 * Find the file that contains the byte at @byte, and that must not be removed during the call.
 * *@ret_file: the file with a new descriptor, owned by the caller. Return: 0; -ENOENT; other
 * negative errno if there is no descriptor left.
 */
int wf_mapped_files_find(const uint8_t *byte, struct weft_memory *ret_file);

#endif
