// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_classic.c - parses pcap: a 24-byte file header, then records.
 *
 *   file header:    magic │ major.minor │ 0 │ 0 │ snap length │ link type
 *   record:         seconds │ fraction │ captured length │ wire length │ (patch: 8 bytes) │ data
 *
 * libpcap is not used, because it costs more per packet than all other stages of weft. The parsing
 * loop is compiled twice: for files in the host's byte order, and for the reverse order. The
 * headers that it reads were prefetched while the batch before was processed
 * (packet/look_ahead.h).
 *
 * Like libpcap, this file accepts the magics of patched writers (Kuznetzov's with 24-byte record
 * headers, two others with plain headers), and records with the two lengths swapped, as in files of
 * versions before 2.4.
 */
#include "capture/file/pcap_classic.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "capture/file/pcap_bytes.h"
#include "capture/file/pcap_link.h"
#include "packet/frame.h"

enum {
	FILE_HEADER_BYTES = 24,
	RECORD_BYTES = 16,
	PATCHED_RECORD_BYTES = 24,
	/* the higher bits are the length of a frame check sequence, which is ignored */
	LINK_MASK = 0x03ffffff,
};

struct magic {
	uint32_t value;
	uint32_t ns_per_tick;
	uint8_t header_bytes;
};

static const struct magic magics[] = {
	{0xa1b2c3d4u, 1000, RECORD_BYTES},	   {0xa1b23c4du, 1, RECORD_BYTES},
	{0xa1b2cd34u, 1000, PATCHED_RECORD_BYTES}, /* magic of Kuznetzov's patch */
	{0xa1b234cdu, 1000, RECORD_BYTES},	   /* magic of Mesquita's patch */
	{0xa12b3c4du, 1000, RECORD_BYTES},	   /* magic of Navtel's patch */
};

static const struct magic *find_magic(uint32_t value)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (magics[i].value == value)
			return &magics[i];
	return NULL;
}

static enum wf_pcap_status read_file_header(struct wf_pcap_state *state, const uint8_t *bytes)
{
	bool swapped = state->swapped;
	uint32_t linktype = wf_pcap_u32(bytes + 20, swapped) & LINK_MASK;
	uint16_t major = wf_pcap_u16(bytes + 4, swapped);
	uint16_t minor = wf_pcap_u16(bytes + 6, swapped);
	int link = wf_pcap_link(linktype);

	if (major < 2 || (major > 2 && major != 543)) {
		snprintf(state->why, sizeof(state->why), "pcap version %u.%u is not supported",
			 major, minor);
		return WF_PCAP_DAMAGED;
	}
	if (link < 0) {
		snprintf(state->why, sizeof(state->why), "link type %u (%s) is not supported",
			 linktype, wf_pcap_link_name(linktype));
		return WF_PCAP_DAMAGED;
	}
	state->link = (uint16_t)link;
	state->lengths_swapped = (major == 2 && minor <= 3) || major == 543;
	return WF_PCAP_OK;
}

bool wf_pcap_classic_is_magic(uint32_t value)
{
	return find_magic(value) || find_magic(__builtin_bswap32(value));
}

enum wf_pcap_status wf_pcap_classic_begin(struct wf_pcap_state *state, const uint8_t *bytes,
					  uint64_t len_bytes, uint64_t *ret_used)
{
	uint32_t value = wf_pcap_u32(bytes, false);
	const struct magic *magic = find_magic(value);

	if (!magic) {
		magic = find_magic(__builtin_bswap32(value));
		state->swapped = true;
	}
	if (len_bytes < FILE_HEADER_BYTES)
		return WF_PCAP_MORE;

	state->ns_per_tick = magic->ns_per_tick;
	state->header_bytes = magic->header_bytes;
	*ret_used = FILE_HEADER_BYTES;
	return read_file_header(state, bytes);
}

