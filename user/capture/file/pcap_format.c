// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_format.c - pcap: a 24-byte file header, then records.
 *
 *   magic │ major.minor │ 0 │ 0 │ snap length │ link type
 *   seconds │ fraction │ captured │ on the wire │ (patched: 8 bytes more) │ data ...
 *
 * Why not libpcap: it costs more for each packet than all our other stages. The
 * loop is compiled once for files in our byte order and once for the others, and
 * asks the cache for headers that it will need soon: where records are of equal
 * length, as in bulk transfers, it guesses right.
 *
 * What libpcap knows and this follows: the patched magics (Kuznetzov's 24-byte
 * record headers, the two with plain ones), and lengths that versions before 2.4
 * wrote in the wrong order.
 */
#include "capture/file/pcap_format.h"

#include <stdio.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "base/assert.h"
#include "base/clock.h"
#include "packet/frame.h"
#include "capture/file/pcap_bytes.h"
#include "capture/file/pcapng.h"

enum {
	FILE_HEADER_BYTES = 24,
	RECORD_BYTES = 16,
	PATCHED_RECORD_BYTES = 24,
	LINK_MASK = 0x03ffffff, /* above: length of a frame check sequence, which decode ignores */
	PREFETCH_AHEAD = 3,	/* records */
};

struct magic {
	uint32_t value;
	uint32_t ns_per_tick;
	uint8_t header_bytes;
};

static const struct magic magics[] = {
	{0xa1b2c3d4u, 1000, RECORD_BYTES},	   {0xa1b23c4du, 1, RECORD_BYTES},
	{0xa1b2cd34u, 1000, PATCHED_RECORD_BYTES}, /* Kuznetzov */
	{0xa1b234cdu, 1000, RECORD_BYTES},	   /* Mesquita */
	{0xa12b3c4du, 1000, RECORD_BYTES},	   /* Navtel */
};

struct foreign {
	const char *bytes;
	uint8_t len_bytes;
	const char *what;
};

/* What people hand us instead of a capture file, and what to do about it. */
static const struct foreign foreigns[] = {
	{"\x1f\x8b", 2, "compressed with gzip: use gzip -dc FILE | weft replay -"},
	{"\x28\xb5\x2f\xfd", 4, "compressed with zstd: use zstd -dc FILE | weft replay -"},
	{"\xfd"
	 "7zXZ",
	 5, "compressed with xz: use xz -dc FILE | weft replay -"},
	{"\x04\x22\x4d\x18", 4, "compressed with lz4: use lz4 -dc FILE | weft replay -"},
	{"BZh", 3, "compressed with bzip2: use bzip2 -dc FILE | weft replay -"},
	{"snoop\0\0\0", 8, "a snoop file: convert it with editcap -F pcap"},
	{"RTSS", 4, "a Network Monitor file: convert it with editcap -F pcap"},
	{"GMBU", 4, "a Network Monitor file: convert it with editcap -F pcap"},
	{"TRSNIFF", 7, "a Sniffer file: convert it with editcap -F pcap"},
};

int wf_pcap_link(uint32_t linktype)
{
	switch (linktype) {
	case 0:
		return WF_LINK_NULL;
	case 1:
		return WF_LINK_ETHERNET;
	case 9:	 /* PPP */
	case 50: /* PPP in HDLC-like framing */
		return WF_LINK_PPP;
	case 12: /* raw IP, as BSD, OpenBSD and everybody else number it */
	case 14:
	case 101:
	case 228: /* IPv4 */
	case 229: /* IPv6 */
		return WF_LINK_RAW;
	case 108:
		return WF_LINK_LOOP;
	case 113:
		return WF_LINK_SLL;
	case 276:
		return WF_LINK_SLL2;
	}
	return -1;
}

const char *wf_pcap_link_name(uint32_t linktype)
{
	const char *name = pcap_datalink_val_to_name((int)linktype);

	return name ? name : "unknown";
}

static void describe_foreign(struct wf_pcap_format *format, const uint8_t *bytes,
			     uint64_t len_bytes)
{
	for (size_t i = 0; i < sizeof(foreigns) / sizeof(foreigns[0]); i++) {
		if (len_bytes < foreigns[i].len_bytes ||
		    memcmp(bytes, foreigns[i].bytes, foreigns[i].len_bytes))
			continue;
		snprintf(format->why, sizeof(format->why), "%s", foreigns[i].what);
		return;
	}
	snprintf(format->why, sizeof(format->why), "not a pcap or pcapng file");
}

static const struct magic *find_magic(uint32_t value)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (magics[i].value == value)
			return &magics[i];
	return NULL;
}

static enum wf_pcap_status classic_begin(struct wf_pcap_format *format, const uint8_t *bytes)
{
	bool swapped = format->swapped;
	uint32_t linktype = wf_pcap_u32(bytes + 20, swapped) & LINK_MASK;
	uint16_t major = wf_pcap_u16(bytes + 4, swapped);
	uint16_t minor = wf_pcap_u16(bytes + 6, swapped);
	int link = wf_pcap_link(linktype);

