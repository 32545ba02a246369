/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_set.h - several capture files as one source, in order of time.
 *
 * Capture programs begin a new file after a number of bytes or seconds, so a connection may extend
 * over several files. A directory names all captures in it. Files that overlap in time are merged
 * packet by packet; the packets of one file keep their order. Damage in a file, or a file that
 * can't be opened, is logged, and the other files are read; the source then ends with -EBADMSG.
 *
 * Bound: WEFT_CAPTURE_FILES_MAX files. Only files that overlap in time are open at once.
 */
#ifndef WF_CAPTURE_SET_PCAP_SET_H
#define WF_CAPTURE_SET_PCAP_SET_H

#include <stddef.h>

struct wf_page_pool;
struct wf_source;

/*
 * Open @paths, of which each is a file, a directory or "-". A single file is opened without a set.
 * Return: 0; the result of wf_pcap_file_open() for a single file; -EBADMSG if nothing can be read
 * (logged); -E2BIG if there are too many files (logged); -ENOMEM.
 */
int wf_pcap_set_open(char *const *paths, size_t count, struct wf_page_pool *pool,
		     struct wf_source **ret_source);

#endif
