/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_state.h - how far a capture file was parsed, and what its headers said.
 *
 * The readers of the two formats, pcap_classic.c and pcapng.c, share it.
 *
 * Memory: pcapng's interface descriptions, at most WEFT_PCAPNG_INTERFACES_MAX.
 */
#ifndef WF_CAPTURE_FILE_PCAP_STATE_H
#define WF_CAPTURE_FILE_PCAP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>

/* A packet record never needs more bytes than this at once: header, data, padding, options. */
#define WF_PCAP_RECORD_MAX (2 * WEFT_FRAME_MAX_BYTES)

enum wf_pcap_status {
	WF_PCAP_OK = 0,	 /* everything that was asked for was read */
	WF_PCAP_MORE,	 /* the next record is not whole */
	WF_PCAP_DAMAGED, /* wf_pcap_state.why has the reason */
};

/* One interface of a pcapng section. */
struct wf_pcap_interface {
	int16_t link; /* enum weft_link; negative: can't be read, its packets are skipped */
	bool binary;  /* ticks of 2^-exponent s, else of 10^-exponent s */
	uint8_t exponent;
	uint32_t snap_bytes; /* 0: no limit */
	uint64_t mul;	     /* ns = ticks * mul / div, unless binary */
	uint64_t div;
	int64_t offset_sec;
};

struct wf_pcap_state {
	const char *name; /* borrowed: of the file, for messages */
	bool is_ng;
	bool swapped; /* byte order is not ours; of pcapng: of this section */

	/* pcap */
	uint8_t header_bytes; /* of each record */
	bool lengths_swapped; /* written by a very old libpcap */
	uint16_t link;
	uint32_t ns_per_tick;

	/* pcapng */
	uint32_t interfaces_count;
	uint32_t interfaces_room;
	struct wf_pcap_interface *interfaces; /* owned */
	uint64_t last_ns;		      /* time for packets that carry none */

	uint64_t packets; /* handed out */
	uint64_t skipped; /* of interfaces that can't be read */
	char why[128];	  /* the reason of WF_PCAP_DAMAGED */
	int err;	  /* -ENOMEM if that is the reason, else 0 */
};

#endif
