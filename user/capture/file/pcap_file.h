/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_file.h - a pcap or pcapng file (or pipe) as a source.
 *
 * A regular file is mapped and its frames are handed out in place. A pipe is
 * read into pages of @pool.
 */
#ifndef WF_CAPTURE_FILE_PCAP_FILE_H
#define WF_CAPTURE_FILE_PCAP_FILE_H

#include <weft/source.h>

struct wf_page_pool;
struct wf_source;

/*
 * @path: "-" is standard input. Return: 0; -ENOENT, -EISDIR, -EACCES; -EBADMSG: not a capture
 * file, or its link type can't be read; other errno. Errors are logged.
 */
int wf_pcap_file_open(const char *path, struct wf_page_pool *pool, struct wf_source **ret_source);

/* Thread: any. */
void wf_pcap_file_progress(const struct wf_source *source, struct weft_progress *ret_progress);

#endif