/* Versions up to 2.2, and some writers of 2.3, wrote the wire length before the captured length. */
static void unswap_lengths(uint32_t *cap_bytes, uint32_t *wire_bytes)
{
	uint32_t cap = *cap_bytes;

	if (cap <= *wire_bytes)
		return;
	*cap_bytes = *wire_bytes;
	*wire_bytes = cap;
}

static enum wf_pcap_status too_long(struct wf_pcap_state *state, uint32_t cap_bytes)
{
	snprintf(state->why, sizeof(state->why),
		 "a packet of %u bytes is longer than the maximum of %u", cap_bytes,
		 WEFT_FRAME_MAX_BYTES);
	return WF_PCAP_DAMAGED;
}

bool wf_pcap_classic_begins(const uint8_t *bytes, uint64_t len_bytes)
{
	static const uint8_t no_zone[8];
	uint16_t major;

	if (len_bytes < RECORD_BYTES || !wf_pcap_classic_is_magic(wf_pcap_u32(bytes, false)))
		return false;
	major = wf_pcap_u16(bytes + 4, false);
	return (major == 2 || major == __builtin_bswap16(2)) &&
	       !memcmp(bytes + 8, no_zone, sizeof(no_zone));
}

/*
 * Handle a record of 0 bytes, or of more than WEFT_FRAME_MAX_BYTES. It may be the header of another
 * capture file that was appended to this one. Return: WF_PCAP_OK for an empty record, which is
 * parsed like any other.
 */
static enum wf_pcap_status odd_record(struct wf_pcap_state *state, const uint8_t *record,
				      uint32_t cap_bytes)
{
	if (wf_pcap_classic_begins(record, RECORD_BYTES) ||
	    wf_pcap_u32(record, false) == WF_PCAPNG_MAGIC)
		return wf_pcap_state_joined(state);
	return cap_bytes ? too_long(state, cap_bytes) : WF_PCAP_OK;
}

static inline __attribute__((always_inline)) enum wf_pcap_status read_records(
	struct wf_pcap_state *state, const uint8_t *bytes, uint64_t len_bytes,
	struct wf_frame *frames, unsigned int max, unsigned int *ret_count, uint64_t *ret_used,
	const bool swapped)
{
	const uint32_t header_bytes = state->header_bytes;
	const uint32_t ns_per_tick = state->ns_per_tick;
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
		cap_bytes = wf_pcap_u32(record + WF_PCAP_CLASSIC_LEN_OFF, swapped);
		wire_bytes = wf_pcap_u32(record + 12, swapped);
		if (wf_unlikely(state->lengths_swapped))
			unswap_lengths(&cap_bytes, &wire_bytes);
		if (wf_unlikely(cap_bytes - 1 >= WEFT_FRAME_MAX_BYTES)) {
			status = odd_record(state, record, cap_bytes);
			if (status != WF_PCAP_OK)
				break;
		}
		if (len_bytes - pos - header_bytes < cap_bytes) {
			status = WF_PCAP_MORE;
			break;
		}
		*frame = (struct wf_frame){
			.bytes = record + header_bytes,
			.time_ns = wf_pcap_u32(record, swapped) * WF_NS_PER_SEC +
				   wf_pcap_u32(record + 4, swapped) * (uint64_t)ns_per_tick,
			.cap_bytes = cap_bytes,
			.wire_bytes = wire_bytes > cap_bytes ? wire_bytes : cap_bytes,
			.flags = WF_FRAME_FILE,
			.link = (uint8_t)state->link,
			.file = 1,
		};
		pos += header_bytes + cap_bytes;
		count++;
	}
	*ret_count = count;
	*ret_used = pos;
	state->packets += count;
	return status;
}

enum wf_pcap_status wf_pcap_classic_next(struct wf_pcap_state *state, const uint8_t *bytes,
					 uint64_t len_bytes, struct wf_frame *frames,
					 unsigned int max, unsigned int *ret_count,
					 uint64_t *ret_used)
{
	if (state->swapped)
		return read_records(state, bytes, len_bytes, frames, max, ret_count, ret_used,
				    true);
	return read_records(state, bytes, len_bytes, frames, max, ret_count, ret_used, false);
}
