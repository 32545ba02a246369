/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_state.h - the state of a capture file's parser, which includes the values of the file
 * header.
 *
 * pcap_classic.c and pcapng.c, the parsers of the two formats, share this state.
 *
 * Memory: interface descriptions of pcapng, at most WEFT_PCAPNG_INTERFACES_MAX.
 */
#ifndef WF_CAPTURE_FILE_PCAP_STATE_H
#define WF_CAPTURE_FILE_PCAP_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <weft/limits.h>

/* Maximum size of a packet record: header, data, padding and options. */
#define WF_PCAP_RECORD_MAX (2 * WEFT_FRAME_MAX_BYTES)

enum wf_pcap_status {
	WF_PCAP_OK = 0,	 /* requested records were parsed, or the input ends in a skipped block */
	WF_PCAP_MORE,	 /* the next record is incomplete: more bytes are required */
	WF_PCAP_DAMAGED, /* the input is damaged or not supported; wf_pcap_state.why: the reason */
};

/* One interface of a pcapng section. */
struct wf_pcap_interface {
	int16_t link; /* enum weft_link; negative: not supported, packets are skipped */
	bool binary;  /* true: a tick is 2^-exponent seconds; false: 10^-exponent seconds */
	uint8_t exponent;
	uint32_t snap_bytes; /* maximum captured bytes of a packet; 0: no limit */
	uint64_t mul;	     /* nanoseconds = ticks * mul / div, unless binary */
	uint64_t div;
	int64_t offset_sec;
};

struct wf_pcap_state {
	const char *name; /* borrowed: file name for messages */
	bool is_ng;
	bool swapped; /* byte order of the file (pcapng: of the section) differs from the host's */

	/* members used for pcap only */
	uint8_t header_bytes; /* size of a record header */
	bool lengths_swapped; /* lengths of a record may be swapped (file versions before 2.4) */
	uint16_t link;
	uint32_t ns_per_tick;

	/* members used for pcapng only */
	uint32_t interfaces_count;
	uint32_t interfaces_room;
	struct wf_pcap_interface *interfaces; /* owned: interfaces of the current section */
	/* stamp of the last packet that had one; given to packets without a stamp */
	uint64_t last_ns;

	uint64_t packets; /* number of packets returned as frames */
	uint64_t skipped; /* packets skipped because their link type is not supported */
	char why[128];	  /* reason for WF_PCAP_DAMAGED */
	int err;	  /* -ENOMEM if missing memory was the reason for WF_PCAP_DAMAGED; else 0 */
};

/* The first bytes of a pcapng file, in either byte order. */
#define WF_PCAPNG_MAGIC 0x0a0d0d0au

/*
 * Record as damage that another capture file begins where a record is expected. Return:
 * WF_PCAP_DAMAGED.
 */
static inline enum wf_pcap_status wf_pcap_state_joined(struct wf_pcap_state *state)
{
	snprintf(state->why, sizeof(state->why), "%s",
		 "another capture file begins here, as after cat: name the files one by one, "
		 "or join them with mergecap");
	return WF_PCAP_DAMAGED;
}

#endif