	if (major < 2 || (major > 2 && major != 543)) {
		snprintf(format->why, sizeof(format->why), "pcap version %u.%u is not known", major,
			 minor);
		return WF_PCAP_DAMAGED;
	}
	if (link < 0) {
		snprintf(format->why, sizeof(format->why), "link type %u (%s) can't be read",
			 linktype, wf_pcap_link_name(linktype));
		return WF_PCAP_DAMAGED;
	}
	format->link = (uint16_t)link;
	format->lengths_swapped = (major == 2 && minor <= 3) || major == 543;
	return WF_PCAP_OK;
}

enum wf_pcap_status wf_pcap_format_begin(struct wf_pcap_format *format, const char *name,
					 const uint8_t *bytes, uint64_t len_bytes,
					 uint64_t *ret_used)
{
	const struct magic *magic;
	uint32_t value;

	wf_pcap_format_fini(format);
	*format = (struct wf_pcap_format){.name = name};
	if (len_bytes < sizeof(value))
		return WF_PCAP_MORE;

	value = wf_pcap_u32(bytes, false);
	if (value == WF_PCAPNG_MAGIC) {
		format->is_ng = true;
		return wf_pcapng_begin(format, bytes, len_bytes, ret_used);
	}

	magic = find_magic(value);
	if (!magic) {
		magic = find_magic(__builtin_bswap32(value));
		format->swapped = true;
	}
	if (!magic) {
		describe_foreign(format, bytes, len_bytes);
		return WF_PCAP_DAMAGED;
	}
	if (len_bytes < FILE_HEADER_BYTES)
		return WF_PCAP_MORE;

	format->ns_per_tick = magic->ns_per_tick;
	format->header_bytes = magic->header_bytes;
	*ret_used = FILE_HEADER_BYTES;
	return classic_begin(format, bytes);
}

/* Versions up to 2.2 wrote the two lengths in the other order; of 2.3 some did. */
static void unswap_lengths(uint32_t *cap_bytes, uint32_t *wire_bytes)
{
	uint32_t cap = *cap_bytes;

	if (cap <= *wire_bytes)
		return;
	*cap_bytes = *wire_bytes;
	*wire_bytes = cap;
}

static enum wf_pcap_status too_long(struct wf_pcap_format *format, uint32_t cap_bytes)
{
	snprintf(format->why, sizeof(format->why),
		 "a packet of %u bytes is longer than any (at most %u)", cap_bytes,
		 WEFT_FRAME_MAX_BYTES);
	return WF_PCAP_DAMAGED;
}

static inline __attribute__((always_inline)) enum wf_pcap_status classic_next(
	struct wf_pcap_format *format, const uint8_t *bytes, uint64_t len_bytes,
	struct wf_frame *frames, unsigned int max, unsigned int *ret_count, uint64_t *ret_used,
	const bool swapped)
{
	const uint32_t header_bytes = format->header_bytes;
	const uint32_t ns_per_tick = format->ns_per_tick;
	enum wf_pcap_status status = WF_PCAP_OK;
	unsigned int count = 0;
	uint64_t pos = 0;

	while (count < max) {
		const uint8_t *record = bytes + pos;
		struct wf_frame *frame = &frames[count];
		uint32_t cap_bytes, wire_bytes;

		if (len_bytes - pos < header_bytes) {
			status = WF_PCAP_MORE;
			break;
		}
		cap_bytes = wf_pcap_u32(record + 8, swapped);
		wire_bytes = wf_pcap_u32(record + 12, swapped);
		if (wf_unlikely(format->lengths_swapped))
			unswap_lengths(&cap_bytes, &wire_bytes);
		if (wf_unlikely(cap_bytes > WEFT_FRAME_MAX_BYTES)) {
			status = too_long(format, cap_bytes);
			break;
		}
		if (len_bytes - pos - header_bytes < cap_bytes) {
			status = WF_PCAP_MORE;
			break;
		}
		/* The headers of this packet, and probably a later record. */
		__builtin_prefetch(record + 64);
		__builtin_prefetch(record + PREFETCH_AHEAD * (uint64_t)(header_bytes + cap_bytes));

		*frame = (struct wf_frame){
			.bytes = record + header_bytes,
			.time_ns = wf_pcap_u32(record, swapped) * WF_NS_PER_SEC +
				   wf_pcap_u32(record + 4, swapped) * (uint64_t)ns_per_tick,
			.cap_bytes = cap_bytes,
			.wire_bytes = wire_bytes > cap_bytes ? wire_bytes : cap_bytes,
			.link = format->link,
		};
		pos += header_bytes + cap_bytes;
		count++;
	}
	*ret_count = count;
	*ret_used = pos;
	format->packets += count;
	return status;
}

enum wf_pcap_status wf_pcap_format_next(struct wf_pcap_format *format, const uint8_t *bytes,
					uint64_t len_bytes, struct wf_frame *frames,
					unsigned int max, unsigned int *ret_count,
					uint64_t *ret_used)
{
	if (format->is_ng)
		return wf_pcapng_next(format, bytes, len_bytes, frames, max, ret_count, ret_used);
	if (format->swapped)
		return classic_next(format, bytes, len_bytes, frames, max, ret_count, ret_used,
				    true);
	return classic_next(format, bytes, len_bytes, frames, max, ret_count, ret_used, false);
}

void wf_pcap_format_fini(struct wf_pcap_format *format)
{
	free(format->interfaces);
	format->interfaces = NULL;
	format->interfaces_room = 0;
	format->interfaces_count = 0;
}
