/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_file.h - opens a pcap or pcapng file or pipe as a source.
 *
 * A regular file is mapped, and frames point into the mapping. A pipe or a compressed file is read,
 * and packets are copied into pages of the pool.
 */
#ifndef WF_CAPTURE_FILE_PCAP_FILE_H
#define WF_CAPTURE_FILE_PCAP_FILE_H

#include <weft/source.h>

struct wf_page_pool;
struct wf_source;

/*
 * Open the capture file @path; "-" is standard input. Return: 0 on success; -ENOENT, -EISDIR or
 * -EACCES if the file can't be opened; -EBADMSG if the file is not a capture or its link type is
 * not supported; other negative errno. Errors other than -ENOMEM are logged.
 */
int wf_pcap_file_open(const char *path, struct wf_page_pool *pool, struct wf_source **ret_source);

/*
 * Write how many bytes and packets of @source were read, and the size of its files (0 for a pipe).
 * Thread: any.
 */
void wf_pcap_file_progress(const struct wf_source *source, struct weft_progress *ret_progress);

#endif
