/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_format.h - the records of a capture file: bytes in, frames out, in place.
 *
 * Knows pcap (both byte orders, micro- and nanoseconds, the two patched layouts)
 * and pcapng, nothing of files: a mapping shows it all bytes, a pipe shows what
 * came so far. Damage ends it for good.
 *
 * Memory: pcapng's interface descriptions, at most WEFT_PCAPNG_INTERFACES_MAX.
 * Thread: one.
 */
#ifndef WF_CAPTURE_FILE_PCAP_FORMAT_H
#define WF_CAPTURE_FILE_PCAP_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>

struct wf_frame;

/* A packet record never needs more bytes than this at once: header, data, padding, options. */
#define WF_PCAP_RECORD_MAX (2 * WEFT_FRAME_MAX_BYTES)

enum wf_pcap_status {
	WF_PCAP_OK = 0,	 /* all that was asked for */
	WF_PCAP_MORE,	 /* the next record is not whole */
	WF_PCAP_DAMAGED, /* see why */
};

/* One interface of a pcapng section. */
struct wf_pcap_interface {
	int16_t link; /* enum wf_link; negative: can't be read, its packets are skipped */
	bool binary;  /* ticks of 2^-exponent s, else of 10^-exponent s */
	uint8_t exponent;
	uint32_t snap_bytes; /* 0: no limit */
	uint64_t mul;	     /* ns = ticks * mul / div, unless binary */
	uint64_t div;
	int64_t offset_sec;
};

struct wf_pcap_format {
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
	char why[128];	  /* of WF_PCAP_DAMAGED */
	int err;	  /* ... -ENOMEM: not for its contents; else 0 */
};

/*
 * Read the file's header from @bytes; @ret_used: how many belong to it.
 * Return: OK; MORE; DAMAGED: no capture file, or of a kind we can't read.
 */
enum wf_pcap_status wf_pcap_format_begin(struct wf_pcap_format *format, const char *name,
					 const uint8_t *bytes, uint64_t len_bytes,
					 uint64_t *ret_used);

/*
 * Make up to @max frames of the records at @bytes; always says how many, and how
 * many bytes were used: with pcapng possibly more than @len_bytes (skip them).
 */
enum wf_pcap_status wf_pcap_format_next(struct wf_pcap_format *format, const uint8_t *bytes,
					uint64_t len_bytes, struct wf_frame *frames,
					unsigned int max, unsigned int *ret_count,
					uint64_t *ret_used);

void wf_pcap_format_fini(struct wf_pcap_format *format);

/* The wf_link for @linktype as capture files number it; negative: none, see wf_pcap_link_name(). */
int wf_pcap_link(uint32_t linktype);
const char *wf_pcap_link_name(uint32_t linktype);

#endif
