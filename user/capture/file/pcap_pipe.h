/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_pipe.h - opens a capture that arrives through a pipe as a source.
 */
#ifndef WF_CAPTURE_FILE_PCAP_PIPE_H
#define WF_CAPTURE_FILE_PCAP_PIPE_H

struct wf_page_pool;
struct wf_source;

/*
 * Open the capture that arrives through @fd; takes @fd. Return: 0 on success; -EBADMSG if the input
 * is not a capture or its link type is not supported; -EIO if it can't be read; -EINTR if a signal
 * handler interrupted the wait for the file header; -ENOMEM; other negative errno. Errors other
 * than -ENOMEM are logged.
 */
int wf_pcap_pipe_open(const char *name, int fd, struct wf_page_pool *pool,
		      struct wf_source **ret_source);

#endif
