/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_link.h - link types as capture files number them.
 */
#ifndef WF_CAPTURE_FILE_PCAP_LINK_H
#define WF_CAPTURE_FILE_PCAP_LINK_H

#include <stdint.h>

/* Return: enum weft_link; negative: frames of @linktype can't be read. */
int wf_pcap_link(uint32_t linktype);

/* libpcap's name, for messages. */
const char *wf_pcap_link_name(uint32_t linktype);

#endif
