/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_map.h - a regular capture file as a source, mapped.
 */
#ifndef WF_CAPTURE_FILE_PCAP_MAP_H
#define WF_CAPTURE_FILE_PCAP_MAP_H

struct wf_source;

/* Takes @fd. Return: 0; -EBADMSG: no capture file; -EIO; -ENOMEM; other errno. Logged. */
int wf_pcap_map_open(const char *name, int fd, struct wf_source **ret_source);

#endif
