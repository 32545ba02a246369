/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_link.h - maps the link type numbers of capture files to enum weft_link.
 */
#ifndef WF_CAPTURE_FILE_PCAP_LINK_H
#define WF_CAPTURE_FILE_PCAP_LINK_H

#include <stdint.h>

/* Return the enum weft_link of @linktype; a negative value if @linktype is not supported. */
int wf_pcap_link(uint32_t linktype);

/* Return libpcap's name of @linktype, for messages; "unknown" if libpcap has none. */
const char *wf_pcap_link_name(uint32_t linktype);

#endif
