/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.h - the type of the outermost header of a packet that was captured, read from a file, or
 * passed to weft_submit().
 */
#ifndef WEFT_LINK_H
#define WEFT_LINK_H

#include <weft/api.h>

/** Type of the outermost header of a packet. */
enum weft_link {
	WEFT_LINK_ETHERNET = 0,
	WEFT_LINK_RAW,	/* IPv4 or IPv6 header, according to its version nibble */
	WEFT_LINK_NULL, /* BSD loopback: address family in the byte order of the capturing host */
	WEFT_LINK_LOOP, /* OpenBSD loopback: address family in network order */
	WEFT_LINK_SLL,	/* Linux cooked capture */
	WEFT_LINK_SLL2, /* Linux cooked capture, version 2 */
	WEFT_LINK_PPP,	/* PPP, with or without HDLC-like framing (RFC 1662) */
	WEFT_LINK_PPP_HDLC,	 /* PPP in HDLC-like framing, or Cisco HDLC */
	WEFT_LINK_PPP_DIRECTION, /* PPP after one byte that contains the direction */
	WEFT_LINK_PPP_PPPD,	 /* PPP of pppd: the direction replaces the address byte */
	WEFT_LINK_PPPOE,	 /* PPPoE session header without an Ethernet header */
	WEFT_LINK_CISCO_HDLC,
	WEFT_LINK_NFLOG,     /* Linux netfilter log */
	WEFT_LINK_IEEE80211, /* wireless frame */
	WEFT_LINK_RADIOTAP,  /* wireless frame after a radiotap header */
	/* macOS: metadata that contain a link type, then a frame of that type */
	WEFT_LINK_PKTAP,
};
#define WEFT_LINK_COUNT (WEFT_LINK_PKTAP + 1)

WEFT_BEGIN_DECLS

/**
 * weft_link_from_dlt() - return the enum weft_link of a DLT_ value of libpcap or a link type number
 * of a capture file; -1 if weft does not support it. Thread: any. Memory: none.
 */
int weft_link_from_dlt(int dlt);

WEFT_END_DECLS

#endif
