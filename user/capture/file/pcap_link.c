// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_link.c - maps the link type numbers of capture files to enum weft_link.
 */
#include "capture/file/pcap_link.h"

#include <pcap/pcap.h>

#include "packet/frame.h"

int weft_link_from_dlt(int dlt)
{
	switch (dlt) {
	case 0:
		return WEFT_LINK_NULL;
	case 1:
		return WEFT_LINK_ETHERNET;
	case 9:
		return WEFT_LINK_PPP;
	case 50:
		return WEFT_LINK_PPP_HDLC;
	case 51:
		return WEFT_LINK_PPPOE;
	case 166:
		return WEFT_LINK_PPP_PPPD;
	case 204:
		return WEFT_LINK_PPP_DIRECTION;
	case 104:
		return WEFT_LINK_CISCO_HDLC;
	case 105:
		return WEFT_LINK_IEEE80211;
	case 127:
		return WEFT_LINK_RADIOTAP;
	case 239:
		return WEFT_LINK_NFLOG;
	case 258:
		return WEFT_LINK_PKTAP;
	case 12: /* raw IP: DLT_RAW is 12, on OpenBSD 14; in files the number is 101 */
	case 14:
	case 101:
	case 228: /* raw IPv4 */
	case 229: /* raw IPv6 */
		return WEFT_LINK_RAW;
	case 108:
		return WEFT_LINK_LOOP;
	case 113:
		return WEFT_LINK_SLL;
	case 276:
		return WEFT_LINK_SLL2;
	}
	return -1;
}

int wf_pcap_link(uint32_t linktype)
{
	return weft_link_from_dlt((int)linktype);
}

const char *wf_pcap_link_name(uint32_t linktype)
{
	const char *name = pcap_datalink_val_to_name((int)linktype);

	return name ? name : "unknown";
}
