/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_map.h - opens a regular capture file as a source and maps it.
 */
#ifndef WF_CAPTURE_FILE_PCAP_MAP_H
#define WF_CAPTURE_FILE_PCAP_MAP_H

struct wf_source;

/*
 * Open the capture file @fd; takes @fd. Return: 0 on success; -EBADMSG if it is not a capture file,
 * can't be read, or its link type is not supported; -ENOMEM; other negative errno. Errors other
 * than -ENOMEM are logged.
 */
int wf_pcap_map_open(const char *name, int fd, struct wf_source **ret_source);

#endif
